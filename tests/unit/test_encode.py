"""PNG and thumbnail: lossless, the same bytes every time, and the contract's sizes."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from PIL import Image

from lambdas.image_processor import encode
from lambdas.image_processor.png_file import filtered
from tests import scenes

Pixels = NDArray[np.uint8]


def opened(data: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture


@settings(deadline=None)
@given(
    st.tuples(st.integers(1, 30), st.integers(1, 30), st.sampled_from([3, 4])).flatmap(
        lambda shape: hnp.arrays(np.uint8, shape)
    )
)
def test_png_is_lossless(pixels: Pixels) -> None:
    """Every pixel comes back, in the promised colour type."""
    picture = opened(encode.png(pixels))
    assert ("PNG", {3: "RGB", 4: "RGBA"}[pixels.shape[2]]) == (picture.format, picture.mode)
    assert (np.asarray(picture) == pixels).all()


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((40, 60, 3), np.uint8),
        np.full((40, 60, 3), 255, np.uint8),
        np.repeat(np.arange(60, dtype=np.uint8)[None, :, None], 40, axis=0).repeat(3, axis=2),
    ],
)
def test_png_stays_rgb(pixels: Pixels) -> None:
    """Greys, two colours, black and white: never a palette or a grey file, whose readers expect RGB."""
    picture = opened(encode.png(pixels))
    assert ("RGB", (60, 40)) == (picture.mode, picture.size)
    assert (np.asarray(picture) == pixels).all()


def test_a_slice_is_encoded_as_it_looks() -> None:
    """Memory order does not matter."""
    pixels = scenes.scene(scenes.BOOK)[::2, ::-1]
    assert (np.asarray(opened(encode.png(pixels))) == pixels).all()


@pytest.mark.parametrize("make", [encode.png, encode.thumbnail])
def test_same_pixels_same_bytes(make: type) -> None:
    """A second run of a job writes the same objects."""
    pixels = scenes.scene(scenes.BOOK, size_px=(640, 480))
    assert make(pixels) == make(pixels.copy())


@pytest.mark.parametrize(
    ("size_px", "expected_px"),
    [
        ((1600, 1200), (300, 225)),
        ((1200, 1600), (225, 300)),
        ((300, 300), (300, 300)),
        ((301, 100), (300, 100)),
        ((120, 100), (120, 100)),
        ((4096, 100), (300, 7)),
    ],
)
def test_thumbnail_size(size_px: tuple[int, int], expected_px: tuple[int, int]) -> None:
    """Within 300 x 300 in the photo's proportions, and never enlarged."""
    picture = opened(encode.thumbnail(scenes.scene(scenes.BOOK, size_px=size_px)))
    assert ("JPEG", "RGB", expected_px) == (picture.format, picture.mode, picture.size)


def test_thumbnail_quality() -> None:
    """Pillow's quality 85: its own quantisation tables."""
    pixels = scenes.scene(scenes.BOOK)
    reference = io.BytesIO()
    Image.fromarray(pixels).save(reference, "JPEG", quality=85)
    expected = Image.open(reference)
    assert expected.quantization == opened(encode.thumbnail(pixels)).quantization  # type: ignore[attr-defined]


def test_thumbnail_of_a_transparent_picture() -> None:
    """JPEG has no opacity: white shows through."""
    pixels = np.zeros((100, 100, 4), np.uint8)
    pixels[:, 50:] = (200, 0, 0, 255)
    thumbnail = np.asarray(opened(encode.thumbnail(pixels)), np.int16)
    assert thumbnail[50, 20].min() > 250
    assert np.abs(thumbnail[50, 80] - (200, 0, 0)).max() < 8


@settings(deadline=None)
@given(
    st.tuples(st.integers(1, 40), st.integers(1, 12), st.sampled_from([3, 4])).flatmap(
        lambda shape: hnp.arrays(np.uint8, shape, elements=st.sampled_from([0, 1, 127, 128, 254, 255]))
    )
)
def test_the_filter_is_the_standards(pixels: Pixels) -> None:
    """Row by row, byte by byte, as the specification writes it."""
    height, width, channels = pixels.shape
    expected = np.zeros((height, 1 + width * channels), np.uint8)
    for y in range(height):
        expected[y, 0] = 4
        for x in range(width):
            for c in range(channels):
                left = int(pixels[y, x - 1, c]) if x else 0
                up = int(pixels[y - 1, x, c]) if y else 0
                corner = int(pixels[y - 1, x - 1, c]) if x and y else 0
                estimate = left + up - corner
                nearest = min((left, up, corner), key=lambda value: abs(estimate - value))
                expected[y, 1 + x * channels + c] = (int(pixels[y, x, c]) - nearest) % 256
    assert (filtered(pixels) == expected).all()


def test_a_photo_is_no_larger_than_pillows_best_by_much() -> None:
    """One filter, a quick compressor: a few per cent, no more."""
    pixels = scenes.scene(scenes.BOOK, size_px=(800, 600))
    best = io.BytesIO()
    Image.fromarray(pixels).save(best, "PNG", optimize=True)
    assert len(encode.png(pixels)) < 1.08 * len(best.getvalue())
