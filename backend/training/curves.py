"""`make curves`: the training's loss and overlap as a picture."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw

_SIZE: Final = (1000, 300)
_MARGIN: Final = 50
#: What is drawn, one below the other.
_MEASURES: Final = {"loss": (200, 60, 60), "iou": (40, 110, 200), "presence": (40, 150, 80)}


def draw(lines: Sequence[dict[str, float]]) -> Image.Image:
    """Return one panel per measure over the number of samples, low to high as met."""
    width, height = _SIZE
    sheet = Image.new("RGB", (width, height * len(_MEASURES)), "white")
    pen = ImageDraw.Draw(sheet)
    samples = [line["samples"] for line in lines]
    for row, (name, colour) in enumerate(_MEASURES.items()):
        values = [line[name] for line in lines]
        low, high = min(values), max(values)
        top, bottom = row * height + _MARGIN, (row + 1) * height - _MARGIN
        pen.rectangle((_MARGIN, top, width - _MARGIN, bottom), outline=(200, 200, 200))
        points = [
            (
                _MARGIN + (width - 2 * _MARGIN) * (at - samples[0]) / max(samples[-1] - samples[0], 1),
                bottom - (bottom - top) * (value - low) / max(high - low, 1e-9),
            )
            for at, value in zip(samples, values, strict=True)
        ]
        pen.line(points, fill=colour, width=2)
        title = f"{name}: {low:.3f} to {high:.3f}, last {values[-1]:.3f}; {samples[-1]:,.0f} samples"
        pen.text((_MARGIN, top - 18), title, fill=(0, 0, 0))
    return sheet


def main(arguments: list[str] | None = None) -> int:
    """Draw out/curves.png and return the exit status."""
    parser = argparse.ArgumentParser(prog="make curves", description=__doc__)
    parser.add_argument(
        "--folder", type=Path, default=Path.home() / ".cache/bluemoxon-image-processor/training"
    )
    parser.add_argument("--out", type=Path, default=Path("out/curves.png"))
    given = parser.parse_args(arguments)
    lines = [
        json.loads(line)
        for phase in ("constant", "finish")
        if (path := given.folder / f"{phase}.jsonl").is_file()
        for line in path.read_text().splitlines()
    ]
    if not lines:
        raise SystemExit(f"{given.folder} holds no training yet: `make train`")
    given.out.parent.mkdir(parents=True, exist_ok=True)
    draw(lines).save(given.out)
    print(given.out)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
