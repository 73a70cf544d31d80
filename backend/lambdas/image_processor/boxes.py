"""Rows and columns around a region. Pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: Rows and columns of a photo.
Box = tuple[slice, slice]


def whole(shape: tuple[int, ...]) -> Box:
    """Return all rows and columns of a plane, (height, width, ...)."""
    return slice(0, shape[0]), slice(0, shape[1])


def extent(region: NDArray[np.bool_] | NDArray[np.uint8]) -> Box | None:
    """Return the rows and columns outside which a plane, (height, width), is zero; None: all of it is."""
    rows, columns = (np.flatnonzero(region.any(axis)) for axis in (1, 0))
    if not len(rows):
        return None
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def surroundings(
    region: NDArray[np.bool_], shape: tuple[int, ...], share: float, extra_px: float
) -> Box | None:
    """Return the rows and columns of a photo around a region, with a margin, inside the photo.

    Args:
        region: (h, w), of the whole photo at any size.
        shape: height and width of the photo.
        share: the margin, as a share of the region's own height and width ...
        extra_px: ... and in pixels of the photo.

    Returns:
        None where the region is empty.

    """
    box = extent(region)
    if box is None:
        return None
    rows, columns = (
        _widened(span, size / small, size, (share, extra_px))
        for span, size, small in zip(box, shape, region.shape, strict=False)
    )
    return rows, columns


def _widened(span: slice, unit: float, size: int, margin: tuple[float, float]) -> slice:
    low, high = span.start * unit, span.stop * unit
    reach = (high - low) * margin[0] + margin[1]
    return slice(max(0, int(low - reach)), min(size, round(high + reach)))
