"""Solids that are no books: prisms and stumps of three to eight sides, and round ones. For the critic alone.

What they teach is what holds of any object: the sides that are in view belong to it, whatever they look like,
and its shadow does not. Of four sides none has four right angles: boxes are what the judge is measured on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from training.arrangements import Arrangement, Staging
from training.bindings import Texture
from training.camera import Camera, Points3
from training.canvas import Points, solid
from training.dice import Dice
from training.library import Library, mean_colour, tinted
from training.solids import LYING, STANDING, Face, Vector

#: How many sides a prism may have; four of them never at right angles.
_SIDES: Final = (3, 4, 4, 5, 5, 6, 7, 8)
#: How far from a right angle a corner of four must be, in degrees.
_LEAST_SKEW: Final = 12
_BOX_SIDES: Final = 4
_ROUND: Final = 28
_TOP_PX: Final = 224


@dataclass(frozen=True)
class Stump:
    """A convex polygon that is drawn out along an axis, and may narrow on the way."""

    #: (n, 2): corners of the base about the origin, counter-clockwise, in units of the world.
    base: Points
    #: (3, 3): rows are the base's two directions and the axis.
    axes: Points3
    #: Where the base's origin is.
    origin: Vector
    length: float
    #: How large the top is, measured by the base.
    taper: float

    def ring(self, share: float) -> Points3:
        """Return (n, 3), the corners at a share of the length."""
        flat = self.base * (1 + (self.taper - 1) * share)
        heights = np.full((len(flat), 1), self.length * share)
        return np.asarray(self.origin + np.hstack([flat, heights]) @ self.axes, np.float64)


def prism(library: Library, dice: Dice) -> Staging:
    """Show a solid with flat sides, each of one make or of its own."""
    base, top = _polygon(dice, dice.pick(_SIDES)), tinted(dice, dice.pick(library.covers))
    pictures = [_side(library, dice) for _ in base]
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
    around = np.asarray(cv2.resize(_side(library, dice), (_ROUND * 8, 160)), np.uint8)
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
    length = dice.between(0.04, 0.3) if dice.chance(0.6) else dice.between(0.2, 0.8)
    origin = np.zeros(3) if lies else np.asarray([0, 0, -length])
    taper = dice.between(0.6, 1.0) if dice.chance(0.3) else 1.0
    stumps = [Stump(base, axes, origin, length, taper)]
    looks = [look]
    if dice.chance(0.25):
        share, more = dice.between(0.5, 0.95) * taper, dice.between(0.03, 0.25)
        stumps.append(Stump(base * share, axes, origin + axes[2] * length, more, 1.0))
        looks.append(([_side(library, dice)] * len(base), tinted(dice, dice.pick(library.covers))))
    faces = [
        face
        for stump, (sides, top) in zip(stumps, looks, strict=True)
        for face in _faces(stump, sides, top, camera)
    ]
    extent = np.concatenate([stump.ring(share) for stump in stumps for share in (0, 1)])
    return Staging(kind, camera, faces, extent, lies)


def _polygon(dice: Dice, count: int) -> Points:
    """Return (count, 2): corners on an ellipse, so that the polygon is convex; no rectangle."""
    while True:
        steps = dice.arrays.uniform(0.6, 1.0, count)
        angles = 2 * math.pi * (np.cumsum(steps) / steps.sum()) + dice.between(0, 2 * math.pi)
        corners = np.stack([np.cos(angles), np.sin(angles)], 1) * [0.5 * dice.between(0.6, 1.4), 0.5]
        if count != _BOX_SIDES or _skew(corners) > _LEAST_SKEW:
            return corners


def _skew(corners: Points) -> float:
    """Return by how many degrees the corner farthest from a right angle differs from one."""
    sides = np.roll(corners, -1, 0) - corners
    before = np.roll(sides, 1, 0)
    cosines = (sides * before).sum(1) / (np.linalg.norm(sides, axis=1) * np.linalg.norm(before, axis=1))
    return float(np.degrees(np.abs(np.arcsin(cosines))).max())


def _side(library: Library, dice: Dice) -> Texture:
    """Return what a side looks like: of one colour, striped, grained, or a picture."""
    way = dice.weighted({"colour": 3, "edge": 2, "surface": 2, "picture": 2})
    if way == "edge":
        return tinted(dice, dice.pick(library.edges))
    if way == "picture":
        picture = tinted(dice, dice.pick(library.covers)).copy()
        # A cover's worn corners would be gaps between two sides.
        picture[..., 3] = 255
        return picture
    if way == "surface":
        picture = dice.pick(library.surfaces).clip(0, 255).astype(np.uint8)
        return np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)])
    return solid(mean_colour(dice.pick(library.covers)) * dice.between(0.4, 1.2))


def _faces(stump: Stump, pictures: list[Texture], top: Texture, camera: Camera) -> list[Face]:
    """Return what the camera sees: sides, as a book's edges are named, then the top."""
    low, high = stump.ring(0), stump.ring(1)
    middle = (low.mean(0) + high.mean(0)) / 2
    faces = []
    for index, picture in enumerate(pictures):
        after = (index + 1) % len(pictures)
        corners = np.stack([high[index], high[after], low[after], low[index]])
        # A stump's side is flat: three of its corners tell where it looks.
        normal = np.cross(low[after] - low[index], high[index] - low[index])
        normal /= np.linalg.norm(normal)
        if normal @ (corners.mean(0) - middle) < 0:
            normal = -normal
        if (camera.position - corners.mean(0)) @ normal > 1e-4:
            faces.append(Face("fore", corners, normal, picture))
    if (camera.position - high.mean(0)) @ stump.axes[2] > 1e-4:
        faces.append(_top(stump, top))
    return faces


def _top(stump: Stump, picture: Texture) -> Face:
    """Return the top: a picture over the polygon's bounding box, transparent beside it."""
    flat = stump.base * stump.taper
    low, high = flat.min(0), flat.max(0)
    shares = (flat - low) / (high - low)
    cut = np.asarray(cv2.resize(picture, (_TOP_PX, _TOP_PX)), np.uint8)
    shape = np.zeros((_TOP_PX, _TOP_PX), np.uint8)
    cv2.fillConvexPoly(
        shape, np.round(shares * [1, -1] * (_TOP_PX - 1) + [0, _TOP_PX - 1]).astype(np.int32), 255
    )
    cut[..., 3] = shape
    box = np.asarray([[low[0], high[1]], [high[0], high[1]], [high[0], low[1]], [low[0], low[1]]])
    heights = np.full((4, 1), stump.length)
    corners = stump.origin + np.hstack([box, heights]) @ stump.axes
    return Face("front", np.asarray(corners, np.float64), stump.axes[2], cut)


def _above(dice: Dice) -> Camera:
    elevation = max(24.0, 90 - abs(dice.bell(0, 28)))
    return Camera.looking(elevation, dice.between(-180, 180), dice.bell(0, 6), dice.between(2.2, 12))


def _before(dice: Dice) -> Camera:
    return Camera.looking(dice.between(-3, 35), dice.bell(0, 32), dice.bell(0, 4), dice.between(2.5, 12))


#: How often each is shown, measured by the weights of `arrangements.ARRANGEMENTS`.
PRISMS: Final[dict[Arrangement, float]] = {prism: 60, drum: 10}
