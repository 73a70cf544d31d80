"""What the critic is shown: the photo's part around a mask, and the mask as a fourth channel. Pure.

Where it matters it is shown both in a mirror too: it is wrong less often both ways round than one way.
"""

from __future__ import annotations

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


def around(alpha: NDArray[np.uint8], margin: float = MARGIN) -> Box:
    """Return the rows and columns around a mask, specks left aside; all of them where there is no subject.

    Args:
        alpha: (height, width) uint8, 255 = subject.
        margin: a share of the mask's width and height.

    """
    region = main_parts(shrunk(alpha) > _SUBJECT)
    return surroundings(region, alpha.shape, margin, _MARGIN_PX) or whole(alpha.shape)


def mirrored(plane: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return (height, width, ...), left and right exchanged."""
    return np.ascontiguousarray(plane[:, ::-1])


def mean(said: Critique, of_the_mirrored: Critique) -> Critique:
    """Return the mean of what a critic says of a mask, and of its mirror image in that of the photo."""
    probability = (said.probability + of_the_mirrored.probability[:, ::-1]) / 2
    return Critique(np.asarray(probability, np.float32), (said.rightness + of_the_mirrored.rightness) / 2)


def as_opinion(said: Critique, box: Box) -> Patch:
    """Return what a critic says of a mask as an opinion on it, for the photo's part that it was shown."""
    return Patch((said.probability * 255).astype(np.uint8), box, said.rightness)
