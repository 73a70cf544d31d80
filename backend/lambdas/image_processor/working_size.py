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

from lambdas.image_processor.boxes import Box, surroundings, whole
from lambdas.image_processor.strips import averaged

Region = NDArray[np.bool_]
Plane = NDArray[np.float32]
Bytes = NDArray[np.uint8]

#: Longest side of the planes, in pixels; smaller pictures stay as they are.
SIDE_PX: Final = 256
#: The box reaches this share of the subject's width and height beyond it, and so many pixels at that size.
_MARGIN: Final = 0.12
_MARGIN_PX: Final = 3
#: A component smaller than this share of the largest is a speck.
_SPECK_SHARE: Final = 0.05


@dataclass(frozen=True, slots=True)
class Patch:
    """A mask of a part of a photo, in pixels of its own; there is no subject elsewhere."""

    #: (h, w) uint8, 255 = subject.
    mask: Bytes
    #: The rows and columns of the photo that it shows.
    box: Box
    #: How likely the mask that was asked about is right, 0..1; None: that was not asked.
    rightness: float | None = None

    def within(self, box: Box, size_px: tuple[int, int]) -> Bytes:
        """Return (height, width) uint8, the mask in another part of the photo.

        Args:
            box: the rows and columns of the photo that are wanted, none of them empty.
            size_px: width and height of the result.

        """
        found = np.zeros(size_px[::-1], np.uint8)
        spans = [
            _met(mine, wanted, here, there)
            for mine, wanted, here, there in zip(self.box, box, self.mask.shape, found.shape, strict=True)
        ]
        if all(target.stop > target.start for target, _ in spans):
            (rows, (top, bottom)), (columns, (left, right)) = spans
            size = columns.stop - columns.start, rows.stop - rows.start
            part = Image.fromarray(self.mask)
            found[rows, columns] = part.resize(
                size, Image.Resampling.BILINEAR, box=(left, top, right, bottom)
            )
        return found


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


def look(pixels: Bytes, alpha: Bytes, opinions: Sequence[Patch] = ()) -> Sight:
    """Return what there is to judge.

    Args:
        pixels: (height, width, 3) uint8.
        alpha: (height, width) uint8, the mask, 255 = subject.
        opinions: other masks of the same photo.

    """
    frame = shrunk(alpha)
    box = common_box(alpha.shape, frame, opinions)
    seen = shrunk(alpha[box])
    others = (opinion.within(box, (seen.shape[1], seen.shape[0])) for opinion in opinions)
    part = shrunk(pixels[box]).astype(np.float32)
    return Sight(part, _shares(frame), view(seen), tuple(view(other) for other in others))


def common_box(shape: tuple[int, ...], frame: Bytes, opinions: Sequence[Patch]) -> Box:
    """Return the photo's rows and columns around all that any of the masks calls subject.

    Args:
        shape: height and width of the photo.
        frame: (h, w) uint8, the mask of the whole photo at working size.
        opinions: other masks.

    """
    everything = whole(shape)
    size = frame.shape[1], frame.shape[0]
    planes = [frame, *(opinion.within(everything, size) for opinion in opinions)]
    margin_px = _MARGIN_PX * max(shape) / max(frame.shape)
    return surroundings(np.maximum.reduce(planes) > 127, shape, _MARGIN, margin_px) or everything


def view(small: Bytes) -> View:
    """Return an 8-bit mask with what is derived from it."""
    mask = _shares(small)
    region = mask > 0.5
    return View(mask, region, main_parts(region), signed_depth(region))


def shrunk(plane: Bytes) -> Bytes:
    """Return a photo or an 8-bit mask averaged down to the working size."""
    height, width = plane.shape[:2]
    scale = SIDE_PX / max(height, width)
    if scale >= 1:
        return plane
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return averaged(plane, size)


def signed_depth(region: Region) -> Plane:
    """Return (h, w), pixels from the outline, negative outside; the frame's border is no outline.

    Where there is no outline at all, half the frame's perimeter stands for "far".
    """
    box = surroundings(region, region.shape, 0.0, 1.0)
    if box is None or region.all():
        far = float(sum(region.shape))
        return np.full(region.shape, -far if box is None else far, np.float32)
    depth = np.asarray(0.5 - ndimage.distance_transform_edt(~region), np.float32)
    # From inside, no pixel outside is nearer than those of the rim around the region's box.
    depth[box] = np.where(region[box], ndimage.distance_transform_edt(region[box]) - 0.5, depth[box])
    return depth


def largest_part(region: Region) -> int:
    """Return the pixels of the largest component; 0 when there is none."""
    labels, count = ndimage.label(region)
    return int(np.bincount(labels.ravel())[1:].max()) if count else 0


def _shares(plane: Bytes) -> Plane:
    return np.asarray(plane / np.float32(255), np.float32)


def _met(mine: slice, wanted: slice, here: int, there: int) -> tuple[slice, tuple[float, float]]:
    """Return where a span of the photo lies in another one, and what of itself that shows.

    Args:
        mine: the photo's rows (or columns) that a mask shows.
        wanted: those that are asked for.
        here: rows of the mask.
        there: rows of the result.

    Returns:
        Rows of the result, possibly none; and from where to where in the mask's own rows.

    """
    unit = (wanted.stop - wanted.start) / there
    low = max(0, round((mine.start - wanted.start) / unit))
    high = min(there, round((mine.stop - wanted.start) / unit))
    scale = here / (mine.stop - mine.start)
    ends = ((wanted.start + edge * unit - mine.start) * scale for edge in (low, high))
    start, stop = (min(max(end, 0.0), float(here)) for end in ends)
    return slice(low, high), (start, stop)


def main_parts(region: Region) -> Region:
    """Return the region without its specks."""
    labels, count = ndimage.label(region)
    if count < 2:
        return region
    areas = np.bincount(labels.ravel())
    areas[0] = 0
    return np.asarray((areas >= _SPECK_SHARE * areas.max())[labels])
