"""The critic's corrections of the embedded model's own mask, and its choice among looks at a photo. Pure.

Asked about a mask, the critic draws the one that it thinks right; asked about that again, it goes on from
there. A mask that it leaves alone stays as it was drawn: it is the finer of the two. Where it believes none
of that, it is shown what the model sees in the photo turned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
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


def corrected(alpha: Bytes, critic: Critic, looks: Iterable[Bytes] = ()) -> tuple[Bytes, float | None]:
    """Return the mask, or what the critic made of it, or a further look that the critic believes.

    And how likely that is right, 0..1; None where there is no subject, and nobody was asked.

    Args:
        alpha: (height, width) uint8, 255 = subject.
        critic: asked once about a mask that it agrees with, at most four times; and once about each look.
        looks: further masks of the same photo. None is taken from here unless the critic doubts the first.

    """
    if not (alpha > _SUBJECT).any():
        return alpha, None
    mask, rightness = _followed(alpha, critic)
    if rightness >= _LIKELY:
        return mask, rightness
    likeliest = max(rightness + _SURER, _LIKELY)
    for look in looks:
        # One that shows something else is no better look at this.
        if overlap(alpha, look) < _LEAP:
            continue
        its_rightness = critic(look)[1]
        if its_rightness > likeliest:
            mask, rightness, likeliest = look, its_rightness, its_rightness
    return mask, rightness


def _followed(alpha: Bytes, critic: Critic) -> tuple[Bytes, float]:
    """Return the mask, or where the critic's proposals lead, and how likely that is right."""
    proposed, at_first = critic(alpha)
    mask, rightness = alpha, at_first
    for _ in range(_MOST_QUESTIONS - 1):
        agreement = overlap(mask, proposed)
        if agreement < _LEAP:
            return alpha, at_first
        if agreement >= _SETTLED:
            break
        mask = proposed
        proposed, rightness = critic(mask)
    return (mask, rightness) if rightness > max(at_first + _SURER, _LIKELY) else (alpha, at_first)
