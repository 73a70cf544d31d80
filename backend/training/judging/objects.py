"""Objects that the book model's training never shows: what the judge is measured on.

Nothing here may enter `training.arrangements.ARRANGEMENTS` (tests/unit/test_judging.py holds that).
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Final

import cv2
import numpy as np

from training.arrangements import Arrangement, Staging
from training.bindings import Texture
from training.camera import Camera, Points3
from training.canvas import round_corners, solid
from training.dice import Dice
from training.library import Library, aspect, bound_book, mean_colour, tinted
from training.solids import LYING, STANDING, Face, Y, book_faces, cuboid, placed

#: Plates that a solid with round corners is stacked of.
_PLATES: Final = 9


def clamshell_box(library: Library, dice: Dice) -> Staging:
    """Show a closed box for a book: cloth all around, the lid's rim as a line, a label on its back."""
    front = tinted(dice, dice.pick(library.covers))
    cloth = mean_colour(front) * dice.between(0.5, 1.1)
    side = solid(cloth).repeat(8, 0)
    side[20:24, :, :3] = side[20:24, :, :3] // 3
    upright = np.ascontiguousarray(np.rot90(side))
    back = tinted(dice, dice.pick(library.spines))
    faces = {"front": front, "rear": front, "spine": back, "fore": upright, "head": side, "tail": side}
    camera, axes, is_lying = _viewed(dice)
    place = placed(aspect(front), dice.between(0.18, 0.45), axes)
    return Staging("clamshell_box", camera, cuboid(place, camera, faces), place.corners(), is_lying)


def slipcase(library: Library, dice: Dice) -> Staging:
    """Show a book that stands out of its case, back first."""
    book = replace(bound_book(library, dice), board_thickness=0.0)
    cloth = solid(mean_colour(dice.pick(library.covers)) * dice.between(0.4, 1.1))
    camera, axes, is_lying = _viewed(dice)
    width, thickness = min(aspect(book.front), 1.1), dice.between(0.12, 0.4)
    case = placed(width, thickness, axes)
    out = dice.between(0.02, 0.45) * width
    inside = case.inner((-out, 0.015, 0.02), (width, 0.97, thickness - 0.04))
    panel = tinted(dice, dice.pick(library.covers)) if dice.chance(0.3) else cloth
    sides = {"front": panel, "rear": panel, "fore": cloth, "head": cloth, "tail": cloth}
    faces = book_faces(book, inside, camera) + cuboid(case, camera, sides)
    extent = np.concatenate([case.corners(), inside.corners()])
    return Staging("slipcase", camera, faces, extent, is_lying)


def ring_binder(library: Library, dice: Dice) -> Staging:
    """Show a binder: thick, boards far over the paper, a hole with a metal ring in its back."""
    colour = mean_colour(dice.pick(library.covers))
    plastic = solid(colour).repeat(40, 0).repeat(30, 1)
    if dice.chance(0.6):
        plastic[20:80, 30:150, :3] = dice.pick(library.sheets)[30, 30, :3]
    back = np.full((256, 64, 4), 255, np.uint8)
    back[..., :3] = colour.clip(0, 255).astype(np.uint8)
    cv2.circle(back, (32, 200), 14, (200, 200, 205, 255), 5, cv2.LINE_AA)
    cv2.circle(back, (32, 200), 11, (15, 15, 18, 255), -1, cv2.LINE_AA)
    cv2.rectangle(back, (10, 40), (54, 150), (235, 232, 220, 255), -1)
    book = replace(
        bound_book(library, dice), front=plastic, rear=plastic, spine=back, board=colour,
        board_thickness=0.012, overhang=dice.between(0.03, 0.07), bulge=0.0,
    )  # fmt: skip
    camera, axes, is_lying = _viewed(dice)
    place = placed(dice.between(0.75, 0.95), dice.between(0.12, 0.3), axes)
    return Staging("ring_binder", camera, book_faces(book, place, camera), place.corners(), is_lying)


def stapled_booklet(library: Library, dice: Dice) -> Staging:
    """Lay down a stapled booklet, its leaves fanned a little."""
    cover = tinted(dice, dice.pick(library.covers)).copy()
    for share in (0.25, 0.72):
        row = int(cover.shape[0] * share)
        cover[row : row + 10, 2:5, :3] = 190
    camera = _above(dice)
    width = aspect(cover)
    faces, extents = [], []
    for index in range(dice.whole(2, 4)):
        is_top = index == 0
        turn = 0.0 if is_top else math.radians(dice.bell(0, 3))
        size = 1.0 if is_top else dice.between(0.96, 1.01)
        quad = _sheet(width * size, size, turn, 0.004 * (4 - index))
        faces.append(Face("front" if is_top else "leaf", quad, Y, cover if is_top else _leaf(library, dice)))
        extents.append(quad)
    return Staging("stapled_booklet", camera, faces[::-1], np.concatenate(extents), lies=True)


