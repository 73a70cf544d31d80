"""What the judge looks at: the photo and its masks, small. Pure.

An outline that is wrong is wrong at 256 pixels too, and there it costs milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

Region = NDArray[np.bool_]
Plane = NDArray[np.float32]

#: A component smaller than this share of the largest is a speck.
_SPECK_SHARE: Final = 0.05
#: Longest side of the planes, in pixels; smaller photos stay as they are.
SIDE_PX: Final = 256


@dataclass(frozen=True, slots=True)
class View:
    """A photo and a mask at working size; arrays share height and width."""

    #: (h, w, 3) float32, 0..255.
    pixels: Plane
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


def view(pixels: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> View:
    """Return both at working size.

    Args:
        pixels: (height, width, 3) uint8.
        alpha: (height, width) uint8, 255 = subject.

    """
    mask = shrunk(alpha).astype(np.float32) / np.float32(255)
    region = mask > 0.5
    return View(shrunk(pixels).astype(np.float32), mask, region, _main_parts(region), signed_depth(region))


def shrunk(plane: NDArray[np.uint8]) -> NDArray[np.uint8]:
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


def _main_parts(region: Region) -> Region:
    labels, count = ndimage.label(region)
    if count < 2:
        return region
    areas = np.bincount(labels.ravel())
    areas[0] = 0
    return np.asarray((areas >= _SPECK_SHARE * areas.max())[labels])
