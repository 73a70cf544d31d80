"""Photos drawn for tests: a red book on a pale table, and what the judge must refuse. Deterministic."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

Pixels = NDArray[np.uint8]

TABLE = (196, 190, 178)
LEATHER = (122, 26, 30)
#: Bright enough for a black background to be wrong.
VELLUM = (238, 132, 120)

Corners = list[tuple[float, float]]

#: Corners as shares of the frame: a book seen a little from the side.
BOOK: Corners = [(0.24, 0.16), (0.74, 0.2), (0.8, 0.82), (0.2, 0.86)]
SPECK: Corners = [(0.5, 0.5), (0.59, 0.5), (0.59, 0.59), (0.5, 0.59)]
FULL_FRAME: Corners = [(-1, -1), (2, -1), (2, 2), (-1, 2)]
#: Pieces of about one size.
PIECES: list[Corners] = [
    [(x, y), (x + 0.12, y), (x + 0.12, y + 0.12), (x, y + 0.12)]
    for x in (0.1, 0.4, 0.7)
    for y in (0.1, 0.4, 0.7)
]


def scene(
    *parts: Corners,
    size_px: tuple[int, int] = (400, 300),
    colour: tuple[int, int, int] = LEATHER,
    noise: float = 4.0,
    seed: int = 1,
) -> Pixels:
    """Return a photo, (height, width, 3) uint8: the parts in one colour on the table, soft, with noise.

    Args:
        parts: polygons; corners as shares of the frame.
        size_px: width and height.
        colour: the parts'.
        noise: standard deviation of a sample, in levels.
        seed: of the noise.

    """
    picture = Image.new("RGB", size_px, TABLE)
    draw = ImageDraw.Draw(picture)
    for corners in parts:
        draw.polygon([(x * size_px[0], y * size_px[1]) for x, y in corners], fill=colour)
    soft = np.asarray(picture.filter(ImageFilter.GaussianBlur(1.2)), np.float64)
    rng = np.random.default_rng(seed)
    # Slow shading and a grain: a matte needs colours that vary, as every photo's do.
    rows, columns = np.mgrid[0 : 1 : size_px[1] * 1j, 0 : 1 : size_px[0] * 1j]
    shaded = soft * (0.9 + 0.1 * np.cos(3 * rows + 2 * columns))[..., None]
    noisy: Pixels = np.clip(shaded + rng.normal(0, noise, shaded.shape), 0, 255).astype(np.uint8)
    return noisy


def jpeg(pixels: Pixels) -> bytes:
    """Return the photo as a camera's file."""
    return _encoded(Image.fromarray(pixels), "JPEG")


def png(picture: Image.Image) -> bytes:
    """Return the picture as a lossless file."""
    return _encoded(picture, "PNG")


def _encoded(picture: Image.Image, name: str) -> bytes:
    file = io.BytesIO()
    picture.save(file, name, quality=92)
    return file.getvalue()
