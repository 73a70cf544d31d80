"""The book model's opinion on another model's mask: of the whole photo, and of the mask's surroundings.

Pure but for the segmenter that is handed in.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from lambdas.image_processor.closer_look import Box, surroundings
from lambdas.image_processor.domain import Mask, Photo
from lambdas.image_processor.recipes import BOOK, ModelSpec
from lambdas.image_processor.strips import reduced
from lambdas.image_processor.working_size import Patch

#: Of the whole photo: two passes. Of a part: one; it costs half and sees more.
WHOLE: Final = replace(BOOK, looks_closer=False)
CLOSER: Final = replace(WHOLE, averages_mirror=False)
#: Boxes are widened to multiples of the photo's sides by this, so that masks that differ little share a look.
_GRID: Final = 24
#: The model is shown at least so many times the pixels a side that it looks at: the rest is averaged away
#: beforehand, in a fifth of the time.
_SPARE: Final = 2


class Segmenter(Protocol):
    """Whatever runs models; `segment.Segmenter`."""

    def segment(self, spec: ModelSpec, photo: Photo) -> Mask:
        """Run one model over a photo."""


@dataclass(slots=True)
class BookOpinion:
    """What the book model says about one photo, asked when needed and remembered."""

    segmenter: Segmenter
    photo: Photo
    _looks: dict[str, Patch] = field(default_factory=dict)

    def on(self, alpha: NDArray[np.uint8]) -> tuple[Patch, Patch]:
        """Return two masks, at the size that they were seen at.

        Args:
            alpha: (height, width) uint8, the mask in question: what to look at closely.

        Returns:
            What the model sees in the whole photo, and in the mask's surroundings alone; the same twice where
            those are nearly the photo, or too small to be looked at.

        """
        height, width = alpha.shape
        whole = slice(0, height), slice(0, width)
        box = surroundings(alpha)
        closer = (whole, WHOLE) if box is None else (_widened(box, alpha.shape), CLOSER)
        return self._look(whole, WHOLE), self._look(*closer)

    def _look(self, box: Box, spec: ModelSpec) -> Patch:
        key = f"{spec.averages_mirror} {box}"
        if key not in self._looks:
            part = Photo(_reduced(self.photo.pixels[box], spec.input_side_px), self.photo.format)
            self._looks[key] = Patch(self.segmenter.segment(spec, part).alpha, box)
        return self._looks[key]


def _reduced(pixels: NDArray[np.uint8], side_px: int) -> NDArray[np.uint8]:
    """Return the pixels averaged by whole factors, as far as the model's input leaves some to spare."""
    height, width = pixels.shape[:2]
    across, down = (max(1, size // (_SPARE * side_px)) for size in (width, height))
    return np.ascontiguousarray(reduced(pixels, (across, down)))


def _widened(box: Box, shape: tuple[int, ...]) -> Box:
    """Return the box widened to the grid."""
    rows, columns = (
        slice(
            math.floor(span.start * _GRID / size) * size // _GRID,
            -(-math.ceil(span.stop * _GRID / size) * size // _GRID),
        )
        for span, size in zip(box, shape, strict=False)
    )
    return rows, columns
