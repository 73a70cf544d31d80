"""Convex solids with flat sides, and what their sides look like; no box. For the critic alone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from training.bindings import Texture
from training.camera import Camera, Points3
from training.canvas import Points, solid
from training.dice import Dice
from training.library import Library, mean_colour, tinted
from training.paint import Colour
from training.solids import Face, Vector

#: How far from a right angle a corner of four must be, in degrees.
_LEAST_SKEW: Final = 12
_BOX_SIDES: Final = 4
_TOP_PX: Final = 224
_LINED_PX: Final = 96


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


def polygon(dice: Dice, count: int) -> Points:
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


def side(library: Library, dice: Dice) -> Texture:
    """Return what a side looks like: of one colour, lined, striped, grained, or a picture."""
    way = dice.weighted({"colour": 3, "lined": 2, "edge": 2, "surface": 2, "picture": 2})
    if way == "edge":
        return tinted(dice, dice.pick(library.edges))
    if way == "picture":
        return pictured(library, dice)
    if way == "surface":
        picture = dice.pick(library.surfaces).clip(0, 255).astype(np.uint8)
        return np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)])
    colour = mean_colour(dice.pick(library.covers)) * dice.between(0.4, 1.2)
    return lined(dice, colour) if way == "lined" else solid(colour)


def pictured(library: Library, dice: Dice) -> Texture:
    """Return a cover without its worn corners: between two sides those would be gaps."""
    picture = tinted(dice, dice.pick(library.covers)).copy()
    picture[..., 3] = 255
    return picture


def lined(dice: Dice, colour: Colour) -> Texture:
    """Return a colour with a seam, a stripe or two, or a label across it."""
    picture = solid(colour).repeat(_LINED_PX // 6, 0).repeat(_LINED_PX // 6, 1)
    for _ in range(dice.pick([1, 1, 2, 3])):
        first, width = dice.whole(4, _LINED_PX - 30), dice.pick([3, 5, dice.whole(6, 24)])
        tone = colour * dice.between(0.2, 0.7) if dice.chance(0.6) else colour + dice.between(20, 110)
        picture[first : first + width, :, :3] = np.clip(tone, 0, 255).astype(np.uint8)
    return picture if dice.chance(0.5) else np.ascontiguousarray(np.rot90(picture))


def faces_in_view(stump: Stump, pictures: list[Texture], top: Texture, camera: Camera) -> list[Face]:
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
