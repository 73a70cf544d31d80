"""Whether the photo has an edge where the mask has its outline. Pure.

Along each pixel of an outline a profile is read across it; a step at its middle speaks for the outline, a
larger one beside it against.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lambdas.image_processor.quantiles import quantile
from lambdas.image_processor.working_size import Plane, Region

#: Profiles reach this far to both sides, in pixels.
_REACH: Final = 10
#: An edge this near to the outline is the outline's.
_NEAR: Final = 2
#: A step is the colour's difference between points this far apart.
_STEP: Final = 2
#: A step of so many levels is half an edge; half of the photo's own roughness is added.
_HALF_EDGE_LEVELS: Final = 6.0
_SECTORS: Final = 32
#: A direction in which less of the outline lies says nothing.
_LEAST_SHARE: Final = 0.03
_NOWHERE: Final = np.empty(0, np.float32)


@dataclass(frozen=True, slots=True)
class Outline:
    """Every pixel of an outline, and how good an edge the photo has there."""

    #: (n,) rows and columns.
    rows: NDArray[np.intp]
    columns: NDArray[np.intp]
    #: (n,) 0..1: the edge at the outline, beyond it on the inside, beyond it on the outside.
    here: Plane
    inwards: Plane
    outwards: Plane

    def __len__(self) -> int:
        """Return the number of pixels."""
        return len(self.rows)


def roughness(pixels: Plane) -> float:
    """Return the photo's usual step between neighbours a little apart, in levels."""
    steps = np.abs(pixels[_STEP:, ::2] - pixels[:-_STEP, ::2]).max(2)
    return quantile(steps, 0.5)


def outline(pixels: Plane, depth: Plane) -> Outline:
    """Read the profiles across an outline.

    Args:
        pixels: (h, w, 3), 0..255.
        depth: (h, w), signed distance to the outline, positive inside.

    """
    rows, columns = _outline_pixels(depth > 0)
    if not len(rows):
        return Outline(rows, columns, _NOWHERE, _NOWHERE, _NOWHERE)
    smooth = ndimage.gaussian_filter(depth.clip(-12, 12), 1.5)
    down, right = (ndimage.sobel(smooth, axis)[rows, columns] for axis in (0, 1))
    length = np.hypot(down, right) + 1e-6
    along = np.arange(-_REACH - _STEP // 2, _REACH + _STEP // 2 + 1)
    # From the outside in: depth grows along the profile.
    y = rows[:, None] + down[:, None] / length[:, None] * along
    x = columns[:, None] + right[:, None] / length[:, None] * along
    profiles = np.stack(
        [ndimage.map_coordinates(pixels[..., c], [y, x], order=1, mode="nearest") for c in range(3)], -1
    )
    steps = np.abs(profiles[:, _STEP:] - profiles[:, :-_STEP]).max(2)
    edges = steps / (steps + _HALF_EDGE_LEVELS + roughness(pixels) / 2)
    middle = _REACH
    here = edges[:, middle - _NEAR : middle + _NEAR + 1].max(1)
    return Outline(
        rows, columns, here, edges[:, middle + _NEAR + 2 :].max(1), edges[:, : middle - _NEAR - 1].max(1)
    )


def weakness(found: Outline) -> float:
    """Return how far the outline as a whole is from lying on edges, 0..1."""
    return float(1 - found.here.mean()) if len(found) else 0.0


def weakest_stretch(found: Outline) -> float:
    """Return the weakness of the weakest eighth of the outline, seen from its middle, 0..1."""
    if not len(found):
        return 0.0
    middle = float(found.rows.mean()), float(found.columns.mean())
    means, _ = by_direction(found, found.here, middle)
    return float(1 - np.nanmin(means)) if np.isfinite(means).any() else 0.0


def by_direction(found: Outline, values: Plane, middle: tuple[float, float]) -> tuple[Plane, Plane]:
    """Return means of values over eighths of a turn, in steps of a thirty-second, and how much they hold.

    Args:
        found: an outline of n pixels.
        values: (n,).
        middle: row and column that directions are taken from.

    Returns:
        (32,) means, NaN where next to no outline lies in that direction, and (32,) shares of the
        outline, 0..1.

    """
    y, x = found.rows - middle[0], found.columns - middle[1]
    sector = ((np.arctan2(y, x) / (2 * np.pi) + 0.5) * _SECTORS).astype(int) % _SECTORS
    count = np.bincount(sector, minlength=_SECTORS).astype(np.float64)
    total = np.bincount(sector, values, _SECTORS)
    counts, totals = (
        np.sum([np.roll(each, step) for step in range(_SECTORS // 8)], 0) for each in (count, total)
    )
    shares = counts / max(len(found), 1)
    means = np.where(shares >= _LEAST_SHARE, totals / np.maximum(counts, 1), np.nan)
    return np.asarray(means, np.float32), np.asarray(shares, np.float32)


def better_inside(found: Outline) -> float:
    """Return how often a clearer edge lies just inside the outline, -1..1: a rim too many."""
    return float((found.inwards - found.here).mean()) if len(found) else 0.0


def better_outside(found: Outline) -> float:
    """Return how often a clearer edge lies just outside the outline, -1..1: a rim too few."""
    return float((found.outwards - found.here).mean()) if len(found) else 0.0


def _outline_pixels(region: Region) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the region's pixels that have a neighbour outside it; the frame's border is no outline."""
    rows, columns = np.nonzero(region & ~ndimage.binary_erosion(region, border_value=1))
    return rows, columns
