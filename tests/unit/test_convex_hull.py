"""The convex hull against scipy's."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from scipy.spatial import ConvexHull

from lambdas.image_processor.convex_hull import convex_hull

regions = arrays.arrays(
    np.bool_, st.tuples(st.integers(1, 24), st.integers(1, 24)), elements=st.booleans(), fill=st.just(False)
)


@given(regions)
def test_the_same_corners_in_the_same_direction(region: NDArray[np.bool_]) -> None:
    """As scipy finds from every corner of every pixel."""
    hull = convex_hull(region)
    if not region.any():
        assert hull is None
        return
    y, x = np.nonzero(region)
    points = np.concatenate([np.stack([x + dx, y + dy], 1) for dx in (0, 1) for dy in (0, 1)])
    oracle = ConvexHull(points)
    expected = points[oracle.vertices].tolist()
    assert hull is not None
    found = hull.tolist()
    assert sorted(found) == sorted(expected)
    start = expected.index(found[0])
    assert found == expected[start:] + expected[:start]


def test_one_pixel() -> None:
    """Has four corners."""
    hull = convex_hull(np.ones((1, 1), np.bool_))
    assert hull is not None
    assert {(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)} == {(float(x), float(y)) for x, y in hull}
