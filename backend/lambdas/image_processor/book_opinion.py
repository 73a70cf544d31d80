"""The opinions on another model's mask: the critic's of the mask in its photo, the book model's of the photo.

Pure but for the segmenter that is handed in.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from lambdas.image_processor.boxes import whole
from lambdas.image_processor.critic import around, as_opinion, mean, mirrored
from lambdas.image_processor.domain import Critique, Mask, Photo
from lambdas.image_processor.recipes import BOOK, CRITIC, ModelSpec
from lambdas.image_processor.strips import reduced
from lambdas.image_processor.working_size import Patch

#: One pass: what a second one would add, the critic adds.
WHOLE: Final = BOOK.asked_once()
#: The model is shown at least so many times the pixels a side that it looks at: the rest is averaged away
#: beforehand, in a fifth of the time.
_SPARE: Final = 2


class Segmenter(Protocol):
    """Whatever runs models; `segment.Segmenter`."""

    def segment(self, spec: ModelSpec, photo: Photo) -> Mask:
        """Run one model over a photo."""

    def criticise(self, spec: ModelSpec, part: Photo, alpha: NDArray[np.uint8]) -> Critique:
        """Ask a critic about a mask of a part of a photo."""


@dataclass(slots=True)
class BookOpinion:
    """What the book model says of a photo, asked when needed and remembered, and the critic of its masks."""

    segmenter: Segmenter
    photo: Photo
    _seen: Patch | None = None

    def on(self, alpha: NDArray[np.uint8]) -> Iterator[tuple[Patch, ...]]:
        """Yield all that there is to say so far, at the size that it was seen at; asked when its turn comes.

        Args:
            alpha: (height, width) uint8, the mask in question.

        Yields:
            What the critic makes of the mask; then what it makes of it on a second look as well, in a mirror,
            and what the book model sees in the photo.

        """
        box = around(alpha)
        part = _reduced(self.photo.pixels[box], CRITIC.input_side_px)
        said = self._criticised(part, alpha[box])
        yield (as_opinion(said, box),)
        again = self._criticised(mirrored(part), mirrored(alpha[box]))
        yield as_opinion(mean(said, again), box), self._whole_photo()

    def _whole_photo(self) -> Patch:
        if self._seen is None:
            part = Photo(_reduced(self.photo.pixels, WHOLE.input_side_px), self.photo.format)
            alpha = self.segmenter.segment(WHOLE, part).alpha
            self._seen = Patch(alpha, whole(self.photo.pixels.shape))
        return self._seen

    def _criticised(self, part: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> Critique:
        return self.segmenter.criticise(CRITIC, Photo(part, self.photo.format), alpha)


def _reduced(pixels: NDArray[np.uint8], side_px: int) -> NDArray[np.uint8]:
    """Return the pixels averaged by whole factors, as far as the model's input leaves some to spare."""
    height, width = pixels.shape[:2]
    across, down = (max(1, size // (_SPARE * side_px)) for size in (width, height))
    return np.ascontiguousarray(reduced(pixels, (across, down)))
