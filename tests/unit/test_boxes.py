"""Boxes around regions hold them, and stay in the photo."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from lambdas.image_processor.boxes import extent, surroundings

regions = hnp.arrays(np.bool_, st.tuples(st.integers(1, 40), st.integers(1, 40)))


@given(regions)
def test_nothing_is_outside_the_extent_and_its_rim_is_met(region: NDArray[np.bool_]) -> None:
    """The smallest box that holds all of it."""
    box = extent(region)
    if box is None:
        assert not region.any()
        return
    inside = region[box]
    assert inside.sum() == region.sum()
    assert all(rim.any() for rim in (inside[0], inside[-1], inside[:, 0], inside[:, -1]))


@given(regions, st.integers(1, 300), st.integers(1, 300), st.floats(0, 1), st.floats(0, 9))
def test_surroundings_stay_in_the_photo(
    region: NDArray[np.bool_], height: int, width: int, share: float, extra_px: float
) -> None:
    """Whatever the sizes: never empty, and around the region's own place."""
    box = surroundings(region, (height, width), share, extra_px)
    if box is None:
        assert not region.any()
        return
    found = extent(region)
    assert found is not None
    for span, own, size, small in zip(box, found, (height, width), region.shape, strict=True):
        assert 0 <= span.start <= span.stop <= size
        assert span.start <= own.start * size / small
        assert span.stop >= own.stop * size / small - 0.5


def test_the_margin_is_a_share_and_pixels_of_the_photo() -> None:
    """Of a region found at half the photo's size."""
    region = np.zeros((50, 40), np.bool_)
    region[20:30, 10:30] = True
    assert surroundings(region, (100, 80), 0.1, 3) == (slice(35, 65), slice(13, 67))


@pytest.mark.parametrize("shape", [(0, 5), (5, 5)])
def test_an_empty_region_has_none(shape: tuple[int, int]) -> None:
    """Also one without pixels."""
    assert extent(np.zeros(shape, np.bool_)) is None
    assert surroundings(np.zeros(shape, np.bool_), (9, 9), 0.1, 1) is None
