"""What the critic is shown: the photo's part around a mask, and the mask as a fourth channel. Pure.

Where it matters it is shown their mirror image too, top and bottom exchanged: it is wrong less often both
ways round than one way. And where another model sees more than that part holds, it is shown all of it: from
so near a side of a box that the mask lacks may look like a table.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lambdas.image_processor.boxes import Box, surroundings, whole
from lambdas.image_processor.domain import Critique
from lambdas.image_processor.working_size import Patch, main_parts, shrunk

#: The part reaches this share of the mask's width and height beyond it, to show what the mask may lack.
MARGIN: Final = 0.25
_MARGIN_PX: Final = 4
_SUBJECT: Final = 127
#: A part of the photo that is not larger than another by this factor shows the same.
_MORE: Final = 1.1
#: No look is surer than this.
_LEAST: Final = 1e-6


def around(alpha: NDArray[np.uint8], margin: float = MARGIN) -> Box:
    """Return the rows and columns around a mask, specks left aside; all of them where there is no subject.

    Args:
        alpha: (height, width) uint8, 255 = subject.
        margin: a share of the mask's width and height.

    """
    return _around(main_parts(shrunk(alpha) > _SUBJECT), alpha.shape, margin)


def around_both(alpha: NDArray[np.uint8], seen: Patch) -> Box:
    """Return the rows and columns around a mask and another one of the same photo, as `around` does.

    Args:
        alpha: (height, width) uint8, 255 = subject.
        seen: the other mask.

    """
    small = shrunk(alpha)
    other = seen.within(whole(alpha.shape), (small.shape[1], small.shape[0]))
    return _around(main_parts(small > _SUBJECT) | main_parts(other > _SUBJECT), alpha.shape, MARGIN)


def shows_more(box: Box, than: Box) -> bool:
    """Return whether a part of a photo is larger than another by a tenth."""
    return _area(box) > _MORE * _area(than)


def mirrored(plane: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return (height, width, ...), top and bottom exchanged."""
    return np.ascontiguousarray(plane[::-1])


def mean(said: Critique, of_the_mirrored: Critique) -> Critique:
    """Return the mean of what a critic says of a mask, and of its mirror image in that of the photo.

    The odds that the mask is right are averaged as logarithms: a sure look outweighs one that is not.
    """
    probability = (said.probability + of_the_mirrored.probability[::-1]) / 2
    odds = (_log_odds(said.rightness) + _log_odds(of_the_mirrored.rightness)) / 2
    return Critique(np.asarray(probability, np.float32), 1 / (1 + math.exp(-odds)))


def as_opinion(said: Critique, box: Box) -> Patch:
    """Return what a critic says of a mask as an opinion on it, for the photo's part that it was shown."""
    return Patch((said.probability * 255).astype(np.uint8), box, said.rightness)


def _around(region: NDArray[np.bool_], shape: tuple[int, ...], margin: float) -> Box:
    """Return the rows and columns of a photo around a region of it; all of them where that is empty."""
    return surroundings(region, shape, margin, _MARGIN_PX) or whole(shape)


def _log_odds(probability: float) -> float:
    within = min(max(probability, _LEAST), 1 - _LEAST)
    return math.log(within / (1 - within))


def _area(box: Box) -> int:
    rows, columns = box
    return int((rows.stop - rows.start) * (columns.stop - columns.start))
