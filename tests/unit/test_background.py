"""Brightness, the choice between black and white, and a composite that is exact."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from lambdas.image_processor.background import (
    POLICIES,
    Background,
    by_brightness,
    choose,
    composite,
    mean_luma,
)
from lambdas.image_processor.domain import Cutout

Pixels = NDArray[np.uint8]


def cutout(foreground: Pixels, alpha: Pixels) -> Cutout:
    return Cutout(alpha, foreground, is_matted=True)


def plain(*colour: int, size_px: tuple[int, int] = (4, 6)) -> Pixels:
    return np.full((*size_px, 3), colour, np.uint8)


@pytest.mark.parametrize(
    ("colour", "luma"),
    [((255, 0, 0), 76.245), ((0, 255, 0), 149.685), ((0, 0, 255), 29.07), ((90, 90, 90), 90.0)],
)
def test_luma(colour: tuple[int, int, int], luma: float) -> None:
    """0.299 R + 0.587 G + 0.114 B."""
    alpha = np.full((4, 6), 255, np.uint8)
    assert luma == pytest.approx(mean_luma(plain(*colour), alpha), abs=1e-9)


def test_only_the_subject_counts() -> None:
    """Alpha above 10 is subject, 10 itself is not; each subject pixel counts once, however translucent."""
    pixels = plain(0, 0, 0, size_px=(1, 4))
    pixels[0, 1], pixels[0, 2] = 200, 100
    alpha = np.array([[10, 11, 255, 0]], np.uint8)
    assert mean_luma(pixels, alpha) == pytest.approx(150)


def test_without_a_subject_it_is_white() -> None:
    """Nothing to measure: as bright as can be."""
    assert mean_luma(plain(0, 0, 0), np.zeros((4, 6), np.uint8)) == 255


@pytest.mark.parametrize(
    ("brightness", "name"), [(0, "black"), (127.999, "black"), (128, "white"), (255, "white")]
)
def test_the_threshold(brightness: float, name: str) -> None:
    """Below 128 black, from 128 on white."""
    assert name == by_brightness(brightness)


@pytest.mark.parametrize(("level", "name"), [(127, "black"), (128, "white")])
def test_choose_measures_the_photo(level: int, name: str) -> None:
    """The book's own brightness decides, not the estimated foreground's."""
    alpha = np.full((4, 6), 255, np.uint8)
    chosen = choose(plain(level, level, level), cutout(plain(255 - level, 0, 0), alpha), "auto")
    assert Background(name, float(level)) == chosen


@pytest.mark.parametrize("policy", ["black", "white", "transparent"])
def test_a_fixed_policy(policy: str) -> None:
    """Whatever the brightness, which is told all the same."""
    for level in (0, 255):
        pixels, alpha = plain(level, level, level), np.full((4, 6), 255, np.uint8)
        assert Background(policy, float(level)) == choose(pixels, cutout(pixels, alpha), policy)


def test_an_unknown_policy() -> None:
    """The error lists the known ones."""
    pixels, alpha = plain(0, 0, 0), np.zeros((4, 6), np.uint8)
    with pytest.raises(ValueError, match=f"'pink'.*{', '.join(POLICIES)}"):
        choose(pixels, cutout(pixels, alpha), "pink")


@pytest.mark.parametrize(("name", "level"), [("black", 0), ("white", 255)])
def test_composite_is_exact(name: str, level: int) -> None:
    """Every level at every opacity is the real number rounded to the nearest."""
    pairs = np.array(list(itertools.product(range(256), range(256))), np.uint8).reshape(256, 256, 2)
    foreground = np.repeat(pairs[..., :1], 3, axis=2)
    alpha = pairs[..., 1]
    exact = (foreground * (alpha[..., None] / 255) + level * (1 - alpha[..., None] / 255)).astype(np.float64)
    found = composite(cutout(foreground, alpha), name)
    assert (np.dtype(np.uint8), (256, 256, 3)) == (found.dtype, found.shape)
    assert np.abs(found - exact).max() <= 0.5 + 1e-9


@given(
    hnp.arrays(np.dtype(np.uint8), (5, 7, 3)),
    hnp.arrays(np.dtype(np.uint8), (5, 7), elements=st.integers(0, 255)),
)
def test_transparent_keeps_everything(foreground: Pixels, alpha: Pixels) -> None:
    """RGBA: the colours and the opacity as they are."""
    found = composite(cutout(foreground, alpha), "transparent")
    assert (found[..., :3] == foreground).all()
    assert (found[..., 3] == alpha).all()
