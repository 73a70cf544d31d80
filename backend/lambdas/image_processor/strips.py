"""Pillow's operations on a photo, a strip of rows at a time. Pure.

Pillow holds a pixel in four bytes, so a photo handed to it whole is copied into a third more memory than it
has, all of it fresh pages. A strip fits the cache. The results are the same to the bit.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Bytes = NDArray[np.uint8]

#: Pixels of a strip, about.
_STRIP_PX: Final = 1 << 18


def strips(shape: tuple[int, ...], multiple: int = 1) -> Iterator[slice]:
    """Yield the rows of each strip.

    Args:
        shape: height and width, and whatever follows.
        multiple: all strips but the last have a multiple of so many rows.

    """
    height, width = shape[:2]
    step = max(1, _STRIP_PX // max(width * multiple, 1)) * multiple
    for top in range(0, height, step):
        yield slice(top, min(top + step, height))


def unpacked(image: Image.Image) -> Bytes:
    """Return an RGB picture's pixels, (height, width, 3) uint8."""
    width, height = image.size
    pixels = np.empty((height, width, 3), np.uint8)
    for rows in strips(pixels.shape):
        pixels[rows] = np.asarray(image.crop((0, rows.start, width, rows.stop)))
    return pixels


def reduced(plane: Bytes, factors: tuple[int, int]) -> Bytes:
    """Return the plane averaged over blocks, as `Image.reduce` does.

    Args:
        plane: (height, width) or (height, width, 3) uint8.
        factors: columns and rows of a block.

    """
    if factors == (1, 1):
        return plane
    parts = [
        np.asarray(Image.fromarray(plane[rows]).reduce(factors)) for rows in strips(plane.shape, factors[1])
    ]
    return np.concatenate(parts)


def averaged(plane: Bytes, size_px: tuple[int, int]) -> Bytes:
    """Return a smaller plane, averaged: whole blocks first, then to the very size.

    As `Image.resize` does with the filter BOX and a `reducing_gap` of 2.

    Args:
        plane: (height, width) or (height, width, 3) uint8.
        size_px: width and height of the result.

    """
    height, width = plane.shape[:2]
    across, down = max(1, width // size_px[0] // 2), max(1, height // size_px[1] // 2)
    small = Image.fromarray(reduced(plane, (across, down)))
    return np.asarray(small.resize(size_px, Image.Resampling.BOX, box=(0, 0, width / across, height / down)))


def histogram(pixels: Bytes, mask: Bytes) -> NDArray[np.int64]:
    """Return (3, 256), how many pixels have each level of each channel.

    Args:
        pixels: (height, width, 3) uint8.
        mask: (height, width) uint8; where it is 0, a pixel does not count.

    """
    counts = np.zeros(3 * 256, np.int64)
    for rows in strips(pixels.shape):
        counts += Image.fromarray(pixels[rows]).histogram(Image.fromarray(mask[rows]))
    return counts.reshape(3, 256)


def blended(foreground: Bytes, alpha: Bytes, level: int) -> Bytes:
    """Return the foreground over a grey: `(foreground * alpha + level * (255 - alpha)) / 255`, to nearest.

    Args:
        foreground: (height, width, 3) uint8.
        alpha: (height, width) uint8, 255 = all of the foreground.
        level: of the grey, 0..255.

    """
    picture = np.empty_like(foreground)
    for rows in strips(foreground.shape):
        strip = Image.fromarray(foreground[rows])
        strip.paste((level,) * 3, None, Image.fromarray(255 - alpha[rows]))
        picture[rows] = np.asarray(strip)
    return picture
