"""Pictures without a single book to cut out: shelves, rows, rooms, many things, pages that fill the frame."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from training.canvas import Canvas, cover_with, darken, filled, paste
from training.library import Library, aspect, tinted
from training.paint import Paint, as_weight, to_bytes
from training.spreads import page
from training.surroundings import clutter, furniture, ground, thing


def shelf(canvas: Canvas, library: Library, paint: Paint) -> None:
    """Fill the picture with rows of books between boards, the whole a little turned."""
    dice, side = paint.dice, canvas.side
    rows = dice.pick([1, 1, 2, 3, 4, 6])
    turn = math.radians(dice.bell(0, 4))
    pitch = side * 1.3 / rows
    board = pitch * dice.between(0.02, 0.12)
    wood, inside = ground(library, dice, side), paint.colour("dark", "wood", "white", "any")
    cover_with(canvas, inside * dice.between(0.3, 1), np.ones((side, side), np.float32))
    for row in range(rows + 1):
        base = -0.15 * side + (row + 1) * pitch
        books = Row((-0.2 * side, 1.2 * side), base, (pitch - board) * dice.between(0.7, 0.98), turn)
        _books(canvas, library, paint, books)
        plank = _turned(_rectangle(-side, base, 2 * side, base + board), turn, side)
        cover_with(canvas, wood * dice.between(0.6, 1.2), as_weight(filled(side, plank)))


def spine_row(canvas: Canvas, library: Library, paint: Paint) -> None:
    """Stand many different books side by side before a wall, with or without room at the ends."""
    dice, side = paint.dice, canvas.side
    furniture(canvas, library, dice)
    turn, height = math.radians(dice.bell(0, 3)), side * dice.between(0.5, 1.25)
    base = side / 2 + height / 2 + side * dice.between(-0.1, 0.15)
    low, high = dice.between(-0.2, 0.15) * side, dice.between(0.85, 1.2) * side
    if dice.chance(0.6):
        table = _turned(
            _rectangle(-side, base - side * dice.between(0, 0.05), 2 * side, 3 * side), turn, side
        )
        cover_with(canvas, ground(library, dice, side), as_weight(filled(side, table)))
    darken(
        canvas, _turned(_rectangle(low, base - 0.03 * side, high, base + 0.03 * side), turn, side), 0.02, 0.4
    )
    _books(canvas, library, paint, Row((low, high), base, height, turn))


def bookcase_room(canvas: Canvas, library: Library, paint: Paint) -> None:
    """Show a room with furniture and small rows of books far away."""
    dice, side = paint.dice, canvas.side
    furniture(canvas, library, dice)
    for _ in range(dice.whole(2, 6)):
        left, width = dice.between(-0.1, 0.6) * side, dice.between(0.25, 0.7) * side
        base, height = dice.between(0.2, 0.95) * side, dice.between(0.08, 0.22) * side
        plank = _rectangle(left, base, left + width, base + 0.02 * side)
        darken(canvas, plank + 0.02 * side, 0.02, 0.4)
        cover_with(canvas, paint.colour("wood", "white", "dark"), as_weight(filled(side, plank)))
        _books(canvas, library, paint, Row((left, left + width * dice.between(0.4, 1)), base, height, 0.0))
    clutter(canvas, library, paint, dice.whole(2, 8))


def many_things(canvas: Canvas, library: Library, paint: Paint) -> None:
    """Lay out many objects of like size, none of them the subject."""
    dice, side = paint.dice, canvas.side
    if dice.chance(0.5):
        cover_with(canvas, paint.colour("white", "light", "grey", "wood"), np.ones((side, side), np.float32))
    cells = dice.whole(3, 5)
    pitch = side / (cells - 0.5)
    for row in range(cells):
        for column in range(cells):
            if dice.chance(0.2):
                continue
            place = (np.asarray([column, row]) + dice.arrays.uniform(-0.3, 0.3, 2)) * pitch
            thing(canvas, library, paint, place, pitch * dice.between(0.25, 0.6))
    for _ in range(dice.pick([0, 0, 1, 2, 3])):
        thing(canvas, library, paint, dice.arrays.uniform(0, side, 2), side * dice.between(0.15, 0.4))


def several_books(canvas: Canvas, library: Library, paint: Paint) -> None:
    """Lay out four or more books or papers of like size, apart from each other."""
    dice, side = paint.dice, canvas.side
    columns, rows = dice.pick([(2, 2), (3, 2), (3, 3), (4, 2), (4, 3)])
    for row in range(rows):
        for column in range(columns):
            texture = tinted(dice, dice.pick(library.covers if dice.chance(0.7) else library.sheets))
            centre = np.asarray(
                [(column + 0.5) / columns, (row + 0.5) / rows]
            ) * side + 0.02 * side * dice.normal(2)
            height = side / max(rows, 1) * dice.between(0.55, 0.85)
            width = min(height * aspect(texture), side / columns * 0.9)
            box = _rectangle(-width / 2, -height / 2, width / 2, height / 2)
            quad = _turned(box, math.radians(dice.bell(0, 6)), 0) + centre
            darken(canvas, quad + 0.015 * side * dice.normal(2), 0.015, dice.between(0.2, 0.5))
            paste(canvas, texture, quad, dice.between(0.7, 1.1))


def full_page(canvas: Canvas, library: Library, paint: Paint) -> None:
    """Fill the frame with a page of an open book; a strip of edge or table may show at one or two sides."""
    dice, side = paint.dice, canvas.side
    picture = dice.pick(library.pages) if dice.chance(0.8) else page(paint, 320, 240)
    across = np.linspace(0, 1, picture.shape[1], dtype=np.float32)
    gutter = 1 - dice.between(0, 0.6) * np.exp(-across / dice.between(0.03, 0.2))
    texture = np.dstack(
        [to_bytes(picture * gutter[None, :, None]), np.full(picture.shape[:2], 255, np.uint8)]
    )
    if dice.chance(0.5):
        texture = np.ascontiguousarray(texture[:, ::-1])
    low = -np.abs(dice.normal(2)) * 0.08
    high = 1 + np.abs(dice.normal(2)) * 0.08
    for bound in (low, high):
        if dice.chance(0.45):
            # The page ends just inside the frame here.
            bound[dice.whole(0, 1)] = dice.between(0.005, 0.05) if bound is low else dice.between(0.95, 0.995)
    quad = _turned(_rectangle(*(low * side), *(high * side)), math.radians(dice.bell(0, 2)), side)
    under = quad + dice.bell(0, 0.02) * side
    paste(canvas, dice.pick(library.edges), under, dice.between(0.6, 1))
    paste(canvas, texture, quad + side * 0.01 * dice.normal(4, 2), dice.between(0.7, 1.1))


def other_thing(canvas: Canvas, library: Library, paint: Paint) -> None:
    """Show one object that is no book: something round, bent or cut out irregularly."""
    dice, side = paint.dice, canvas.side
    furniture(canvas, library, dice)
    centre = np.asarray([dice.between(0.35, 0.65), dice.between(0.35, 0.65)]) * side
    angles = np.linspace(0, 2 * math.pi, 40, endpoint=False)
    size = side * dice.between(0.15, 0.42)
    radii = 1 + sum(
        dice.between(0, 0.3) / k * np.sin(k * angles + dice.between(0, 6)) for k in range(1, dice.whole(2, 7))
    )
    points = (
        np.stack([np.cos(angles) * radii * size, np.sin(angles) * radii * size * dice.between(0.4, 1)], 1)
        + centre
    )
    darken(canvas, points + 0.03 * side * dice.normal(2), dice.between(0.01, 0.05), dice.between(0.1, 0.6))
    weight = as_weight(filled(side, points))
    colour = paint.colour() * (0.6 + 0.8 * paint.cloud(side, side, rough=0.2))[..., None]
    cover_with(canvas, np.asarray(colour, np.float32), weight)
    for _ in range(dice.whole(0, 5)):
        part = centre + (points - centre) * dice.between(0.1, 0.5) + dice.normal(2) * size * 0.3
        cover_with(canvas, paint.colour(), as_weight(filled(side, part)) * weight)


def bare(canvas: Canvas, library: Library, paint: Paint) -> None:
    """Show a surface, a floor, a wall, with at most some clutter."""
    furniture(canvas, library, paint.dice)
    clutter(canvas, library, paint, paint.dice.pick([0, 1, 3, 8]))


@dataclass(frozen=True, slots=True)
class Row:
    """Where a row of books stands; pixels, before the whole is turned."""

    span: tuple[float, float]
    #: y of the line they stand on.
    base: float
    height: float
    #: In radians, about the picture's middle.
    turn: float


def _books(
    canvas: Canvas,
    library: Library,
    paint: Paint,
    row: Row,
) -> None:
    """Stand different backs side by side."""
    dice, side = paint.dice, canvas.side
    span, base, height, turn = row.span, row.base, row.height, row.turn
    at = span[0]
    uniform = dice.chance(0.25)
    texture, tall, thick = dice.pick(library.spines), 1.0, dice.between(0.08, 0.22)
    while at < span[1]:
        if not uniform:
            texture, tall, thick = (
                dice.pick(library.spines),
                dice.between(0.65, 1.0),
                dice.between(0.05, 0.26),
            )
        width = max(2.0, thick * height)
        lean = dice.bell(0, 0.08) * height if dice.chance(0.06) else 0.0
        box = _rectangle(at, base - tall * height, at + width, base)
        box[:2, 0] += lean
        paste(canvas, tinted(dice, texture), _turned(box, turn, side), dice.between(0.6, 1.1))
        gap = np.stack([box[1], box[1] + [width * 0.06, 0], box[2] + [width * 0.06, 0], box[2]])
        darken(canvas, _turned(gap, turn, side), 0.004, dice.between(0.2, 0.7))
        at += width * 1.02 + abs(lean) + (dice.between(0, 0.3) * height if dice.chance(0.04) else 0)
    if dice.chance(0.25):
        # One laid on top.
        top = base - height * dice.between(0.98, 1.05)
        lying = _rectangle(span[0] + 0.1 * height, top - 0.15 * height, span[0] + 1.1 * height, top)
        paste(canvas, np.ascontiguousarray(np.rot90(texture)), _turned(lying, turn, side), 0.8)


def _rectangle(
    left: float, top: float, right: float, bottom: float
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.asarray([[left, top], [right, top], [right, bottom], [left, bottom]], np.float64)


def _turned(
    points: np.ndarray[tuple[int, ...], np.dtype[np.float64]], turn: float, side: float
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Return the points turned about the middle of a canvas with this side."""
    matrix = np.asarray([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    return np.asarray((points - side / 2) @ matrix.T + side / 2, np.float64)


Negative = Callable[[Canvas, Library, Paint], None]
#: How often each kind is rendered.
NEGATIVES: Final[dict[Negative, float]] = {
    shelf: 6, spine_row: 6, bookcase_room: 3, many_things: 6, several_books: 2, full_page: 5, other_thing: 2,
    bare: 2,
}  # fmt: skip
