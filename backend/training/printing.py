"""What is printed, tooled or glued on books and pages: letters, frames, ornaments, pictures, wear."""

from __future__ import annotations

import string
from typing import Final

import cv2
import numpy as np

from training.paint import Colour, Paint, Picture, Plane, blend, ink
from training.surfaces import clouds, patches, pattern, surface

_FONTS: Final = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
    cv2.FONT_HERSHEY_TRIPLEX,
    cv2.FONT_HERSHEY_SCRIPT_COMPLEX,
)


def word(paint: Paint, length: int) -> str:
    """Return random letters."""
    return "".join(paint.dice.pick(string.ascii_letters) for _ in range(length))


def title(paint: Paint, picture: Picture, colour: Colour, top: float, width: float) -> None:
    """Draw one to four large words, centred; `top` and `width` are shares of the picture's sides."""
    dice = paint.dice
    height_px, width_px = picture.shape[:2]
    font, baseline = dice.pick(_FONTS), top * height_px
    for _ in range(dice.whole(1, 4)):
        text = word(paint, dice.whole(2, 12))
        text = text.upper() if dice.chance(0.6) else text
        (span, tall), _below = cv2.getTextSize(text, font, 1, 1)
        scale = min(width * width_px / span, height_px * 0.2 / tall)
        baseline += tall * scale * 1.5
        if baseline > height_px:
            return
        place = (int(width_px / 2 - span * scale / 2), int(baseline))
        weight = max(1, int(scale * dice.pick([1, 1, 2, 3])))
        cv2.putText(picture, text, place, font, scale, ink(colour), weight, cv2.LINE_AA)


def text_lines(
    paint: Paint, picture: Picture, box: tuple[float, float, float, float], colour: Colour
) -> None:
    """Fill a box (left, top, right, bottom as shares) with lines of text: words as strokes, or letters."""
    dice = paint.dice
    rows, columns = picture.shape[:2]
    left, right = int(box[0] * columns), int(box[2] * columns)
    pitch = dice.pick([5, 6, 8, 11, 15])
    baseline = box[1] * rows + pitch
    while baseline < box[3] * rows:
        end = left + (right - left) * (1 if dice.chance(0.8) else dice.between(0.2, 1))
        _line(paint, picture, (left, baseline, end), pitch, colour)
        baseline += pitch * (dice.between(1.25, 1.6) if dice.chance(0.93) else 3)