def folded_map(library: Library, dice: Dice) -> Staging:
    """Lay down a map half unfolded: panels up and down in a zigzag."""
    sheet = tinted(dice, dice.pick(library.sheets if dice.chance(0.5) else library.covers))
    panels, height = dice.whole(3, 7), dice.between(0.01, 0.09)
    camera, width = _above(dice), aspect(sheet) * dice.between(0.9, 2.0)
    columns = np.linspace(0, sheet.shape[1], panels + 1).astype(int)
    faces, extents = [], []
    for index in range(panels):
        left, right = (width * (index + step) / panels - width / 2 for step in (0, 1))
        low, high = (height * ((index + step) % 2) for step in (0, 1))
        quad = np.asarray([[left, low, -0.5], [right, high, -0.5], [right, high, 0.5], [left, low, 0.5]])
        normal = np.asarray([low - high, right - left, 0.0])
        texture = np.ascontiguousarray(sheet[:, columns[index] : max(columns[index] + 2, columns[index + 1])])
        faces.append(Face("front", quad, normal / np.linalg.norm(normal), texture))
        extents.append(quad)
    return Staging("folded_map", camera, faces, np.concatenate(extents), lies=True)


def round_cornered_album(library: Library, dice: Dice) -> Staging:
    """Show a padded album with wide round corners."""
    front = tinted(dice, dice.pick(library.covers)).copy()
    round_corners(front, int(min(front.shape[:2]) * dice.between(0.1, 0.28)))
    board, leaves = (
        solid(mean_colour(front) * 0.7)[:1, :1],
        solid(np.asarray([220, 205, 170], np.float32))[:1, :1],
    )
    camera, thickness = _above(dice), dice.between(0.04, 0.2)
    place = placed(aspect(front), thickness, LYING)
    faces = []
    for index in range(_PLATES):
        is_board = index < 2 or index >= _PLATES - 2
        plate = np.broadcast_to(board if is_board else leaves, front.shape).copy()
        plate[..., 3] = front[..., 3]
        depth = index / _PLATES
        quad = np.stack([place.at(*at, depth) for at in ((0, 1), (1, 1), (1, 0), (0, 0))])
        faces.append(Face("rear" if is_board else "fore", quad, Y, plate))
    top = np.stack([place.at(*at, 1) for at in ((0, 1), (1, 1), (1, 0), (0, 0))])
    faces.append(Face("front", top, Y, front))
    return Staging("round_cornered_album", camera, faces, place.corners(), lies=True)


def strapped_book(library: Library, dice: Dice) -> Staging:
    """Lay down a book with straps across it and clasps that stand out at the fore edge."""
    book, camera = bound_book(library, dice), _above(dice)
    width, thickness = aspect(book.front), dice.between(0.08, 0.3)
    place = placed(width, thickness, LYING)
    faces = book_faces(book, place, camera)
    extents = [place.corners()]
    leather = solid(mean_colour(dice.pick(library.covers)) * dice.between(0.3, 1.0))
    brass = solid(np.asarray([190, 160, 80], np.float32) * dice.between(0.6, 1.2))
    for at in dice.pick([(0.5,), (0.25, 0.75), (0.3, 0.7), (0.2, 0.5, 0.8)]):
        broad = dice.between(0.02, 0.05)
        reach = 1 + dice.between(0.01, 0.06) / width
        band = [place.at(x, y, 1.01) for x, y in ((0.55, at + broad), (reach, at + broad))]
        band += [place.at(x, y, 1.01) for x, y in ((reach, at - broad), (0.55, at - broad))]
        clasp = [place.at(x, y, 1.0) for x, y in ((0.96, at + 1.3 * broad), (reach + 0.03, at + 1.3 * broad))]
        clasp += [
            place.at(x, y, 1.0) for x, y in ((reach + 0.03, at - 1.3 * broad), (0.96, at - 1.3 * broad))
        ]
        faces += [Face("strap", np.stack(band), Y, leather), Face("strap", np.stack(clasp), Y, brass)]
        extents.append(np.stack(clasp))
    return Staging("strapped_book", camera, faces, np.concatenate(extents), lies=True)


