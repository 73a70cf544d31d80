"""Books as thick as they are wide: family Bibles, dictionaries, albums. For the critic alone.

What is seen of their sides is as large as their covers, and no less a part of them.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from training.arrangements import Arrangement, Staging
from training.camera import Camera, Points3
from training.dice import Dice
from training.library import Library, aspect, bound_book
from training.solids import Placement, book_faces

_X, _Y, _Z = np.eye(3)
_LYING: Final = np.stack([_X, -_Z, _Y])
_STANDING: Final = np.stack([_X, _Y, _Z])
#: In heights of the book.
_THICKNESSES: Final = (0.25, 0.75)


def lying_tome(library: Library, dice: Dice) -> Staging:
    """Lay down a thick book, seen from so low that its sides show."""
    book, thickness = bound_book(library, dice), dice.between(*_THICKNESSES)
    camera = Camera.looking(
        dice.between(20, 75), dice.between(-180, 180), dice.bell(0, 5), dice.between(2.4, 12)
    )
    width = aspect(book.front)
    place = Placement(np.asarray([-width / 2, 0, 0.5]), _LYING, (width, 1.0, thickness))
    return Staging("tome", camera, book_faces(book, place, camera), _corners(place), lies=True)


def standing_tome(library: Library, dice: Dice) -> Staging:
    """Stand up a thick book, a corner towards the viewer."""
    book, thickness = bound_book(library, dice), dice.between(*_THICKNESSES)
    camera = Camera.looking(
        dice.between(-4, 35), dice.between(-80, 80), dice.bell(0, 4), dice.between(2.4, 12)
    )
    width = aspect(book.front)
    place = Placement(np.asarray([-width / 2, 0, -thickness / 2]), _STANDING, (width, 1.0, thickness))
    return Staging("tome", camera, book_faces(book, place, camera), _corners(place), lies=False)


def _corners(place: Placement) -> Points3:
    return np.stack([place.at(x, y, z) for x in (0, 1) for y in (0, 1) for z in (0, 1)])


#: How often each is shown, measured by the weights of `arrangements.ARRANGEMENTS`.
TOMES: Final[dict[Arrangement, float]] = {lying_tome: 28, standing_tome: 32}
