"""How near a mask is to the truth: overlap, and the distance between their outlines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

Region = NDArray[np.bool_]
#: (height, width) float32: how much of each pixel is subject, 0..1.
Plane = NDArray[np.float32]
#: (n, ...) float64.
Points = NDArray[np.float64]

#: The boundary measure F allows this distance ...
_TOLERANCE_PX: Final = 3.0
#: ... on pictures whose longest side is this.
_F_SIDE_PX: Final = 320
#: Boundary errors are given at this longest side.
_ERROR_SIDE_PX: Final = 1000


def iou(mask: Plane, truth: Plane, ignored: Region | None = None) -> float:
    """Return intersection over union, 0..1; two empty planes agree."""
    counted = np.ones(truth.shape, np.bool_) if ignored is None else ~ignored
    found, true = mask > 0.5, truth > 0.5
    union = int(((found | true) & counted).sum())
    return float((found & true & counted).sum() / union) if union else 1.0


def boundary_f(mask: Plane, truth: Plane) -> float:
    """Return the harmonic mean of precision and recall of outline points within 3 px at 320 px, 0..1."""
    ways = _distances(mask, truth)
    if ways is None:
        return float((mask > 0.5).any() == (truth > 0.5).any())
    tolerance = _TOLERANCE_PX * max(truth.shape) / _F_SIDE_PX
    precision, recall = (float((way <= tolerance).mean()) for way in ways)
    return float(2 * precision * recall / max(precision + recall, 1e-9))


def boundary_px(mask: Plane, truth: Plane) -> float:
    """Return the median distance between the outlines, both ways, in pixels at 1000 px; inf without one."""
    return _boundary_error(mask, truth, np.median)


def boundary_mean_px(mask: Plane, truth: Plane) -> float:
    """Return the mean distance instead (average symmetric surface distance), in pixels at 1000 px."""
    return _boundary_error(mask, truth, np.mean)


def _boundary_error(mask: Plane, truth: Plane, middle: Callable[[Points], np.floating]) -> float:
    ways = _distances(mask, truth)
    if ways is None:
        return 0.0 if (mask > 0.5).any() == (truth > 0.5).any() else float("inf")
    return float(middle(np.concatenate(ways)) * _ERROR_SIDE_PX / max(truth.shape))


def outline(plane: Plane) -> Points:
    """Return (n, 2), x and y of where the plane crosses 0.5 between neighbouring pixels, interpolated.

    Where the frame cuts a subject, it has no outline.
    """
    y, x = np.nonzero((plane[:, 1:] > 0.5) != (plane[:, :-1] > 0.5))
    upright = np.stack([x + 0.5 + _crossing(plane[y, x], plane[y, x + 1]), y + 0.5], 1)
    y, x = np.nonzero((plane[1:] > 0.5) != (plane[:-1] > 0.5))
    level = np.stack([x + 0.5, y + 0.5 + _crossing(plane[y, x], plane[y + 1, x])], 1)
    return np.concatenate([upright, level])


def _crossing(one: Plane, other: Plane) -> Plane:
    """Return where 0.5 lies between two values, as a share of the way."""
    return np.asarray((0.5 - one) / (other - one), np.float32)


def _distances(mask: Plane, truth: Plane) -> tuple[Points, Points] | None:
    """Return the distances found -> true and true -> found in pixels; None when one has no outline."""
    found, true = outline(mask), outline(truth)
    if not len(found) or not len(true):
        return None
    return np.asarray(cKDTree(true).query(found)[0]), np.asarray(cKDTree(found).query(true)[0])
