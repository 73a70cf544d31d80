"""How subjects lie or stand: one function per kind, each returns what is to be painted and from where."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from training.camera import Camera, Points3
from training.dice import Dice
from training.library import Library, aspect, bound_book, tinted
from training.solids import LYING, STANDING, Book, Face, Placement, X, Y, book_faces, placed


@dataclass(frozen=True)
class Staging:
    """A subject before its camera."""

    kind: str
    camera: Camera
    #: In painting order.
    faces: list[Face]
    #: (n, 3): the corners of its solids, for framing and shadows; y = 0 is the ground.
    extent: Points3
    #: Whether it lies on the ground (the ground then fills the picture).
    lies: bool


def shown(kind: str, book: Book, thickness: float, camera: Camera, axes: Points3) -> Staging:
    """Return one book before a camera.

    Args:
        kind: the staging's.
        book: how it looks.
        thickness: in its heights.
        camera: that looks at it.
        axes: `LYING`; or others for one that stands, or leans.

    """
    place = placed(aspect(book.front), thickness, axes)
    return Staging(kind, camera, book_faces(book, place, camera), place.corners(), lies=axes is LYING)


def _thickness(dice: Dice) -> float:
    return dice.between(0.02, 0.12) if dice.chance(0.4) else dice.between(0.08, 0.35)


def _roll(dice: Dice) -> float:
    if dice.chance(0.75):
        return dice.bell(0, 4)
    return dice.bell(0, 18) if dice.chance(0.6) else dice.between(-180, 180)


def _distance(dice: Dice) -> float:
    return dice.between(2.2, 4) if dice.chance(0.5) else dice.between(4, 14)


def _from_above(dice: Dice, spread: float = 22) -> Camera:
    """Return a camera over a table: mostly steep, sometimes low."""
    steep = 90 - abs(dice.bell(0, spread))
    elevation = max(22.0, steep if dice.chance(0.78) else dice.between(25, 60))
    azimuth = dice.bell(0, 12) if dice.chance(0.65) else dice.between(-180, 180)
    return Camera.looking(elevation, azimuth, _roll(dice), _distance(dice))


def _from_front(dice: Dice, azimuth: float) -> Camera:
    elevation = dice.between(-4, 25) if dice.chance(0.8) else dice.between(10, 45)
    return Camera.looking(elevation, azimuth, _roll(dice), _distance(dice))


def flat(library: Library, dice: Dice) -> Staging:
    """Lay down one closed book."""
    book, camera = bound_book(library, dice), _from_above(dice)
    return shown("flat", book, _thickness(dice), camera, LYING)


def sheet(library: Library, dice: Dice) -> Staging:
    """Lay down one sheet of paper, card or thin pamphlet."""
    texture = tinted(dice, dice.pick(library.sheets if dice.chance(0.8) else library.covers))
    camera = _from_above(dice, 9)
    # Receipts and cards: far from a book's proportions.
    width = aspect(texture) * (dice.between(0.3, 0.7) if dice.chance(0.15) else 1)
    place = placed(width, dice.between(0.001, 0.02), LYING)
    corners = np.stack([place.at(*share) for share in ((0, 1, 1), (1, 1, 1), (1, 0, 1), (0, 0, 1))])
    return Staging("sheet", camera, [Face("sheet", corners, Y, texture)], place.corners(), lies=True)


def open_book(library: Library, dice: Dice) -> Staging:
    """Lay down an open book, seen from above."""
    texture, camera = tinted(dice, dice.pick(library.spreads)), _from_above(dice, 14)
    width = aspect(texture)
    place = placed(width, dice.between(0.02, 0.1), LYING)
    corners = np.stack([place.at(*share) for share in ((0, 1, 1), (1, 1, 1), (1, 0, 1), (0, 0, 1))])
    return Staging("open", camera, [Face("spread", corners, Y, texture)], place.corners(), lies=True)


def standing(library: Library, dice: Dice) -> Staging:
    """Stand up one book, seen from any side but its back, often leaning."""
    book = bound_book(library, dice)
    azimuth = dice.bell(0, 25) if dice.chance(0.65) else dice.between(-75, 75)
    camera = _from_front(dice, azimuth)
    lean = math.radians(dice.pick([0, 0, dice.between(0, 20)]))
    up = np.asarray([0, math.cos(lean), -math.sin(lean)])
    axes = np.stack([X, up, np.cross(X, up)])
    return shown("standing", book, _thickness(dice), camera, axes)


def spine_view(library: Library, dice: Dice) -> Staging:
    """Show one book from its back, upright or lying."""
    book = bound_book(library, dice)
    roll = _roll(dice) + (dice.pick([90, -90]) if dice.chance(0.3) else 0)
    azimuth = 90 + dice.bell(0, 5 if dice.chance(0.4) else 18)
    elevation = dice.bell(0, 4) if dice.chance(0.4) else dice.between(-4, 25)
    camera = Camera.looking(elevation, azimuth, roll, _distance(dice))
    thickness = _thickness(dice)
    if dice.chance(0.15):
        thickness = dice.between(0.03, 0.07)
    return shown("spine", book, thickness, camera, STANDING)


def stack(library: Library, dice: Dice) -> Staging:
    """Pile up two to five books."""
    camera, base = _from_above(dice, 40), 0.0
    faces: list[Face] = []
    extents = []
    for _ in range(dice.whole(2, 5)):
        book = bound_book(library, dice)
        width, thickness = min(aspect(book.front), 1.2), dice.between(0.06, 0.25)
        turn = math.radians(dice.bell(0, 8) + dice.pick([0, 0, 0, 90, 180]))
        across = np.asarray([math.cos(turn), 0, -math.sin(turn)])
        up = np.asarray([-math.sin(turn), 0, -math.cos(turn)])
        axes = np.stack([across, up, Y])
        centre = np.asarray([dice.between(-0.06, 0.06), base, dice.between(-0.06, 0.06)])
        place = Placement(centre - across * width / 2 - up / 2, axes, (width, 1.0, thickness))
        faces += book_faces(book, place, camera)
        extents.append(place.corners())
        base += thickness
    return Staging("stack", camera, faces, np.concatenate(extents), lies=True)


def volumes(library: Library, dice: Dice) -> Staging:
    """Stand up a set: two to six volumes of one binding side by side, backs to the viewer."""
    book, camera = bound_book(library, dice), _from_front(dice, 90 + dice.bell(0, 22))
    width, thickness = min(aspect(book.front), 1.0), dice.between(0.1, 0.3)
    count = dice.whole(2, 6)
    places = [
        Placement(
            np.asarray([-width / 2, 0, thickness * (index - count / 2)]),
            STANDING,
            (width, dice.between(0.97, 1.0), thickness),
        )
        for index in range(count)
    ]
    # The farthest first: along z, seen from the side where the camera stands.
    places.sort(key=lambda place: -abs(camera.position[2] - place.corner[2] - thickness / 2))
    faces = [face for place in places for face in book_faces(book, place, camera)]
    return Staging("set", camera, faces, np.concatenate([p.corners() for p in places]), lies=False)


Arrangement = Callable[[Library, Dice], Staging]
#: How often each kind is rendered.
ARRANGEMENTS: Final[dict[Arrangement, float]] = {
    flat: 30, standing: 20, sheet: 16, spine_view: 13, open_book: 11, stack: 6, volumes: 5,
}  # fmt: skip
