"""What a camera makes of a scene: exposure, colour cast, glare, low contrast, blur, noise, compression."""

from __future__ import annotations

import math
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from training.canvas import Canvas, cover_with, filled
from training.dice import Dice
from training.paint import Plane, as_weight, to_bytes
from training.surroundings import half_plane, light

_JPEG_QUALITY: Final = (25, 95)


def develop(canvas: Canvas, dice: Dice) -> NDArray[np.uint8]:
    """Return (S, S, 3) uint8: the canvas as photographed. Motion blurs the canvas's coverage as well."""
    side = canvas.side
    if dice.chance(0.18):
        _match_tones(canvas, dice)
    if dice.chance(0.15):
        _glare(canvas, dice)
    if dice.chance(0.75):
        canvas.pixels *= light(dice, side)[..., None]
    if dice.chance(0.15):
        _hard_shadow(canvas, dice)
    if dice.chance(0.3):
        ramp = np.linspace(-1, 1, side, dtype=np.float32) ** 2
        canvas.pixels *= (1 - dice.between(0.05, 0.5) * (ramp[:, None] + ramp[None]) / 2)[..., None]
    cast = 1 + 0.07 * dice.normal(3) if dice.chance(0.7) else dice.arrays.uniform(0.7, 1.3, 3)
    canvas.pixels *= (cast * dice.between(0.75, 1.2)).astype(np.float32)
    if dice.chance(0.3):
        middle, gain = dice.between(60, 190), dice.between(0.4, 1.3)
        canvas.pixels[:] = (canvas.pixels - middle) * gain + middle
    if dice.chance(0.3):
        canvas.pixels[:] = 255 * (np.clip(canvas.pixels, 0, 255) / 255) ** dice.between(0.6, 1.7)
    _blur(canvas, dice)
    if dice.chance(0.6):
        canvas.pixels += dice.normal(side, side, dice.pick([1, 3])) * dice.between(1, 9)
    return _compressed(to_bytes(canvas.pixels), dice)


def _match_tones(canvas: Canvas, dice: Dice) -> None:
    """Give the subject the background's mean colour: white on white, dark on dark."""
    inside = canvas.coverage > 127
    if not inside.any() or inside.all():
        return
    gap = canvas.pixels[~inside].mean(0) - canvas.pixels[inside].mean(0)
    shift = (gap * dice.between(0.6, 1.0) + dice.bell(0, 8)).astype(np.float32)
    canvas.pixels += shift * (as_weight(canvas.coverage))[..., None]


def _glare(canvas: Canvas, dice: Dice) -> None:
    side = canvas.side
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / side
    angle = dice.between(0, math.pi)
    dx, dy = x - dice.between(0, 1), y - dice.between(0, 1)
    along, across = dx * math.cos(angle) + dy * math.sin(angle), dy * math.cos(angle) - dx * math.sin(angle)
    spot = np.exp(-((along / dice.between(0.03, 0.3)) ** 2) - (across / dice.between(0.03, 0.3)) ** 2)
    canvas.pixels += (spot * dice.between(30, 200) * (canvas.coverage / 255))[..., None].astype(np.float32)


def _hard_shadow(canvas: Canvas, dice: Dice) -> None:
    """Darken one side of a line across everything: a window's light, the photographer's shadow."""
    area = as_weight(filled(canvas.side, half_plane(dice, canvas.side, 60)))
    soft = np.asarray(cv2.GaussianBlur(area, (0, 0), dice.between(0.7, 8)), np.float32)
    canvas.pixels *= (1 - dice.between(0.2, 0.65) * soft)[..., None]


def _blur(canvas: Canvas, dice: Dice) -> None:
    if dice.chance(0.1):
        shake(canvas, dice)
    if dice.chance(0.55):
        canvas.pixels = np.asarray(
            cv2.GaussianBlur(
                canvas.pixels, (0, 0), dice.between(0.3, 1.0) if dice.chance(0.8) else dice.between(1, 2.2)
            ),
            np.float32,
        )
    elif dice.chance(0.3):
        soft = cv2.GaussianBlur(canvas.pixels, (0, 0), 1.0)
        canvas.pixels = np.asarray(
            canvas.pixels + dice.between(0.3, 1.2) * (canvas.pixels - soft), np.float32
        )


def shake(canvas: Canvas, dice: Dice) -> None:
    """Blur by motion, the coverage too: held in a hand, only the subject moves; else the camera does."""
    kernel = _motion(dice, canvas.side)
    moved = np.asarray(cv2.filter2D(canvas.pixels, -1, kernel, borderType=cv2.BORDER_REPLICATE), np.float32)
    canvas.coverage = np.asarray(
        cv2.filter2D(canvas.coverage, -1, kernel, borderType=cv2.BORDER_REPLICATE), np.uint8
    )
    if dice.chance(0.6):
        near = cv2.GaussianBlur(cv2.dilate(canvas.coverage, np.ones((5, 5), np.uint8)), (0, 0), 1.5)
        cover_with(canvas, moved, as_weight(near))
    else:
        canvas.pixels = moved


def _motion(dice: Dice, side: int) -> Plane:
    length = max(3, int(side * dice.between(0.01, 0.06)))
    size = 2 * length + 1
    kernel = np.zeros((size, size), np.float32)
    angle = dice.between(0, math.pi)
    reach = (length / 2 * math.cos(angle), length / 2 * math.sin(angle))
    start, end = (
        (int(length - reach[0]), int(length - reach[1])),
        (int(length + reach[0]), int(length + reach[1])),
    )
    cv2.line(kernel, start, end, 1.0, 1, cv2.LINE_AA)
    return np.asarray(kernel / kernel.sum(), np.float32)


def _compressed(picture: NDArray[np.uint8], dice: Dice) -> NDArray[np.uint8]:
    if dice.chance(0.35):
        return picture
    quality = int(dice.between(*_JPEG_QUALITY))
    _, data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.ascontiguousarray(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)[..., ::-1])
