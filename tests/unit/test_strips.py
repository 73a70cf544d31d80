"""Strip by strip, the same as Pillow at once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from lambdas.image_processor import strips

Bytes = NDArray[np.uint8]
SHAPES = ((1500, 700, 3), (701, 1003, 3), (1201, 803), (9, 7, 3), (3, 300_000, 3))


def noise(shape: tuple[int, ...]) -> Bytes:
    return np.random.default_rng(7).integers(0, 256, shape, np.uint8)


@given(st.integers(1, 5000), st.integers(1, 5000), st.integers(1, 40))
def test_strips_are_the_photo(height: int, width: int, multiple: int) -> None:
    """Every row once, in order; only the last strip may be no multiple."""
    found = list(strips.strips((height, width, 3), multiple))
    assert [0, *(rows.stop for rows in found[:-1])] == [rows.start for rows in found]
    assert height == found[-1].stop
    assert all((rows.stop - rows.start) % multiple == 0 for rows in found[:-1])


@pytest.mark.parametrize("shape", SHAPES)
def test_unpacked(shape: tuple[int, ...]) -> None:
    """The picture's own pixels, in memory of their own."""
    pixels = noise((*shape[:2], 3))
    found = strips.unpacked(Image.fromarray(pixels))
    assert (found == pixels).all()
    assert found.flags.writeable


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("factors", [(1, 1), (2, 3), (7, 5)])
def test_reduced(shape: tuple[int, ...], factors: tuple[int, int]) -> None:
    """Blocks that the border cuts, too."""
    plane = noise(shape)
    assert (strips.reduced(plane, factors) == np.asarray(Image.fromarray(plane).reduce(factors))).all()


@pytest.mark.parametrize("shape", SHAPES[:3])
@pytest.mark.parametrize("size_px", [(256, 192), (100, 256), (256, 17)])
def test_averaged(shape: tuple[int, ...], size_px: tuple[int, int]) -> None:
    """As Pillow does with a gap."""
    plane = noise(shape)[::-1]
    picture = Image.fromarray(np.ascontiguousarray(plane))
    expected = np.asarray(picture.resize(size_px, Image.Resampling.BOX, reducing_gap=2.0))
    assert (strips.averaged(plane, size_px) == expected).all()


def test_histogram() -> None:
    """Levels of the pixels that the mask has."""
    pixels, mask = noise((1100, 700, 3)), noise((1100, 700)) // 128 * 255
    expected = [np.bincount(pixels[..., c][mask > 0], minlength=256) for c in range(3)]
    assert (strips.histogram(pixels, mask) == expected).all()


@settings(deadline=None)
@given(st.integers(0, 255), st.integers(0, 2**32 - 1))
def test_blended(level: int, seed: int) -> None:
    """The formula in whole numbers, rounded to nearest."""
    rng = np.random.default_rng(seed)
    foreground, alpha = rng.integers(0, 256, (9, 5, 3), np.uint8), rng.integers(0, 256, (9, 5), np.uint8)
    wide = alpha[..., None].astype(int)
    expected = np.rint((foreground * wide + level * (255 - wide)) / 255)
    assert (strips.blended(foreground, alpha, level) == expected).all()


def test_a_part_of_a_photo() -> None:
    """Memory order does not matter."""
    pixels, alpha = noise((600, 800, 3))[50:500, 100:700], noise((600, 800))[50:500, 100:700]
    copies = pixels.copy(), alpha.copy()
    assert (strips.blended(pixels, alpha, 255) == strips.blended(*copies, 255)).all()
    assert (strips.reduced(pixels, (3, 2)) == strips.reduced(copies[0], (3, 2))).all()
