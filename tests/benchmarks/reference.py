"""The deployed path, measured: `python -m tests.benchmarks.reference WEIGHTS`.

rembg as the deployed handler calls it: `rembg.remove(..., alpha_matting=True)` through an encoded PNG, a mean
brightness, the composite, Pillow's `optimize`. Where u2net's result is refused, the same attempt is made
again before isnet is asked. Its pixel-by-pixel brightness loop is vectorised here, in its favour.
"""

from __future__ import annotations

import io
import os
import sys

import numpy as np
from PIL import Image

from tests.benchmarks.program import Stopwatch, serve


def main(weights: str) -> None:
    """Serve with both sessions loaded when first needed, as the deployed handler keeps them."""
    os.environ["U2NET_HOME"] = weights
    os.environ["MODEL_CHECKSUM_DISABLED"] = "1"
    import rembg  # noqa: PLC0415 (its import is a part of a cold start)

    sessions: dict[str, object] = {}

    def remove(photo: bytes, model: str, *, matting: bool) -> Image.Image:
        if model not in sessions:
            sessions[model] = rembg.new_session(model)
        encoded = rembg.remove(photo, session=sessions[model], alpha_matting=matting)
        return Image.open(io.BytesIO(bytes(encoded))).convert("RGBA")

    def cut(photo: bytes, path: str, watch: Stopwatch) -> bytes:
        with watch.stage("remove"):
            if path == "happy":
                cutout = remove(photo, "u2net", matting=True)
            else:
                for _ in range(2):
                    remove(photo, "u2net", matting=True)
                cutout = remove(photo, "isnet-general-use", matting=False)
        with watch.stage("background"):
            pixels = np.asarray(cutout)
            subject = pixels[pixels[..., 3] > 10]
            luma = float(subject[:, :3].mean(axis=0) @ [0.299, 0.587, 0.114]) if len(subject) else 255.0
            ground = Image.new("RGBA", cutout.size, "black" if luma < 128 else "white")
            picture = Image.alpha_composite(ground, cutout).convert("RGB")
        with watch.stage("encode"):
            buffer = io.BytesIO()
            picture.save(buffer, "PNG", optimize=True)
            thumbnail = picture.copy()
            thumbnail.thumbnail((300, 300))
            thumbnail.save(io.BytesIO(), "JPEG", quality=85)
        return buffer.getvalue()

    serve(cut)


if __name__ == "__main__":
    main(sys.argv[1])
