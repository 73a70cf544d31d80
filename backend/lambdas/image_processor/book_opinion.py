"""The opinions on another model's mask: the critic's of the mask in its photo, the book model's of the photo.

Pure but for the segmenter that is handed in.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from lambdas.image_processor.boxes import Box, whole
from lambdas.image_processor.critic import around, around_both, as_opinion, mean, mirrored, shows_more
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
    critic: ModelSpec = CRITIC
    _seen: Patch | None = None

    def on(self, alpha: NDArray[np.uint8]) -> Iterator[tuple[Patch, ...]]:
        """Yield all that there is to say so far, at the size that it was seen at; asked when its turn comes.

        Args:
            alpha: (height, width) uint8, the mask in question.

        Yields:
            What the critic makes of the mask; then what it makes of it on a second look as well, in a mirror,
            or of all that the book model sees too, where it doubts the mask more; and what that sees.

        """
        near = around(alpha)
        part = self._part(near)
        said = self._criticised(part, alpha[near])
        yield (as_opinion(said, near),)
        seen = self._whole_photo()
        looks = [self._with_the_mirrored(said, part, alpha, near)]
        far = around_both(alpha, seen)
        if shows_more(far, near):
            part = self._part(far)
            said = self._criticised(part, alpha[far])
            looks.append(self._with_the_mirrored(said, part, alpha, far))
        yield min(looks, key=_rightness), seen

    def _with_the_mirrored(
        self, said: Critique, part: NDArray[np.uint8], alpha: NDArray[np.uint8], box: Box
    ) -> Patch:
        again = self._criticised(mirrored(part), mirrored(alpha[box]))
        return as_opinion(mean(said, again), box)

    def _whole_photo(self) -> Patch:
        if self._seen is None:
            part = Photo(_reduced(self.photo.pixels, WHOLE.input_side_px), self.photo.format)
            alpha = self.segmenter.segment(WHOLE, part).alpha
            self._seen = Patch(alpha, whole(self.photo.pixels.shape))
        return self._seen

    def _part(self, box: Box) -> NDArray[np.uint8]:
        """Return a part of the photo at about the size that the critic looks at."""
        return _reduced(self.photo.pixels[box], self.critic.input_side_px)

    def _criticised(self, part: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> Critique:
        return self.segmenter.criticise(self.critic, Photo(part, self.photo.format), alpha)


def _rightness(look: Patch) -> float:
    """Return how right a look of the critic's finds the mask, 0..1."""
    return 1.0 if look.rightness is None else look.rightness


def _reduced(pixels: NDArray[np.uint8], side_px: int) -> NDArray[np.uint8]:
    """Return the pixels averaged by whole factors, as far as the model's input leaves some to spare."""
    height, width = pixels.shape[:2]
    across, down = (max(1, size // (_SPARE * side_px)) for size in (width, height))
    return np.ascontiguousarray(reduced(pixels, (across, down)))
