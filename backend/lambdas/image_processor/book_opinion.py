"""The book model's opinion on another model's mask: of the whole photo, and of the mask's surroundings.

Pure but for the segmenter that is handed in.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lambdas.image_processor.closer_look import Box, surroundings
from lambdas.image_processor.domain import Mask, Photo
from lambdas.image_processor.recipes import BOOK, ModelSpec
from lambdas.image_processor.working_size import shrunk

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
        whole, box = self._look(None), surroundings(alpha)
        if box is None:
            return whole, whole
        box = _widened(box, alpha.shape)
        closer = _of_one_thing(whole, alpha)
        closer[box] = self._look(box)
        return whole, closer

    def _look(self, box: Box | None) -> NDArray[np.uint8]:
        """Return what the model sees in a part of the photo, or in all of it."""
        key = str(box)
        if key not in self._looks:
            pixels = self.photo.pixels if box is None else np.ascontiguousarray(self.photo.pixels[box])
            part = Photo(pixels, self.photo.format)
            self._looks[key] = self.segmenter.segment(WHOLE if box is None else CLOSER, part).alpha
        return self._looks[key]


def _of_one_thing(whole: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the parts of an opinion that a mask meets: where no second look reached, the first one stands.

    Without the others: a further book elsewhere is not what the mask is of.
    """
    small = shrunk(whole) > 127
    labels, _ = ndimage.label(small)
    met = np.unique(labels[small & (shrunk(alpha) > 127)])
    near = ndimage.binary_dilation(np.isin(labels, met) & small, iterations=3)
    height, width = whole.shape
    rows, columns = (np.arange(size) * small.shape[axis] // size for axis, size in ((0, height), (1, width)))
    return np.asarray(np.where(near[rows[:, None], columns], whole, 0), np.uint8)


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
