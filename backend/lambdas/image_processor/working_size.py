"""What the judge looks at: the subject's surroundings in the photo and in its masks, small. Pure.

An outline that is wrong is wrong at 256 pixels too, and there it costs milliseconds. Photo and masks are cut
to the box around all that any of the masks calls subject: a small book is looked at as closely as a large
one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

Region = NDArray[np.bool_]
Plane = NDArray[np.float32]
Bytes = NDArray[np.uint8]

#: Longest side of the planes, in pixels; smaller pictures stay as they are.
SIDE_PX: Final = 256
#: The box reaches this share of the subject's width and height beyond it.
_MARGIN: Final = 0.12
#: A component smaller than this share of the largest is a speck.
_SPECK_SHARE: Final = 0.05


@dataclass(frozen=True, slots=True)
class View:
    """A mask at working size; arrays share height and width."""

    #: (h, w) float32, 0..1.
    mask: Plane
    #: (h, w), where the mask is above a half.
    region: Region
    #: (h, w), the region without its specks.
    main: Region
    #: (h, w) float32, pixels from the region's outline: positive inside, negative outside.
    depth: Plane

    @property
    def area(self) -> int:
        """Pixels of the region."""
        return int(self.region.sum())

    @property
    def half_width(self) -> float:
        """The largest depth, in pixels; 1 where there is no subject."""
        return float(max(1.0, min(float(self.depth.max()), min(self.region.shape) / 2)))


@dataclass(frozen=True, slots=True)
class Sight:
    """A photo's part, the mask to judge, and opinions on it."""

    #: (h, w, 3) float32, 0..255.
    pixels: Plane
    #: The whole frame's mask, 0..1; its own working size.
    frame: Plane
    seen: View
    #: As many as were given.
    opinions: tuple[View, ...]


def look(pixels: Bytes, alpha: Bytes, opinions: Sequence[Bytes] = ()) -> Sight:
    """Return what there is to judge.

    Args:
        pixels: (height, width, 3) uint8.
        alpha: (height, width) uint8, the mask, 255 = subject.
        opinions: likewise, other masks of the same photo.

    """
    box = common_box((alpha, *opinions))
    parts = [view(shrunk(plane[box])) for plane in (alpha, *opinions)]
    part = shrunk(np.ascontiguousarray(pixels[box])).astype(np.float32)
    return Sight(part, _shares(shrunk(alpha)), parts[0], tuple(parts[1:]))


def common_box(planes: Sequence[Bytes]) -> tuple[slice, slice]:
    """Return the rows and columns around all that any of the (height, width) uint8 masks calls subject."""
    return _box(np.maximum.reduce([shrunk(plane) for plane in planes]) > 127, planes[0].shape)


def view(small: Bytes) -> View:
    """Return an 8-bit mask with what is derived from it."""
    mask = _shares(small)
    region = mask > 0.5
    return View(mask, region, _main_parts(region), signed_depth(region))


def shrunk(plane: Bytes) -> Bytes:
    """Return a photo or an 8-bit mask averaged down to the working size."""
    height, width = plane.shape[:2]
    scale = SIDE_PX / max(height, width)
    if scale >= 1:
        return plane
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(Image.fromarray(plane).resize(size, Image.Resampling.BOX, reducing_gap=2.0))


def signed_depth(region: Region) -> Plane:
    """Return (h, w), pixels from the outline, negative outside; the frame's border is no outline.

    Where there is no outline at all, half the frame's perimeter stands for "far".
    """
    if not region.any() or region.all():
        far = float(sum(region.shape))
        return np.full(region.shape, far if region.any() else -far, np.float32)
    inside = ndimage.distance_transform_edt(region)
    outside = ndimage.distance_transform_edt(~region)
    return np.asarray(np.where(region, inside - 0.5, 0.5 - outside), np.float32)


def largest_part(region: Region) -> int:
    """Return the pixels of the largest component; 0 when there is none."""
    labels, count = ndimage.label(region)
    return int(np.bincount(labels.ravel())[1:].max()) if count else 0


def _shares(plane: Bytes) -> Plane:
    return np.asarray(plane / np.float32(255), np.float32)


def _box(region: Region, shape: tuple[int, ...]) -> tuple[slice, slice]:
    """Return the region's box and a margin, in pixels of a photo of this shape; without one, all of it."""
    spans = []
    for axis in (1, 0):
        met, size = np.flatnonzero(region.any(axis)), region.shape[1 - axis]
        if not len(met):
            return slice(None), slice(None)
        low, high = int(met[0]), int(met[-1]) + 1
        margin = (high - low) * _MARGIN + 3
        unit = shape[1 - axis] / size
        spans.append(
            slice(max(0, int((low - margin) * unit)), min(shape[1 - axis], round((high + margin) * unit)))
        )
    return spans[0], spans[1]


def _main_parts(region: Region) -> Region:
    labels, count = ndimage.label(region)
    if count < 2:
        return region
    areas = np.bincount(labels.ravel())
    areas[0] = 0
    return np.asarray((areas >= _SPECK_SHARE * areas.max())[labels])
