"""The benchmark's photographs: a dark book on a pale table, textured like a photo, and masks' hard cases."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

#: Case -> width and height in pixels.
SIZES = {"1600": (1600, 1200), "3000": (3000, 4000), "4096": (4096, 4096)}


def photograph(size_px: tuple[int, int], seed: int = 5) -> bytes:
    """Return a JPEG of a leaning dark book on a pale table, with grain, a gradient and a soft shadow."""
    return _jpeg(_with_grain(_scene(size_px), seed))


def wide_band(size_px: tuple[int, int], seed: int = 6) -> bytes:
    """Return a JPEG whose book melts into the table: its mask is soft far around the outline."""
    scene = _scene(size_px)
    soft = scene.filter(ImageFilter.GaussianBlur(max(size_px) / 45))
    return _jpeg(_with_grain(soft, seed))


def cached(name: str, folder: Path) -> Path:
    """Return the photo of a case (`1600`, `3000`, `4096` or `wide-band`), made where it is absent."""
    path = folder / f"{name}.jpg"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(wide_band(SIZES["1600"]) if name == "wide-band" else photograph(SIZES[name]))
    return path


def _scene(size_px: tuple[int, int]) -> Image.Image:
    width, height = size_px
    image = Image.new("RGB", size_px, (226, 220, 208))
    draw = ImageDraw.Draw(image)
    corners = [(0.22, 0.16), (0.74, 0.12), (0.80, 0.85), (0.26, 0.90)]
    book = [(x * width, y * height) for x, y in corners]
    draw.polygon([(x + 0.012 * width, y + 0.014 * height) for x, y in book], fill=(196, 190, 180))
    draw.polygon(book, fill=(52, 26, 30))
    inner = [(0.28, 0.23), (0.69, 0.20), (0.74, 0.78), (0.32, 0.82)]
    line = max(width // 320, 2)
    draw.line([(x * width, y * height) for x, y in [*inner, inner[0]]], fill=(108, 84, 40), width=line)
    return image


def _with_grain(image: Image.Image, seed: int) -> NDArray[np.uint8]:
    """Add the sensor's noise and a falling light; fine structure is what matting works on."""
    rng = np.random.default_rng(seed)
    pixels = np.asarray(image, np.float32)
    height, width = pixels.shape[:2]
    light = np.linspace(1.04, 0.93, width, dtype=np.float32)[None, :, None]
    coarse = rng.normal(0, 5, (height // 24 + 2, width // 24 + 2)).astype(np.float32)
    cloth = np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))[..., None]
    grain = rng.normal(0, 3, (height, width, 1)).astype(np.float32)
    noisy: NDArray[np.float32] = pixels * light + cloth + grain
    return np.clip(noisy, 0, 255).astype(np.uint8)


def _jpeg(pixels: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=92)
    return buffer.getvalue()
