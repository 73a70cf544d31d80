"""What is around a subject: the ground, furniture, clutter, things that touch it, hands, shadows."""

from __future__ import annotations

import math

import cv2
import numpy as np

from training.canvas import Canvas, Points, cover_with, darken, filled, paste
from training.dice import Dice
from training.library import SURFACE_SIDE, Library, tinted
from training.paint import Paint, Picture, Plane, as_weight
from training.surfaces import cloth, plain


def ground(library: Library, dice: Dice, side: int) -> Picture:
    """Return (side, side, 3): a surface, turned and seen from some distance, often in perspective."""
    texture = dice.pick(library.surfaces)
    zoom = 2 ** dice.between(-0.3, 2.2)
    angle = math.radians(dice.pick([0, 0, 90, dice.between(0, 360)]))
    half = side / 2
    turn = np.asarray([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    square = np.asarray([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half * zoom * 1.4
    if dice.chance(0.4):
        # The far side is narrower.
        square[:2, 0] *= dice.between(0.3, 1)
    quad = (square @ turn.T + half).astype(np.float32)
    source = np.asarray([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32) * SURFACE_SIDE
    matrix = cv2.getPerspectiveTransform(source, quad)
    warped = cv2.warpPerspective(
        texture, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
    )
    return np.asarray(warped, np.float32)


def half_plane(dice: Dice, side: int, tilt: float) -> Points:
    """Return a polygon that covers one side of a line through the picture; `tilt` in degrees is its sigma."""
    angle = math.radians(dice.bell(0, tilt) + dice.pick([0, 0, 90]))
    along = np.asarray([math.cos(angle), math.sin(angle)])
    across = np.asarray([-along[1], along[0]]) * dice.pick([-1, 1])
    at = np.asarray([dice.between(0.05, 0.95), dice.between(0.05, 0.95)]) * side
    reach = 3 * side
    return np.stack(
        [
            at - along * reach,
            at + along * reach,
            at + along * reach + across * reach,
            at - along * reach + across * reach,
        ]
    )


def furniture(canvas: Canvas, library: Library, dice: Dice) -> None:
    """Divide the background: a table's edge, a wall, a floor beyond."""
    for _ in range(dice.pick([0, 0, 1, 1, 2])):
        area = half_plane(dice, canvas.side, 12)
        if dice.chance(0.5):
            darken(canvas, area, dice.between(0.01, 0.05), dice.between(0.1, 0.5))
        weight = as_weight(filled(canvas.side, area))
        cover_with(canvas, ground(library, dice, canvas.side) * dice.between(0.4, 1.2), weight)


def clutter(canvas: Canvas, library: Library, paint: Paint, count: int) -> None:
    """Put things near the borders: papers, books, cups, cables."""
    dice, side = paint.dice, canvas.side
    for _ in range(count):
        along, depth = dice.between(0, side), dice.between(-0.1, 0.22) * side
        centre = dice.pick([(along, depth), (along, side - depth), (depth, along), (side - depth, along)])
        thing(canvas, library, paint, np.asarray(centre), side * dice.pick([0.05, 0.1, 0.15, 0.25, 0.35]))


def thing(canvas: Canvas, library: Library, paint: Paint, centre: Points, size: float) -> None:
    """Paint one object: a printed rectangle, a strip, a round or an angular shape, with its shadow."""
    dice, side = paint.dice, canvas.side
    kind = dice.weighted({"printed": 3, "strip": 1.5, "round": 3, "angular": 2})
    points = _shape(dice, kind, size) + centre
    darken(canvas, points + dice.bell(0, 0.015) * side, dice.between(0.004, 0.04), dice.between(0.1, 0.6))
    if kind == "printed":
        stock = dice.pick([library.covers, library.covers, library.sheets, library.spreads])
        paste(canvas, tinted(dice, dice.pick(stock)), points, dice.between(0.5, 1.1))
        return
    weight = as_weight(filled(side, points))
    shade = 1 + dice.between(-0.4, 0.4) * np.linspace(-1, 1, side, dtype=np.float32)[None, :, None]
    if dice.chance(0.6):
        cover_with(canvas, np.asarray(paint.colour() * shade, np.float32), weight)
    else:
        cover_with(canvas, np.asarray(ground(library, dice, side) * shade, np.float32), weight)
    if kind == "round" and dice.chance(0.5):
        inner = as_weight(filled(side, centre + (points - centre) * dice.between(0.4, 0.85)))
        cover_with(canvas, paint.colour(), inner * dice.between(0.4, 1))


def _shape(dice: Dice, kind: str, size: float) -> Points:
    turn = dice.between(0, 2 * math.pi)
    if kind in {"printed", "strip"}:
        ratio = dice.between(0.5, 1) if kind == "printed" else dice.between(0.04, 0.2)
        points = np.asarray([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * [size, size * ratio]
    elif kind == "round":
        angles = np.linspace(0, 2 * math.pi, 24, endpoint=False)
        points = np.stack([size * np.cos(angles), size * dice.between(0.4, 1) * np.sin(angles)], 1)
    else:
        angles = np.sort(dice.arrays.uniform(0, 2 * math.pi, dice.whole(3, 9)))
        points = (
            np.stack([np.cos(angles), np.sin(angles)], 1)
            * size
            * dice.arrays.uniform(0.4, 1, (len(angles), 1))
        )
    matrix = np.asarray([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    return np.asarray(points @ matrix.T, np.float64)


def touching_slab(canvas: Canvas, library: Library, paint: Paint, outline: Points) -> None:
    """Paint a dark or textured strip along one side of the subject, which is easily taken for its edge.

    Args:
        canvas: painted on before the subject.
        library: of textures.
        paint: dice and colours.
        outline: (n, 2) convex outline of the subject, in pixels.

    """
    dice, side = paint.dice, canvas.side
    index = dice.whole(0, len(outline) - 1)
    start, end = outline[index], outline[(index + 1) % len(outline)]
    along = (end - start) / (np.linalg.norm(end - start) + 1e-6)
    outwards = np.asarray([along[1], -along[0]])
    if (outline.mean(0) - start) @ outwards > 0:
        outwards = -outwards
    reach = dice.pick([0.0, 0.1, 3.0]) * side
    depth = dice.between(0.02, 0.12) * side if dice.chance(0.6) else 3.0 * side
    inside = -outwards * 0.1 * side
    first, last, outside = start - along * reach, end + along * reach, outwards * depth
    quad = np.stack([first + inside, last + inside, last + outside, first + outside])
    weight = as_weight(filled(side, quad))
    colour = paint.colour("dark", "dark", "wood", "leather", "grey")
    cover_with(
        canvas, colour if dice.chance(0.6) else ground(library, dice, side) * dice.between(0.2, 0.8), weight
    )


def hand(canvas: Canvas, paint: Paint, tip: Points, direction: Points) -> None:
    """Paint a hand and its sleeve, coming from `tip + direction` onwards and ending in fingers at `tip`."""
    dice, side = paint.dice, canvas.side
    ahead = direction / (np.linalg.norm(direction) + 1e-6)
    across = np.asarray([-ahead[1], ahead[0]])
    length, thick = side * dice.between(0.08, 0.24), max(3, int(side * dice.between(0.03, 0.065)))
    skin = np.zeros((side, side), np.uint8)
    fingers = dice.whole(1, 4)
    for index in range(fingers):
        start = tip + across * (index - (fingers - 1) / 2) * thick * 1.08 + ahead * dice.bell(0, 0.02) * side
        _limb(skin, start, start + ahead * (length + 0.05 * side), thick)
    palm = tip + ahead * (length + side * 0.1)
    _limb(skin, palm - ahead * 0.03 * side, palm + ahead * 0.08 * side, int(side * dice.between(0.14, 0.24)))
    _limb(skin, palm, palm + ahead * side * 1.5, int(side * dice.between(0.1, 0.18)))
    sleeve = np.zeros((side, side), np.uint8)
    if dice.chance(0.7):
        cuff = palm + ahead * side * dice.between(0.15, 0.4)
        _limb(
            sleeve, cuff + ahead * 0.1 * side, cuff + ahead * 1.5 * side, int(side * dice.between(0.2, 0.32))
        )
    shadow = as_weight(cv2.GaussianBlur(np.maximum(skin, sleeve), (0, 0), side * 0.02))
    canvas.pixels *= (1 - dice.between(0.1, 0.5) * shadow)[..., None]
    depth = cv2.distanceTransform((skin > 127).astype(np.uint8), cv2.DIST_L2, 3)
    roundness = 0.6 + 0.4 * np.clip(depth / (thick * 0.5), 0, 1)
    colour = paint.colour("skin") * (roundness * (1 + (paint.cloud(side, side) - 0.5) * 0.15))[..., None]
    cover_with(canvas, np.asarray(colour, np.float32), as_weight(skin))
    if sleeve.any():
        cover_with(canvas, dice.pick([cloth, plain])(paint, side, side), as_weight(sleeve))


def _limb(
    plane: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], start: Points, end: Points, thick: int
) -> None:
    side = plane.shape[0]
    first, last = (tuple(int(v) for v in np.clip(p, -3 * side, 4 * side)) for p in (start, end))
    cv2.line(plane, first, last, 255, thick, cv2.LINE_AA)


def pen(canvas: Canvas, paint: Paint, at: Points) -> None:
    """Lay a pen or a bookmark across."""
    dice, side = paint.dice, canvas.side
    angle, half = dice.between(0, math.pi), side * dice.between(0.08, 0.25)
    along = np.asarray([math.cos(angle), math.sin(angle)])
    across = np.asarray([-along[1], along[0]]) * side * dice.between(0.004, 0.02)
    quad = np.stack(
        [
            at - along * half - across,
            at + along * half - across,
            at + along * half + across,
            at - along * half + across,
        ]
    )
    darken(canvas, quad + side * 0.006, 0.006, dice.between(0.2, 0.5))
    cover_with(canvas, paint.colour(), as_weight(filled(side, quad)))


def light(dice: Dice, side: int) -> Plane:
    """Return an uneven illumination, about 1."""
    low = dice.normal(*(dice.pick([2, 2, 3, 4]),) * 2) * dice.between(0.05, 0.3)
    return np.exp(np.asarray(cv2.resize(low, (side, side), interpolation=cv2.INTER_CUBIC), np.float32))