def spiral_notebook(library: Library, dice: Dice) -> Staging:
    """Lay down a notebook on a wire spiral that stands over its side or its head."""
    cover, camera = tinted(dice, dice.pick(library.covers)), _above(dice)
    place = placed(aspect(cover), dice.between(0.01, 0.06), LYING)
    edge = tinted(dice, dice.pick(library.edges))
    upright = np.ascontiguousarray(np.rot90(edge))
    sides = {"front": cover, "fore": upright, "spine": upright, "head": edge, "tail": edge}
    faces, extents = cuboid(place, camera, sides), [place.corners()]
    wire = solid(np.asarray([1.0, 1.0, 1.05], np.float32) * dice.between(20, 210))
    loops, is_side, out = dice.whole(12, 30), dice.chance(0.6), dice.between(0.015, 0.04)
    for index in range(loops):
        along, half = (index + 0.5) / loops, 0.28 / loops
        box = [(-out, along + half), (0.04, along + half), (0.04, along - half), (-out, along - half)]
        points = box if is_side else [(y, 1 - x) for x, y in box]
        quad = np.stack([place.at(x, y, 1.05) for x, y in points])
        faces.append(Face("wire", quad, Y, wire))
        extents.append(quad)
    return Staging("spiral_notebook", camera, faces, np.concatenate(extents), lies=True)


def bundle(library: Library, dice: Dice) -> Staging:
    """Lay down letters tied together, none straight on the other."""
    camera = _above(dice)
    width, count = dice.between(0.6, 1.4), dice.whole(3, 7)
    faces, extents = [], []
    for index in range(count):
        quad = _sheet(width * dice.between(0.9, 1.02), 1.0, math.radians(dice.bell(0, 4)), 0.015 * index)
        quad[:, [0, 2]] += dice.arrays.normal(0, 0.015, 2)
        faces.append(Face("front" if index == count - 1 else "leaf", quad, Y, _leaf(library, dice)))
        extents.append(quad)
    string = solid(np.asarray([170, 140, 100], np.float32) * dice.between(0.3, 1.2))
    top = faces[-1].corners
    for at, half in ((dice.between(0.35, 0.65), 0.008),):
        left, right = top[0] * (1 - at) + top[3] * at, top[1] * (1 - at) + top[2] * at
        off = (top[3] - top[0]) * half
        faces.append(Face("string", np.stack([left - off, right - off, right + off, left + off]), Y, string))
    return Staging("bundle", camera, faces, np.concatenate(extents), lies=True)


def _leaf(library: Library, dice: Dice) -> Texture:
    return tinted(dice, dice.pick(library.sheets))


def _above(dice: Dice) -> Camera:
    steep = max(30.0, 90 - abs(dice.bell(0, 20)))
    azimuth = dice.bell(0, 12) if dice.chance(0.6) else dice.between(-180, 180)
    roll = dice.bell(0, 4) if dice.chance(0.7) else dice.bell(0, 20)
    return Camera.looking(steep, azimuth, roll, dice.between(2.2, 10))


def _viewed(dice: Dice) -> tuple[Camera, Points3, bool]:
    """Return a camera, how the object's axes stand, and whether it lies."""
    view = dice.weighted({"above": 5, "front": 3, "back": 2})
    if view == "above":
        return _above(dice), LYING, True
    azimuth = dice.bell(0, 28) if view == "front" else 90 + dice.bell(0, 18)
    camera = Camera.looking(
        dice.between(-3, 28), -azimuth if view == "back" else azimuth, dice.bell(0, 3), dice.between(2.5, 10)
    )
    return camera, STANDING, False


def _sheet(width: float, height: float, turn: float, level: float) -> Points3:
    """Return the corners of a sheet that lies `level` above the ground, turned about its middle."""
    flat = np.asarray([[-width, -height], [width, -height], [width, height], [-width, height]]) / 2
    matrix = np.asarray([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    turned = flat @ matrix.T
    return np.stack([turned[:, 0], np.full(4, level), turned[:, 1]], 1)


#: How often each is shown.
UNSEEN: Final[dict[Arrangement, float]] = {
    clamshell_box: 4, slipcase: 4, ring_binder: 3, stapled_booklet: 3, folded_map: 3, round_cornered_album: 3,
    strapped_book: 3, spiral_notebook: 3, bundle: 2,
}  # fmt: skip
