"""What things lie on and stand before: wood, cloth, stone, paper, tiles, rooms out of focus."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np

from training.paint import Colour, Paint, Picture, blend, ink


def plain(paint: Paint, height: int, width: int, colour: Colour | None = None) -> Picture:
    """Return an even surface, slightly clouded or grainy."""
    dice = paint.dice
    base = (
        paint.colour("white", "white", "grey", "cream", "any", "dark", "light") if colour is None else colour
    )
    relief = (paint.cloud(height, width) - 0.5) * dice.pick([0, 0.03, 0.08, 0.2])
    relief = relief + paint.grain(height, width) * dice.pick([0, 0, 0.01, 0.03])
    return np.asarray(base * (1 + relief)[..., None], np.float32)


def cloth(paint: Paint, height: int, width: int, colour: Colour | None = None) -> Picture:
    """Return woven stuff."""
    dice = paint.dice
    base = paint.colour() if colour is None else colour
    warp = np.sin(np.arange(height, dtype=np.float32) * dice.between(0.5, 2.8))[:, None]
    weft = np.sin(np.arange(width, dtype=np.float32) * dice.between(0.5, 2.8))[None]
    weave = (warp * weft if dice.chance(0.5) else (warp + weft) / 2) * dice.between(0.02, 0.15)
    relief = weave + paint.grain(height, width) * dice.between(0.01, 0.1)
    relief = relief + (paint.cloud(height, width) - 0.5) * dice.between(0, 0.5)
    return np.asarray(base * (1 + relief)[..., None], np.float32)


def folds(paint: Paint, height: int, width: int) -> Picture:
    """Return cloth in folds, lit from one side."""
    dice = paint.dice
    relief = paint.cloud(height, width, rough=dice.between(0, 0.4), zoom=dice.between(1.5, 5))
    if dice.chance(0.5):
        relief = np.abs(relief - 0.5)
    relief = np.asarray(cv2.GaussianBlur(relief, (0, 0), dice.between(1, 6)), np.float32)
    angle = dice.between(0, 2 * np.pi)
    slope = np.cos(angle) * cv2.Sobel(relief, cv2.CV_32F, 1, 0) + np.sin(angle) * cv2.Sobel(
        relief, cv2.CV_32F, 0, 1
    )
    slope = slope / (slope.std() + 1e-6) * dice.between(0.03, 0.28)
    return np.asarray(cloth(paint, height, width) * np.clip(1 + slope, 0.1, 2)[..., None], np.float32)


def wood(paint: Paint, height: int, width: int) -> Picture:
    """Return boards with grain."""
    dice = paint.dice
    narrow = paint.cloud(height, max(8, width // dice.pick([6, 10, 20, 40])), zoom=dice.pick([0.6, 1, 2]))
    streaks = np.asarray(cv2.resize(narrow, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)
    if dice.chance(0.7):
        rows = np.linspace(0, 1, height, dtype=np.float32)[:, None] * dice.between(3, 25)
        phase = rows + dice.between(0.3, 3) * paint.cloud(height, width, zoom=dice.between(2, 5))
        rings = np.sin(2 * np.pi * phase) * 0.5 + 0.5
        streaks = np.asarray(streaks * dice.between(0.3, 0.8) + rings * dice.between(0.1, 0.6), np.float32)
    colour = paint.colour("wood", "wood", "wood", "wood", "grey", "dark")
    board = blend(streaks, colour * dice.between(0.35, 0.85), colour)
    if dice.chance(0.6):
        pitch = height // dice.whole(2, 9) + 1
        for top in range(0, height, pitch):
            board[top : top + pitch] *= dice.between(0.75, 1.15)
            board[top : top + dice.whole(1, 3)] *= dice.between(0.2, 0.8)
    return board


def marble(paint: Paint, height: int, width: int) -> Picture:
    """Return veined stone, or the marbled paper of old bindings."""
    dice = paint.dice
    rows = np.linspace(0, dice.between(0, 4), height, dtype=np.float32)[:, None]
    columns = np.linspace(0, dice.between(0, 4), width, dtype=np.float32)[None]
    phase = rows + columns + dice.between(1, 6) * paint.cloud(height, width)
    veins = 1 - np.abs(np.sin(2 * np.pi * phase)) ** dice.between(0.2, 1)
    stone, vein = paint.colour("white", "grey", "dark", "any", "cream"), paint.colour()
    return blend(np.asarray(veins, np.float32), stone, vein)


def clouds(paint: Paint, height: int, width: int) -> Picture:
    """Return three colours mixed by noise: stone, carpet, blurred distance."""
    dice = paint.dice
    low, middle, high = paint.palette(3)
    mixed = blend(paint.cloud(height, width), low, middle)
    edge = np.clip((paint.cloud(height, width) - dice.between(0.3, 0.6)) * dice.between(1, 8), 0, 1)
    return blend(np.asarray(edge, np.float32), mixed, high)


def patches(paint: Paint, height: int, width: int) -> Picture:
    """Return overlapping flat shapes of falling size (a "dead leaves" picture: edges at every scale)."""
    dice = paint.dice
    palette = paint.palette(dice.whole(3, 9))
    picture = np.empty((height, width, 3), np.float32)
    picture[:] = dice.pick(palette)
    count, largest = int(2 ** dice.between(4, 7)), max(height, width) * dice.between(0.15, 0.6)
    for index in range(count):
        size = max(2.0, largest * (1 - index / count) ** 1.5 * dice.between(0.2, 1))
        centre = (dice.whole(0, width), dice.whole(0, height))
        shade = ink(dice.pick(palette), dice.between(0.7, 1.2))
        if dice.chance(0.4):
            axes = (int(size), int(size * dice.between(0.2, 1)))
            cv2.ellipse(picture, centre, axes, dice.between(0, 360), 0, 360, shade, -1, cv2.LINE_AA)
        else:
            corners = dice.whole(3, 7)
            angles = np.sort(dice.arrays.uniform(0, 2 * np.pi, corners))
            radii = size * dice.arrays.uniform(0.4, 1, corners)
            points = np.stack([centre[0] + radii * np.cos(angles), centre[1] + radii * np.sin(angles)], 1)
            cv2.fillPoly(picture, [points.astype(np.int32)], shade, cv2.LINE_AA)
    return picture


def pattern(paint: Paint, height: int, width: int) -> Picture:
    """Return a tile repeated: checks, stripes, prints."""
    dice = paint.dice
    rows, columns = dice.whole(10, 100), dice.whole(10, 100)
    if dice.chance(0.5):
        tile = patches(paint, rows, columns)
    else:
        ground, first, second = paint.palette(3)
        tile = np.empty((rows, columns, 3), np.float32)
        tile[:] = ground
        tile[: int(rows * dice.between(0.2, 0.8))] = first
        stripe = int(columns * dice.between(0.1, 0.8))
        tile[:, :stripe] = (tile[:, :stripe] + second) / 2
    if dice.chance(0.4):
        tile = np.concatenate([tile, tile[:, ::-1]], 1)
    repeats = (height // tile.shape[0] + 1, width // tile.shape[1] + 1, 1)
    return np.tile(tile, repeats)[:height, :width].copy()


def tiles(paint: Paint, height: int, width: int) -> Picture:
    """Return tiles or planks with joints."""
    dice = paint.dice
    floor = dice.pick([plain, marble, wood])(paint, height, width)
    rows, columns = dice.whole(20, 160), dice.whole(20, 160)
    joint, depth = dice.whole(1, 4), dice.between(0.4, 1.3)
    for top in range(dice.whole(0, rows), height, rows):
        floor[top : top + joint] *= depth
    for left in range(dice.whole(0, columns), width, columns):
        floor[:, left : left + joint] *= depth
    return floor


def room(paint: Paint, height: int, width: int) -> Picture:
    """Return furniture before a wall, out of focus."""
    dice = paint.dice
    picture = plain(paint, height, width)
    floor = int(height * dice.between(0.3, 0.7))
    picture[floor:] = dice.pick([wood, plain, cloth])(paint, height, width)[floor:]
    for _ in range(dice.whole(2, 9)):
        left, breadth, tall = dice.whole(-40, width), dice.whole(10, width // 2), dice.whole(10, height // 2)
        top = dice.pick([floor - tall, floor - tall // 2, dice.whole(0, height)])
        cv2.rectangle(picture, (left, top), (left + breadth, top + tall), ink(paint.colour()), -1)
        picture[max(0, top) : max(0, top + tall), max(0, left) : max(0, left + breadth // 6)] *= dice.between(
            0.5, 1.4
        )
    picture *= (0.7 + 0.6 * paint.cloud(height, width, rough=0.1, zoom=4))[..., None]
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), dice.between(0.8, 6)), np.float32)


Surface = Callable[[Paint, int, int], Picture]
#: How often each surface is met.
SURFACES: Final[dict[Surface, float]] = {
    plain: 5, wood: 6, cloth: 4, folds: 3, marble: 2, clouds: 2, patches: 1.5, pattern: 2, tiles: 1, room: 2,
}  # fmt: skip


def surface(paint: Paint, height: int, width: int) -> Picture:
    """Return any surface, sometimes blurred."""
    picture = paint.dice.weighted(SURFACES)(paint, height, width)
    if paint.dice.chance(0.25):
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), paint.dice.between(0.6, 5)), np.float32)
    return picture
