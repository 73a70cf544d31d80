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

#: Of the whole photo: two passes. Of a part: one; it costs half and sees more.
WHOLE: Final = replace(BOOK, looks_closer=False)
CLOSER: Final = replace(WHOLE, averages_mirror=False)
#: Boxes are widened to multiples of the photo's sides by this, so that masks that differ little share a look.
_GRID: Final = 24


class Segmenter(Protocol):
    """Whatever runs models; `segment.Segmenter`."""

    def segment(self, spec: ModelSpec, photo: Photo) -> Mask:
        """Run one model over a photo."""


@dataclass(slots=True)
class BookOpinion:
    """What the book model says about one photo, asked when needed and remembered."""

    segmenter: Segmenter
    photo: Photo
    _looks: dict[str, NDArray[np.uint8]] = field(default_factory=dict)

    def on(self, alpha: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Return two masks of the photo, (height, width) uint8.

        Args:
            alpha: (height, width) uint8, the mask in question: what to look at closely.

        Returns:
            What the model sees in the whole photo, and in the mask's surroundings alone; the same twice where
            those are nearly the photo, or too small to be looked at.

        """
        box = surroundings(alpha)
        return self._look(None), self._look(None if box is None else _widened(box, alpha.shape))

    def forget(self) -> None:
        """Let go of the masks: two of the photo's size."""
        self._looks.clear()

    def _look(self, box: Box | None) -> NDArray[np.uint8]:
        key = str(box)
        if key not in self._looks:
            self._looks[key] = self._segmented(box)
        return self._looks[key]

    def _segmented(self, box: Box | None) -> NDArray[np.uint8]:
        if box is None:
            return self.segmenter.segment(WHOLE, self.photo).alpha
        whole = np.zeros(self.photo.pixels.shape[:2], np.uint8)
        part = Photo(np.ascontiguousarray(self.photo.pixels[box]), self.photo.format)
        whole[box] = self.segmenter.segment(CLOSER, part).alpha
        return whole


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
