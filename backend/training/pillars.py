"""Upright solids that are no boxes, two or three sides in view, alike or not. For the critic alone.

Of two sides that meet, none is the subject by itself, however wide it is and however different they look.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from training.arrangements import Arrangement, Staging
from training.bindings import Texture
from training.camera import Camera
from training.canvas import solid
from training.dice import Dice
from training.library import Library, mean_colour, tinted
from training.solids import LYING
from training.stumps import Stump, faces_in_view, lined, pictured, polygon, side

#: How many sides one may have; four of them never at right angles.
_SIDES: Final = (3, 4, 4, 4, 5)


def pillar(library: Library, dice: Dice) -> Staging:
    """Stand up a solid; some of its sides are what a mask may lose, as it may lose a block of pages."""
    base = polygon(dice, dice.pick(_SIDES)) * dice.between(0.4, 1.1)
    stump = Stump(base, LYING, np.zeros(3), dice.between(0.5, 1.3), 1.0)
    camera = Camera.looking(
        dice.between(-4, 30), dice.between(-180, 180), dice.bell(0, 5), dice.between(2.4, 12)
    )
    sides, top = _sides(library, dice, len(base)), tinted(dice, dice.pick(library.covers))
    faces = [
        replace(face, name=dice.pick(("fore", "front"))) for face in faces_in_view(stump, sides, top, camera)
    ]
    extent = np.concatenate([stump.ring(0), stump.ring(1)])
    return Staging("pillar", camera, faces, extent, lies=False)


def _sides(library: Library, dice: Dice, count: int) -> list[Texture]:
    """Return what its sides look like: a picture among plain ones, each of its own, or all alike."""
    way = dice.weighted({"pictured": 5, "own": 3, "alike": 2})
    if way == "own":
        return [side(library, dice) for _ in range(count)]
    if way == "alike":
        return [side(library, dice)] * count
    picture = pictured(library, dice)
    colour = mean_colour(picture if dice.chance(0.5) else dice.pick(library.covers)) * dice.between(0.4, 1.1)
    plain = [lined(dice, colour) if dice.chance(0.6) else solid(colour) for _ in range(count)]
    return [picture if index % 2 else plain[index] for index in range(count)]


#: How often it is shown, measured by the weights of `arrangements.ARRANGEMENTS`.
PILLARS: Final[dict[Arrangement, float]] = {pillar: 60}
