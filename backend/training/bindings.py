"""The faces of books: covers, spines, page edges, sheets and open spreads, as RGBA textures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from training.paint import Paint, Picture, ink, to_bytes
from training.printing import edge_distance, frames, illustration, ornament, text_lines, title, wear
from training.surfaces import cloth, clouds, marble, patches, pattern, plain

#: (height, width, 4) uint8: RGB and what of it is there.
Texture = NDArray[np.uint8]

_COVER_SIDE: Final = 256


def leather_cover(paint: Paint, height: int, width: int) -> Picture:
    """Return tooled leather."""
    dice = paint.dice
    colour = paint.colour("leather", "leather", "dark", "green", "blue", "red", "cream")
    skin = paint.cloud(height, width, rough=0.9, zoom=dice.between(0.6, 1.2)) - 0.5
    relief = skin * dice.between(0.1, 0.8) + (paint.cloud(height, width) - 0.5) * dice.between(0, 0.7)
    picture = np.asarray(colour * (1 + relief)[..., None], np.float32)
    gilt = paint.colour("gold") if dice.chance(0.75) else colour * dice.pick([0.5, 0.7, 1.4])
    if dice.chance(0.7):
        frames(paint, picture, gilt)
    if dice.chance(0.5):
        centre = (width / 2, height * dice.between(0.3, 0.7))
        ornament(paint, picture, centre, width * dice.between(0.08, 0.3), gilt)
    if dice.chance(0.45):
        title(paint, picture, gilt, dice.between(0.1, 0.6), dice.between(0.25, 0.8))
    return picture


def cloth_cover(paint: Paint, height: int, width: int) -> Picture:
    """Return cloth with a stamped title, sometimes with a mounted picture."""
    dice = paint.dice
    picture = cloth(
        paint, height, width, paint.colour("green", "blue", "red", "any", "dark", "light", "grey")
    )
    stamp = paint.colour("gold", "dark", "white", "any")
    if dice.chance(0.3):
        frames(paint, picture, stamp)
    if dice.chance(0.7):
        title(paint, picture, stamp, dice.between(0.05, 0.7), dice.between(0.25, 0.85))
    if dice.chance(0.25):
        top, left = dice.whole(0, height // 2), dice.whole(0, width // 2)
        picture[top : top + height // 2, left : left + width // 2] = illustration(
            paint, height // 2, width // 2
        )
    return picture


def jacket(paint: Paint, height: int, width: int) -> Picture:
    """Return a printed paper jacket: bands, pictures, large type."""
    dice = paint.dice
    if dice.chance(0.45):
        picture = illustration(paint, height, width).copy()
    else:
        picture = plain(paint, height, width, paint.colour())
        if dice.chance(0.75):
            top, bottom = int(height * dice.between(0, 0.5)), int(height * dice.between(0.55, 1))
            left = int(width * dice.pick([0, 0, dice.between(0, 0.2)]))
            picture[top:bottom, left : width - left] = illustration(paint, bottom - top, width - 2 * left)
    for _ in range(dice.whole(0, 2)):
        top = dice.whole(0, height)
        picture[top : top + dice.whole(4, 60)] = paint.colour()
    for _ in range(dice.whole(1, 3)):
        colour = paint.colour("white", "dark", "gold", "any")
        title(paint, picture, colour, dice.between(0, 0.85), dice.between(0.25, 0.9))
    if dice.chance(0.25):
        text_lines(paint, picture, (0.1, dice.between(0.3, 0.6), 0.9, 0.95), paint.colour("dark", "white"))
    return picture


def printed_sheet(paint: Paint, height: int, width: int) -> Picture:
    """Return paper: a letter, a form, a title page, a receipt."""
    dice = paint.dice
    picture = plain(paint, height, width, paint.colour("cream", "cream", "white", "white"))
    colour = paint.colour("dark")
    style = dice.weighted({"text": 4, "blocks": 4, "plate": 1, "large": 1.5})
    if style == "text":
        text_lines(paint, picture, (0.1, 0.08, 0.9, 0.93), colour)
    elif style == "blocks":
        top = 0.06
        while top < 0.9:
            bottom = top + dice.between(0.04, 0.25)
            text_lines(
                paint, picture, (dice.between(0.05, 0.3), top, dice.between(0.7, 0.95), bottom), colour
            )
            top = bottom + dice.between(0.02, 0.1)
        if dice.chance(0.4):
            ornament(paint, picture, (width / 2, height * dice.between(0.2, 0.8)), width * 0.1, colour)
    elif style == "plate":
        inset = int(width * dice.between(0.05, 0.15))
        picture[inset : height - inset, inset : width - inset] = illustration(
            paint, height - 2 * inset, width - 2 * inset
        )
    else:
        title(paint, picture, colour, dice.between(0.1, 0.5), dice.between(0.3, 0.9))
    if dice.chance(0.4):
        foxing = np.clip((paint.cloud(height, width) - 0.6) * dice.between(0.2, 1.5), 0, 0.5)
        picture *= 1 - foxing[..., None] * np.asarray([0.4, 0.7, 1], np.float32)
    return picture


def plain_cover(paint: Paint, height: int, width: int) -> Picture:
    """Return boards almost without print: white on white, dark on dark begin here."""
    dice = paint.dice
    picture = plain(
        paint, height, width, paint.colour("white", "white", "cream", "dark", "dark", "grey", "any")
    )
    if dice.chance(0.5):
        title(paint, picture, paint.colour(), dice.between(0.1, 0.7), dice.between(0.1, 0.5))
    if dice.chance(0.2):
        side = int(min(height, width) * dice.between(0.3, 0.7))
        top, left = dice.whole(0, height - side), dice.whole(0, width - side)
        picture[top : top + side, left : left + side] = illustration(paint, side, side)
    return picture


def half_binding(paint: Paint, height: int, width: int) -> Picture:
    """Return paper-covered boards with a leather back and corners."""
    dice = paint.dice
    picture = dice.pick([marble, clouds, cloth, pattern, patches])(paint, height, width).copy()
    leather = cloth(paint, height, width, paint.colour("leather", "dark", "green", "red"))
    back = int(width * dice.between(0.1, 0.35))
    picture[:, :back] = leather[:, :back]
    if dice.chance(0.6):
        leg = int(width * dice.between(0.1, 0.3))
        where = np.zeros((height, width), np.uint8)
        for y, towards in ((0, leg), (height, -leg)):
            cv2.fillPoly(
                where, [np.asarray([[width, y], [width - leg, y], [width, y + towards]], np.int32)], 1
            )
        picture[where > 0] = leather[where > 0]
    if dice.chance(0.6):
        cv2.line(picture, (back, 0), (back, height), ink(paint.colour("gold")), dice.pick([1, 1, 2]))
    if dice.chance(0.3):
        top, left = int(height * 0.15), int(width * 0.4)
        picture[top : top + height // 6, left : left + width // 2] = paint.colour("cream", "white", "gold")
    return picture


Binder = Callable[[Paint, int, int], Picture]
COVERS: Final[dict[Binder, float]] = {
    leather_cover: 5, cloth_cover: 4, jacket: 7, printed_sheet: 1.5, plain_cover: 4, half_binding: 3,
}  # fmt: skip


def cover(paint: Paint, binder: Binder | None = None) -> Texture:
    """Return one cover of any binding (or of the given one), worn, with worn corners."""
    dice = paint.dice
    aspect = dice.pick([0.6, 0.67, 0.7, 0.75, 0.8, 1.0, 1.4, dice.between(0.5, 1.6)])
    height = _COVER_SIDE if aspect < 1.1 else 192
    width = int(height * aspect)
    picture = (binder or dice.weighted(COVERS))(paint, height, width)
    if dice.chance(0.2):
        joint = int(width * dice.between(0.03, 0.1))
        picture[:, joint : joint + dice.whole(2, 6)] *= dice.between(0.6, 0.9)
    if dice.chance(0.12):
        top, left = dice.whole(0, height * 3 // 4), dice.whole(0, width * 2 // 3)
        picture[top : top + dice.whole(12, 60), left : left + dice.whole(12, 60)] = paint.colour()
    picture = wear(paint, picture)
    if dice.chance(0.35):
        bevel, light = dice.whole(1, 5), dice.between(0.6, 1.4)
        picture[:bevel] *= light
        picture[-bevel:] /= light
        picture[:, :bevel] *= light
        picture[:, -bevel:] /= light
    return np.dstack([to_bytes(picture), outline(paint, height, width)])


def spine(paint: Paint) -> Texture:
    """Return a back: raised bands and gilt, or a paper spine with a title along it."""
    dice = paint.dice
    height, width = _COVER_SIDE, dice.pick([24, 40, 56, 80])
    colour = paint.colour("leather", "leather", "dark", "green", "red", "any", "cream", "white")
    if dice.chance(0.5):
        picture = _banded(paint, cloth(paint, height, width, colour))
    else:
        picture = dice.pick([cloth, plain])(paint, height, width, colour).copy()
        if dice.chance(0.35):
            top = dice.whole(0, height // 2)
            picture[top : top + dice.whole(10, 100)] = paint.colour()
        along = np.ascontiguousarray(np.rot90(picture))
        title(paint, along, paint.colour(), dice.between(0, 0.4), dice.between(0.3, 0.8))
        picture = np.ascontiguousarray(np.rot90(along, -1))
    across = np.linspace(-1, 1, width, dtype=np.float32)
    roundness = (
        dice.between(0, 0.6) * np.abs(across) ** dice.between(1.5, 4) if dice.chance(0.8) else 0 * across
    )
    picture = picture * (1 - roundness + dice.between(-0.2, 0.2) * across)[None, :, None]
    shape = outline(paint, height, width) if dice.chance(0.3) else np.full((height, width), 255, np.uint8)
    return np.dstack([to_bytes(wear(paint, np.asarray(picture, np.float32))), shape])


def _banded(paint: Paint, picture: Picture) -> Picture:
    dice = paint.dice
    height, width = picture.shape[:2]
    gilt = paint.colour("gold") if dice.chance(0.8) else paint.colour("dark")
    bands = dice.pick([0, 4, 5, 5, 6])
    for band in range(bands):
        y, thick = int(height * (band + 1) / (bands + 1)), dice.whole(2, 5)
        picture[y - thick : y] *= dice.between(1.05, 1.5)
        picture[y : y + thick] *= dice.between(0.5, 0.9)
        if dice.chance(0.7):
            picture[y - thick - 2] = gilt
            picture[y + thick + 1] = gilt
        if dice.chance(0.4):
            ornament(paint, picture, (width / 2, y - height / (bands + 1) / 2), width * 0.2, gilt)
    for _ in range(dice.pick([0, 1, 1, 2])):
        top, tall = int(height * dice.between(0.1, 0.6)), dice.whole(20, 45)
        label = picture[top : top + tall]
        label[:] = paint.colour("leather", "dark", "red", "any")
        text_lines(paint, label, (0.1, 0.05, 0.9, 0.95), gilt)
    return picture


def page_edge(paint: Paint) -> Texture:
    """Return the edge of a block of pages, (48, 256, 4); its lines run along the width."""
    dice = paint.dice
    height, width = 48, _COVER_SIDE
    colour = (
        paint.colour("cream")
        if dice.chance(0.75)
        else paint.colour("gold", "leather", "any", "white", "grey")
    )
    lines = dice.normal(height, 1) * dice.between(0.03, 0.2)
    streaks = cv2.resize(paint.grain(height, 16), (width, height)) * dice.between(0, 0.12)
    relief = lines + streaks + (paint.cloud(height, width) - 0.5) * dice.between(0, 0.4)
    picture = np.asarray(colour * (1 + relief)[..., None], np.float32)
    if dice.chance(0.06):
        picture = 0.3 * picture + 0.7 * clouds(paint, height, width)
    return np.dstack([to_bytes(picture), np.full((height, width), 255, np.uint8)])


def outline(paint: Paint, height: int, width: int) -> NDArray[np.uint8]:
    """Return (height, width) uint8, 255 where the face is: rounded, nibbled or bumped corners."""
    dice = paint.dice
    shape = np.full((height, width), 255, np.uint8)
    if dice.chance(0.45):
        radius = max(1, int(min(height, width) * dice.pick([0.02, 0.03, 0.05, 0.1]) * dice.between(0.3, 1)))
        shape[:] = 0
        cv2.rectangle(shape, (radius, 0), (width - 1 - radius, height - 1), 255, -1)
        cv2.rectangle(shape, (0, radius), (width - 1, height - 1 - radius), 255, -1)
        for x in (radius, width - 1 - radius):
            for y in (radius, height - 1 - radius):
                cv2.circle(shape, (x, y), radius, 255, -1, cv2.LINE_AA)
    if dice.chance(0.2):
        noise = paint.cloud(height, width, rough=0.7, zoom=dice.between(0.5, 2))
        shape[noise * dice.between(1, 6) - 1.5 > edge_distance(height, width)] = 0
    if dice.chance(0.08):
        leg = min(height, width) * dice.between(0.03, 0.15)
        x, y = dice.pick([0, width]), dice.pick([0, height])
        inwards = (leg if x == 0 else -leg, leg if y == 0 else -leg)
        cut = np.asarray([[x, y], [x + inwards[0], y], [x, y + inwards[1]]]).astype(np.int32)
        cv2.fillPoly(shape, [cut], 0)
    return shape
