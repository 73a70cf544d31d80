"""What a mask's shape says, the photo unseen: pieces, holes, bites, lumps, corners, borders. Pure.

Every measure is a number at working size, larger where something is more wrong unless it says otherwise.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lambdas.image_processor.convex_hull import convex_hull
from lambdas.image_processor.working_size import Region, View, largest_part

Points = NDArray[np.float64]

#: An appendage thinner than this share of the subject's half width is a lump.
_LUMP_SHARE: Final = 0.35
#: A border is touched when the subject covers this share of its length.
_TOUCHED: Final = 0.05


def beside(seen: View) -> float:
    """Return the share of the subject outside its largest part, 0..1."""
    return 1 - largest_part(seen.region) / max(seen.area, 1)


def holes(seen: View) -> float:
    """Return the area of holes as a share of the subject's, 0.. ."""
    filled = ndimage.binary_fill_holes(seen.region)
    return float((filled & ~seen.region).sum() / max(seen.area, 1))


def lumps(seen: View) -> float:
    """Return the largest appendage thinner than the subject, as a share of its area.

    What an opening by a disk removes, and is thicker than a pixel or two.
    """
    if not seen.region.any():
        return 0.0
    radius = max(2.0, _LUMP_SHARE * seen.half_width)
    sure = seen.depth > radius
    kept = ndimage.distance_transform_edt(~sure) < radius + 1 if sure.any() else sure
    return _thick_part(seen.region & ~kept) / seen.area


def bites(seen: View, hull: Region) -> float:
    """Return the largest piece that the convex hull has and the mask lacks, as a share of its area."""
    return _thick_part(hull & ~seen.region) / max(seen.area, 1)


def corner_gap(seen: View, sides: Region) -> float:
    """Return the largest piece that the best-fitting quadrilateral has and the mask lacks, likewise."""
    return _thick_part(sides & ~seen.region) / max(seen.area, 1)


def quad_gap(seen: View, sides: Region) -> float:
    """Return how much of the best-fitting quadrilateral the mask leaves empty, 0..1."""
    return float(1 - seen.area / max(int((sides | seen.region).sum()), 1))


def hollowness(seen: View, hull: Region) -> float:
    """Return 1 - solidity: how much of the convex hull is empty, 0..1."""
    return float(1 - seen.area / max(int((hull | seen.region).sum()), 1))


def borders_touched(region: Region) -> int:
    """Return how many of the frame's four borders cut the subject."""
    return sum(border.mean() > _TOUCHED for border in (region[0], region[-1], region[:, 0], region[:, -1]))


def hull_and_sides(seen: View) -> tuple[Region, Region]:
    """Return, as regions, the convex hull and the quadrilateral (a side more per border that cuts it)."""
    corners = convex_hull(seen.main)
    if corners is None:
        return seen.region, seen.region
    shape = seen.region.shape
    sides = _reduced(corners, 4 + borders_touched(seen.region))
    return _inside(corners, shape), _inside(sides, shape)


def _thick_part(region: Region) -> float:
    """Return the pixels of the largest component that is not just a sliver along an outline."""
    core = ndimage.binary_erosion(region, border_value=1)
    if not core.any():
        return 0.0
    return float(largest_part(ndimage.binary_dilation(core) & region))


def _reduced(corners: Points, count: int) -> Points:
    """Return a polygon around the corners with so many sides.

    Side after side is dropped, its neighbours drawn out to meet: always the one that adds least area.
    """
    while len(corners) > count:
        before, after = np.roll(corners, 1, 0), np.roll(corners, -1, 0)
        beyond = np.roll(corners, -2, 0)
        # Side i runs from corner i to corner i + 1; its neighbours meet at `apex`.
        first, second = corners - before, beyond - after
        cross = first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]
        gap = after - corners
        with np.errstate(divide="ignore", invalid="ignore"):
            along = (gap[:, 0] * second[:, 1] - gap[:, 1] * second[:, 0]) / cross
            apex = corners + along[:, None] * first
            added = np.abs(gap[:, 0] * (apex - corners)[:, 1] - gap[:, 1] * (apex - corners)[:, 0]) / 2
        added[~((cross > 1e-9) & (along > 0))] = np.inf
        drop = int(added.argmin())
        if not np.isfinite(added[drop]):
            return corners
        corners = corners.copy()
        corners[drop] = apex[drop]
        corners = np.delete(corners, (drop + 1) % len(corners), 0)
    return corners


def _inside(corners: Points, shape: tuple[int, ...]) -> Region:
    """Return (h, w), the pixels whose centres lie in a convex polygon (counter-clockwise in x, y)."""
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]] + 0.5
    result = np.ones(shape, np.bool_)
    for start, end in zip(corners, np.roll(corners, -1, 0), strict=True):
        result &= (end[0] - start[0]) * (y - start[1]) - (end[1] - start[1]) * (x - start[0]) >= -1e-9
    return result
