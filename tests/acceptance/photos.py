"""Photos that the stand-ins tell apart: a dark book, a grey one, a bare table."""

from __future__ import annotations

import io
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

DARK: Final = (58, 30, 34)
GREY: Final = (128, 122, 114)
TABLE: Final = (228, 222, 210)
#: Corners as shares of the frame.
_BOOK: Final = [(0.22, 0.16), (0.74, 0.13), (0.79, 0.85), (0.26, 0.89)]


def book(
    colour: tuple[int, int, int] = DARK, size_px: tuple[int, int] = (1600, 1200), seed: int = 1
) -> bytes:
    """Return a JPEG of a leaning book on a pale table, with grain and a falling light.

    Args:
        colour: the cover's; the table's own draws no book.
        size_px: width and height.
        seed: of the grain.

    """
    width, height = size_px
    picture = Image.new("RGB", size_px, TABLE)
    ImageDraw.Draw(picture).polygon([(x * width, y * height) for x, y in _BOOK], fill=colour)
    pixels = np.asarray(picture.filter(ImageFilter.GaussianBlur(1)), np.float32)
    grain = np.random.default_rng(seed).normal(0, 3, (height, width, 1)).astype(np.float32)
    light = np.linspace(1.02, 0.97, width, dtype=np.float32)[None, :, None]
    file = io.BytesIO()
    noisy = np.clip(pixels * light + grain, 0, 255).astype(np.uint8)
    Image.fromarray(noisy).save(file, "JPEG", quality=92)
    return file.getvalue()
