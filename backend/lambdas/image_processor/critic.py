"""What the critic is shown: the photo's part around a mask, and the mask as a fourth channel. Pure."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from lambdas.image_processor.closer_look import Box
from lambdas.image_processor.working_size import main_parts, shrunk

#: The part reaches this share of the mask's width and height beyond it, to show what the mask may lack.
MARGIN: Final = 0.25
_SUBJECT: Final = 127


def around(alpha: NDArray[np.uint8], margin: float = MARGIN) -> Box:
    """Return the rows and columns around a mask, specks left aside; all of them where there is no subject.

    Args:
        alpha: (height, width) uint8, 255 = subject.
        margin: a share of the mask's width and height.

    """
    small = shrunk(alpha) > _SUBJECT
    if not small.any():
        return slice(0, alpha.shape[0]), slice(0, alpha.shape[1])
    main = main_parts(small)
    spans = []
    for axis in (1, 0):
        met, size = np.flatnonzero(main.any(axis)), alpha.shape[1 - axis]
        unit = size / small.shape[1 - axis]
        low, high = met[0] * unit, (met[-1] + 1) * unit
        reach = (high - low) * margin + 4
        spans.append(slice(max(0, int(low - reach)), min(size, round(high + reach))))
    return spans[0], spans[1]
