"""Pixels -> PNG and thumbnail. The same pixels always give the same bytes."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.constants.image_processing import THUMBNAIL_MAX_SIZE, THUMBNAIL_QUALITY
from lambdas.image_processor.png_file import png

__all__ = ["png", "thumbnail"]


def thumbnail(pixels: NDArray[np.uint8]) -> bytes:
    """Encode a JPEG of at most 300 x 300 pixels, never larger than the picture.

    Args:
        pixels: (height, width, 3) RGB or (height, width, 4) RGBA (then on white), uint8.

    """
    image = Image.fromarray(pixels)
    if image.mode == "RGBA":
        ground = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(ground, image).convert("RGB")
    image.thumbnail(THUMBNAIL_MAX_SIZE, Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=THUMBNAIL_QUALITY)
    return buffer.getvalue()