def _line(
    paint: Paint, picture: Picture, span: tuple[float, float, float], pitch: int, colour: Colour
) -> None:
    dice = paint.dice
    left, baseline, end = span
    if pitch > 6:
        text = "".join(
            letter if dice.chance(0.85) else " "
            for letter in word(paint, max(1, int((end - left) / (pitch * 0.62))))
        )
        place = (int(left), int(baseline))
        cv2.putText(picture, text, place, dice.pick(_FONTS[:4]), pitch / 32, ink(colour), 1, cv2.LINE_AA)
        return
    at = float(left)
    while at < end:
        length = dice.whole(3, 14)
        shade = ink(colour * dice.between(0.9, 1.6) + dice.between(0, 60))
        stop = int(min(at + length, end))
        cv2.line(picture, (int(at), int(baseline)), (stop, int(baseline)), shade, max(1, pitch // 3))
        at += length + dice.whole(1, 3)


def ornament(
    paint: Paint, picture: Picture, centre: tuple[float, float], size_px: float, colour: Colour
) -> None:
    """Stamp a symmetric ornament, about twice `size_px` wide."""
    dice = paint.dice
    side = int(size_px)
    if side < 4:
        return
    quarter = paint.cloud(side, side, zoom=dice.between(0.5, 2))
    whole = np.concatenate([quarter, quarter[:, ::-1]], 1)
    whole = np.concatenate([whole, whole[::-1]], 0)
    low = dice.between(0.3, 0.6)
    ramp = np.abs(np.linspace(-1, 1, 2 * side, dtype=np.float32))
    power = dice.pick([1, 2])
    inside = ramp[:, None] ** power + ramp[None] ** power < 1
    stamp = ((whole > low) & (whole < low + dice.between(0.1, 0.5)) & inside).astype(np.float32)
    rows, columns = picture.shape[:2]
    top, left = int(centre[1] - side), int(centre[0] - side)
    y0, x0, y1, x1 = max(0, top), max(0, left), min(rows, top + 2 * side), min(columns, left + 2 * side)
    if y1 > y0 and x1 > x0:
        piece = stamp[y0 - top : y1 - top, x0 - left : x1 - left] * dice.between(0.4, 1)
        picture[y0:y1, x0:x1] = blend(piece, picture[y0:y1, x0:x1], colour)


def frames(paint: Paint, picture: Picture, colour: Colour) -> None:
    """Draw nested border lines (gilt or blind tooling), sometimes with corner pieces."""
    dice = paint.dice
    rows, columns = picture.shape[:2]
    inset = dice.between(0.01, 0.1) * columns
    for _ in range(dice.whole(1, 4)):
        corner = (int(columns - 1 - inset), int(rows - 1 - inset))
        weight = dice.pick([1, 1, 2, 3, 6])
        cv2.rectangle(picture, (int(inset), int(inset)), corner, ink(colour), weight, cv2.LINE_AA)
        inset += dice.between(0.01, 0.09) * columns
    if dice.chance(0.5):
        for x in (inset, columns - inset):
            for y in (inset, rows - inset):
                ornament(paint, picture, (x, y), columns * dice.between(0.04, 0.09), colour)


def illustration(paint: Paint, height: int, width: int) -> Picture:
    """Return a picture as covers carry them: a scene, a print, a portrait."""
    dice = paint.dice
    if dice.chance(0.25):
        picture = _landscape(paint, height, width)
    else:
        picture = dice.pick([patches, clouds, pattern, surface])(paint, height, width).copy()
    if dice.chance(0.45):
        _portrait(paint, picture)
    if dice.chance(0.2):
        # One colour only, as old photographs and engravings.
        grey = picture.mean(2, keepdims=True)
        picture = grey * (paint.colour("cream", "grey", "any") / 255)
    if dice.chance(0.5):
        picture = picture * (0.75 + 0.5 * paint.cloud(height, width))[..., None]
    return np.asarray(picture, np.float32)


def _landscape(paint: Paint, height: int, width: int) -> Picture:
    dice = paint.dice
    sky = np.broadcast_to(np.linspace(0, 1, height, dtype=np.float32)[:, None], (height, width))
    picture = blend(np.ascontiguousarray(sky), paint.colour(), paint.colour())
    x = np.arange(width)
    for _ in range(dice.whole(1, 4)):
        waves = np.sin(x / width * dice.between(2, 15) + dice.between(0, 6))
        y = height * (dice.between(0.4, 0.9) + dice.between(0.02, 0.2) * waves)
        hill = np.concatenate([np.stack([x, y], 1), [[width, height], [0, height]]]).astype(np.int32)
        cv2.fillPoly(picture, [hill], ink(paint.colour()))
    return picture


def _portrait(paint: Paint, picture: Picture) -> None:
    dice = paint.dice
    rows, columns = picture.shape[:2]
    size = min(rows, columns) * dice.between(0.1, 0.32)
    x, y = int(columns * dice.between(0.3, 0.7)), int(rows * dice.between(0.3, 0.6))
    coat = (int(size * 1.9), int(size * 1.7))
    cv2.ellipse(picture, (x, int(y + size * 2.6)), coat, 0, 0, 360, ink(paint.colour()), -1, cv2.LINE_AA)
    skin = ink(paint.colour("skin", "skin", "cream", "grey"))
    cv2.ellipse(picture, (x, y), (int(size * 0.75), int(size)), 0, 0, 360, skin, -1, cv2.LINE_AA)
    hair = (int(size * 0.85), int(size * 0.6))
    cv2.ellipse(
        picture, (x, int(y - size * 0.5)), hair, 0, 180, 360, ink(paint.colour("dark")), -1, cv2.LINE_AA
    )
    for side in (-1, 1):
        eye = (int(x + side * size * 0.3), y)
        cv2.circle(picture, eye, max(1, int(size * 0.07)), (20, 20, 20), -1, cv2.LINE_AA)


def edge_distance(height: int, width: int) -> Plane:
    """Return (height, width) distances to the nearest border, in pixels."""
    rows = np.minimum(np.arange(height), np.arange(height)[::-1])[:, None]
    columns = np.minimum(np.arange(width), np.arange(width)[::-1])[None]
    return np.minimum(rows, columns).astype(np.float32)


def wear(paint: Paint, picture: Picture) -> Picture:
    """Return the picture rubbed at its edges, scuffed, stained."""
    dice = paint.dice
    amount = dice.pick([0, 0, 0.3, 0.6, 1.0])
    if not amount:
        return picture
    rows, columns = picture.shape[:2]
    noise = paint.cloud(rows, columns, rough=0.8, zoom=dice.between(0.5, 1.5))
    rubbed = noise * dice.between(2, 12) * amount - edge_distance(rows, columns) * dice.between(0.4, 1)
    weight = np.clip(rubbed, 0, 1) * dice.between(0.2, 0.9)
    picture = blend(np.asarray(weight, np.float32), picture, paint.colour("cream", "leather", "grey"))
    if dice.chance(0.5 * amount):
        scuffs = np.clip(
            (paint.cloud(rows, columns, rough=0.9) - dice.between(0.6, 0.85)) * dice.between(3, 8), 0, 1
        )
        tone = np.asarray(picture.mean((0, 1)) * dice.pick([0.5, 1.6]), np.float32)
        picture = blend(np.asarray(scuffs * dice.between(0.1, 0.7), np.float32), picture, tone)
    if dice.chance(0.5):
        picture = picture * (1 + (paint.cloud(rows, columns) - 0.5) * dice.between(0, 0.6))[..., None]
    return np.asarray(picture, np.float32)
