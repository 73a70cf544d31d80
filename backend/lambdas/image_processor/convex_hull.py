"""The convex hull of a region. Pure.

A. M. Andrew, "Another efficient algorithm for convex hulls in two dimensions", 1979. Here, because scipy's
stands in a package whose import takes longer than all hulls of a photo.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray


def convex_hull(region: NDArray[np.bool_]) -> NDArray[np.float64] | None:
    """Return the hull's corners, (n, 2) x and y, counter-clockwise with y upwards; None: no pixel.

    The hull is that of the pixels' own corners: one pixel has four, and an area of one.

    Args:
        region: (height, width) bool.

    """
    rows = np.flatnonzero(region.any(axis=1))
    if not len(rows):
        return None
    left = region[rows].argmax(axis=1)
    right = region.shape[1] - region[rows, ::-1].argmax(axis=1)
    # Only the ends of a row can be corners.
    ends = {
        (int(x), int(y) + below)
        for xs in (left, right)
        for x, y in zip(xs, rows, strict=True)
        for below in (0, 1)
    }
    points = sorted(ends)
    lower, upper = _chain(points), _chain(reversed(points))
    return np.array(lower[:-1] + upper[:-1], np.float64)


def _chain(points: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the points where a walk along them turns left."""
    chain: list[tuple[int, int]] = []
    for x, y in points:
        while len(chain) > 1:
            (x0, y0), (x1, y1) = chain[-2:]
            if (x1 - x0) * (y - y0) - (y1 - y0) * (x - x0) > 0:
                break
            chain.pop()
        chain.append((x, y))
    return chain
