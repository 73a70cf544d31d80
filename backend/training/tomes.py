"""Books as thick as they are wide: family Bibles, dictionaries, albums. For the critic alone.

What is seen of their sides is as large as their covers, and no less a part of them.
"""

from __future__ import annotations

from typing import Final

from training.arrangements import Arrangement, Staging, shown
from training.camera import Camera
from training.dice import Dice
from training.library import Library, bound_book
from training.solids import LYING, STANDING

#: In heights of the book.
_THICKNESSES: Final = (0.25, 0.75)


def lying_tome(library: Library, dice: Dice) -> Staging:
    """Lay down a thick book, seen from so low that its sides show."""
    book, thickness = bound_book(library, dice), dice.between(*_THICKNESSES)
    camera = Camera.looking(
        dice.between(20, 75), dice.between(-180, 180), dice.bell(0, 5), dice.between(2.4, 12)
    )
    return shown("tome", book, thickness, camera, LYING)


def standing_tome(library: Library, dice: Dice) -> Staging:
    """Stand up a thick book, a corner towards the viewer."""
    book, thickness = bound_book(library, dice), dice.between(*_THICKNESSES)
    camera = Camera.looking(
        dice.between(-4, 35), dice.between(-80, 80), dice.bell(0, 4), dice.between(2.4, 12)
    )
    return shown("tome", book, thickness, camera, STANDING)


#: How often each is shown, measured by the weights of `arrangements.ARRANGEMENTS`.
TOMES: Final[dict[Arrangement, float]] = {lying_tome: 28, standing_tome: 32}
