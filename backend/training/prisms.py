"""Solids that are no books: prisms and stumps of three to eight sides, and round ones. For the critic alone.

What they teach is what holds of any object: the sides that are in view belong to it, whatever they look like,
and its shadow does not. Of four sides none has four right angles: boxes are what the judge is measured on.
"""

from __future__ import annotations

import math
from typing import Final

import cv2
import numpy as np

from training.arrangements import Arrangement, Staging
from training.bindings import Texture
from training.camera import Camera
from training.canvas import Points, solid
from training.dice import Dice
from training.library import Library, mean_colour, tinted
from training.solids import LYING, STANDING
from training.stumps import Stump, faces_in_view, polygon, side

#: How many sides a prism may have; four of them never at right angles.
_SIDES: Final = (3, 4, 4, 5, 5, 6, 7, 8)
_ROUND: Final = 28


def prism(library: Library, dice: Dice) -> Staging:
    """Show a solid with flat sides, each of one make or of its own."""
    base, top = polygon(dice, dice.pick(_SIDES)), tinted(dice, dice.pick(library.covers))
    pictures = [side(library, dice) for _ in base]
    if dice.chance(0.4):
        # As cloth is drawn over a box: the top's own colour all around.
        pictures = [solid(mean_colour(top) * dice.between(0.4, 1.1))] * len(base)
    elif dice.chance(0.4):
        pictures = [pictures[0]] * len(base)
    return _shown("prism", library, dice, base, (pictures, top))


def drum(library: Library, dice: Dice) -> Staging:
    """Show a round solid; one picture goes around it."""
    angles = np.linspace(0, 2 * math.pi, _ROUND, endpoint=False)
    base = np.stack([np.cos(angles), np.sin(angles)], 1) * [0.5 * dice.between(0.5, 1.4), 0.5]
    around = np.asarray(cv2.resize(side(library, dice), (_ROUND * 8, 160)), np.uint8)
    pictures = [around[:, 8 * index : 8 * index + 8] for index in range(_ROUND)]
    return _shown("drum", library, dice, base, (pictures, tinted(dice, dice.pick(library.covers))))


def _shown(
    kind: str, library: Library, dice: Dice, base: Points, look: tuple[list[Texture], Texture]
) -> Staging:
    """Lay the solid down or stand it up, one time in four with a lid or a plinth of another make.

    Args:
        kind: its name.
        library: of textures.
        dice: thrown for all the rest.
        base: its polygon.
        look: its sides, and its top.

    """
    lies = dice.chance(0.65)
    camera = _above(dice) if lies else _before(dice)
    axes = LYING if lies else STANDING
    length = dice.between(0.02, 0.3) if dice.chance(0.65) else dice.between(0.2, 0.8)
    origin = np.zeros(3) if lies else np.asarray([0, 0, -length])
    taper = dice.between(0.6, 1.0) if dice.chance(0.3) else 1.0
    stumps = [Stump(base, axes, origin, length, taper)]
    looks = [look]
    if dice.chance(0.25):
        share, more = dice.between(0.5, 0.95) * taper, dice.between(0.03, 0.25)
        stumps.append(Stump(base * share, axes, origin + axes[2] * length, more, 1.0))
        looks.append(([side(library, dice)] * len(base), tinted(dice, dice.pick(library.covers))))
    faces = [
        face
        for stump, (sides, top) in zip(stumps, looks, strict=True)
        for face in faces_in_view(stump, sides, top, camera)
    ]
    extent = np.concatenate([stump.ring(share) for stump in stumps for share in (0, 1)])
    return Staging(kind, camera, faces, extent, lies)


def _above(dice: Dice) -> Camera:
    elevation = max(24.0, 90 - abs(dice.bell(0, 28)))
    return Camera.looking(elevation, dice.between(-180, 180), dice.bell(0, 6), dice.between(2.2, 12))


def _before(dice: Dice) -> Camera:
    azimuth = dice.bell(0, 32) if dice.chance(0.6) else dice.between(-75, 75)
    return Camera.looking(dice.between(-3, 35), azimuth, dice.bell(0, 4), dice.between(2.5, 12))


#: How often each is shown, measured by the weights of `arrangements.ARRANGEMENTS`.
PRISMS: Final[dict[Arrangement, float]] = {prism: 60, drum: 10}
