"""A mask's outline as a polygon, and its straight sides. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

#: (n, 2) float64, x and y.
Points = NDArray[np.float64]

#: Moves along pixel edges by heading: east, south, west, north.
_MOVES: Final = ((1, 0), (0, 1), (-1, 0), (0, -1))


@dataclass(frozen=True, slots=True)
class Side:
    """A straight stretch of an outline, from its point `first` to its point `last`, which may wrap around."""

    first: int
    last: int
    #: (2,) ends of the line fitted to the points between.
    start: NDArray[np.float64]
    end: NDArray[np.float64]

    @property
    def length(self) -> float:
        """Distance between the ends."""
        return float(np.linalg.norm(self.end - self.start))

    @property
    def normal(self) -> NDArray[np.float64]:
        """(2,) unit vector across, to the left of start -> end as displayed: outwards on a traced outline."""
        along = (self.end - self.start) / max(self.length, 1e-9)
        return np.asarray([along[1], -along[0]])


def trace(region: NDArray[np.bool_]) -> Points:
    """Return the largest component's outer outline, clockwise as displayed, along the pixels' edges.

    Args:
        region: (height, width).

    Returns:
        (n, 2) corner positions, pixel (0, 0) spanning 0..1; (0, 2) for an empty region.

    """
    labels, count = ndimage.label(region)
    if count == 0:
        return np.empty((0, 2))
    areas = np.bincount(labels.ravel())
    areas[0] = 0
    part = np.pad(labels == int(areas.argmax()), 1)
    row, column = (int(index) for index in np.argwhere(part)[0])
    points = []
    x, y, heading = column, row, 0
    while True:
        points.append((x - 1, y - 1))
        # The region lies to the right of the way. Left first keeps diagonal neighbours apart.
        ahead_left, ahead_right = _ahead(part, x, y, heading)
        if ahead_left:
            heading = (heading - 1) % 4
        elif not ahead_right:
            heading = (heading + 1) % 4
        dx, dy = _MOVES[heading]
        x, y = x + dx, y + dy
        if (x, y) == (column, row):
            return np.asarray(points, np.float64)


def _ahead(part: NDArray[np.bool_], x: int, y: int, heading: int) -> tuple[bool, bool]:
    """Return the pixels ahead of corner (x, y), to the left and to the right of the way."""
    northwest, northeast = bool(part[y - 1, x - 1]), bool(part[y - 1, x])
    southwest, southeast = bool(part[y, x - 1]), bool(part[y, x])
    return (
        (northeast, southeast),
        (southeast, southwest),
        (southwest, northwest),
        (northwest, northeast),
    )[heading]


def straight_sides(points: Points, tolerance: float, shortest: float) -> list[Side]:
    """Return the stretches that stay within `tolerance` of a line and are longer than `shortest`.

    Args:
        points: (n, 2) closed outline.
        tolerance: largest distance from the chord, in the points' unit (Ramer, Douglas, Peucker).
        shortest: length of the shortest side worth having.

    """
    count = len(points)
    if count < 4:
        return []
    far = int(np.linalg.norm(points - points[0], axis=1).argmax())
    near = int(np.linalg.norm(points - points[far], axis=1).argmax())
    first, second = sorted((near, far))
    closed = np.concatenate([points, points])
    corners = _corners(closed, first, second, tolerance) + _corners(closed, second, first + count, tolerance)
    sides = []
    for begin, stop in zip(corners, [*corners[1:], corners[0] + count], strict=True):
        # The ends bend into the corners: they do not count for the fit.
        trim = (stop - begin) // 10
        stretch = closed[begin + trim : stop - trim + 1]
        if np.linalg.norm(closed[stop] - closed[begin]) >= shortest and len(stretch) >= 4:
            start, end = _fitted(stretch, closed[begin], closed[stop])
            sides.append(Side(begin % count, stop % count, start, end))
    return sides


def _corners(points: Points, begin: int, stop: int, tolerance: float) -> list[int]:
    """Return the indices where the outline bends, from `begin` on, without `stop`."""
    kept, waiting = [begin], [(begin, stop)]
    while waiting:
        low, high = waiting.pop()
        chord = points[high] - points[low]
        offsets = points[low : high + 1] - points[low]
        across = np.abs(offsets[:, 0] * chord[1] - offsets[:, 1] * chord[0]) / max(
            np.linalg.norm(chord), 1e-9
        )
        worst = int(across.argmax())
        if across[worst] > tolerance and 0 < worst < high - low:
            kept.append(low + worst)
            waiting += [(low, low + worst), (low + worst, high)]
    return sorted(kept)


def _fitted(stretch: Points, begin: Points, stop: Points) -> tuple[Points, Points]:
    """Return the ends, moved onto the line of least squares through the stretch."""
    middle = stretch.mean(0)
    direction = np.linalg.svd(stretch - middle, full_matrices=False)[2][0]
    return middle + direction * ((begin - middle) @ direction), middle + direction * (
        (stop - middle) @ direction
    )
