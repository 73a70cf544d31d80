"""A second look at the subject's surroundings alone: a small book gets all of the model's pixels. Pure."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from lambdas.image_processor import boxes
from lambdas.image_processor.boxes import Box

#: The surroundings reach this share of the subject's width and height beyond it, on each side, and so many
#: pixels.
_MARGIN: Final = 0.15
_MARGIN_PX: Final = 4
#: A box that covers more of the photo than this shows nothing that the whole photo does not.
_LARGEST_SHARE: Final = 0.85
#: A smaller box holds too few of the photo's own pixels.
_SMALLEST_SIDE_PX: Final = 32
#: Two looks that overlap less (intersection over union) are of different things; the first one stands.
_AGREEMENT: Final = 0.8
_SUBJECT: Final = 127


def surroundings(alpha: NDArray[np.uint8]) -> Box | None:
    """Return where to look closer.

    Args:
        alpha: (height, width) uint8, the first look's mask.

    Returns:
        The subject's bounding box and a margin, inside the photo; None when there is no subject, or when the
        box is nearly the photo.

    """
    box = boxes.surroundings(alpha > _SUBJECT, alpha.shape, _MARGIN, _MARGIN_PX)
    if box is None:
        return None
    height, width = (span.stop - span.start for span in box)
    is_worth_it = height * width <= _LARGEST_SHARE * alpha.size and min(height, width) >= _SMALLEST_SIDE_PX
    return box if is_worth_it else None


def adopt(alpha: NDArray[np.uint8], closer: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
    """Return the closer look's mask in the photo's frame; the first one where they do not agree.

    Args:
        alpha: (height, width) uint8, the first look's mask.
        closer: uint8, the second look's mask, as large as the box.
        box: from `surroundings`.

    """
    found = np.zeros_like(alpha)
    found[box] = closer
    return found if overlap(alpha, found) >= _AGREEMENT else alpha


def overlap(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Return two masks' intersection over union, 0..1; 0 where there is no subject in either."""
    first, second = one > _SUBJECT, other > _SUBJECT
    return float((first & second).sum() / max(int((first | second).sum()), 1))
