"""The critic's corrections of the embedded model's own mask, as far as they make it surer. Pure.

Asked about a mask, the critic draws the one that it thinks right; asked about that again, it goes on from
there. A mask that it leaves alone stays as it was drawn: it is the finer of the two.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lambdas.image_processor.closer_look import overlap

Bytes = NDArray[np.uint8]
#: Answers a mask, (height, width) uint8, with the one that the critic thinks right, and how likely the given
#: one is right, 0..1.
Critic = Callable[[Bytes], tuple[Bytes, float]]

#: Corrections that change less (intersection over union) are none.
_SETTLED: Final = 0.97
#: One that changes more takes the critic elsewhere than the model looked: the model's mask stands.
_LEAP: Final = 0.8
_MOST_QUESTIONS: Final = 4
#: So much likelier the last mask must be right than the first, and so likely at all: a photo that the critic
#: does not understand is none to correct.
_SURER: Final = 0.1
_LIKELY: Final = 0.8
_SUBJECT: Final = 127


def corrected(alpha: Bytes, critic: Critic) -> Bytes:
    """Return the mask, or what the critic made of it.

    Args:
        alpha: (height, width) uint8, 255 = subject.
        critic: asked once about a mask that it agrees with, at most four times.

    """
    if not (alpha > _SUBJECT).any():
        return alpha
    proposed, at_first = critic(alpha)
    mask, rightness = alpha, at_first
    for _ in range(_MOST_QUESTIONS - 1):
        agreement = overlap(mask, proposed)
        if agreement < _LEAP:
            return alpha
        if agreement >= _SETTLED:
            break
        mask = proposed
        proposed, rightness = critic(mask)
    return mask if rightness > max(at_first + _SURER, _LIKELY) else alpha
