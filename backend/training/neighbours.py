"""Flat things that touch the subject from beneath or behind: mats, panels, ledges, cables, its reflection.

They are what a mask most easily takes along, so half of them have the subject's own tone. None counts as the
subject. All are painted before it, and know it by its outline.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from training.arrangements import Staging
from training.camera import Framing
from training.canvas import Canvas, Points, cover_with, darken, filled, paste, paste_subject
from training.library import Library, tinted
from training.paint import Colour, Paint, Picture, as_weight, ink
from training.surroundings import ground

#: Farther than any frame, in sides.
_BEYOND: Final = 3.0


@dataclass(frozen=True, slots=True)
class Subject:
    """What a neighbour knows of the subject."""

    #: (n, 2), convex, in pixels.
    outline: Points
    #: Its mean colour.
    tone: Colour

    @classmethod
    def of(cls, staging: Staging, outline: Points) -> Subject:
        """Return the subject of a staging; its nearest face has the tone."""
        texture = staging.faces[-1].texture if staging.faces else np.full((1, 1, 4), 128, np.uint8)
        tone = texture[::4, ::4, :3].reshape(-1, 3).mean(0)
        return cls(outline, np.asarray(tone, np.float32))


def mat(canvas: Canvas, library: Library, paint: Paint, subject: Subject) -> None:
    """Lay something larger beneath: a sheet, a mat, a tray, a board, a box's lid."""
    dice, side = paint.dice, canvas.side
    box = cv2.boxPoints(cv2.minAreaRect(subject.outline.astype(np.float32))).astype(np.float64)
    centre = box.mean(0)
    first, second = (box[1] - box[0]) / 2, (box[2] - box[1]) / 2
    turn = dice.bell(0, 2) if dice.chance(0.6) else dice.bell(0, 12)
    first, second = _turned(_longer(first, 1.0), turn), _turned(_longer(second, 1.0), turn)
    half = np.linalg.norm(box[1] - box[0]) / 2, np.linalg.norm(box[2] - box[1]) / 2
    left, right, top, bottom = (_margin(paint) * side for _ in range(4))
    quad = np.stack(
        [
            centre - first * (half[0] + left) - second * (half[1] + top),
            centre + first * (half[0] + right) - second * (half[1] + top),
            centre + first * (half[0] + right) + second * (half[1] + bottom),
            centre - first * (half[0] + left) + second * (half[1] + bottom),
        ]
    )
    _slab(canvas, library, paint, subject, quad + dice.normal(4, 2) * 0.01 * side)


def beside(canvas: Canvas, library: Library, paint: Paint, subject: Subject) -> None:
    """Lay something along one side of the subject, shorter or longer than it, that just touches."""
    dice, side = paint.dice, canvas.side
    start, end, outwards = _side(paint, subject.outline)
    along = end - start
    low, high = dice.between(-0.4, 0.6), dice.between(0.4, 1.4)
    depth = side * (dice.between(0.03, 0.2) if dice.chance(0.5) else dice.between(0.2, 0.8))
    # Reaching under the subject, or leaving the narrowest of gaps.
    inside = outwards * side * dice.between(-0.15, 0.008)
    first, last = start + along * low + inside, start + along * high + inside
    tilt = _turned(outwards, dice.bell(0, 4))
    quad = np.stack([first, last, last + tilt * depth, first + tilt * depth])
    if dice.chance(0.25):
        darken(canvas, quad + 0.01 * side * dice.normal(2), dice.between(0.004, 0.03), dice.between(0.1, 0.5))
        paste(canvas, tinted(dice, dice.pick(library.sheets)), quad, dice.between(0.5, 1.1))
        return
    _slab(canvas, library, paint, subject, quad)


def panel(canvas: Canvas, library: Library, paint: Paint, subject: Subject) -> None:
    """Show a framed thing behind: a picture on the wall, a screen, a window, a cupboard's door."""
    dice, side = paint.dice, canvas.side
    size = side * dice.arrays.uniform(0.2, 0.65, 2)
    centre = subject.outline.mean(0) + dice.normal(2) * 0.25 * side
    turn = dice.bell(0, 3)
    corners = (np.asarray([[-1, -1], [1, -1], [1, 1], [-1, 1]]) + 0.03 * dice.normal(4, 2)) * size
    quad = np.stack([_turned(corner, turn) for corner in corners]) + centre
    darken(canvas, quad + dice.bell(0, 0.02) * side, dice.between(0.006, 0.04), dice.between(0.1, 0.5))
    is_pale = dice.chance(0.6)
    frame = paint.colour("white", "light", "cream") if is_pale else _tone(paint, subject)
    cover_with(canvas, frame * dice.between(0.8, 1.05), as_weight(filled(side, quad)))
    inner = centre + (quad - centre) * (1 - side * dice.between(0.02, 0.12) / size.max())
    if dice.chance(0.5):
        stock = dice.pick([library.covers, library.spreads, library.sheets])
        paste(canvas, tinted(dice, dice.pick(stock)), inner, dice.between(0.5, 1.05))
    else:
        cover_with(canvas, _stuff(canvas, library, paint, subject), as_weight(filled(side, inner)))


def ledge(canvas: Canvas, library: Library, paint: Paint, subject: Subject) -> None:
    """Let a table end along one side of the subject, or just beneath it."""
    dice, side = paint.dice, canvas.side
    start, end, outwards = _side(paint, subject.outline)
    along = _longer(_turned(end - start, dice.bell(0, 2)), _BEYOND * side)
    middle = (start + end) / 2 + outwards * side * dice.bell(0, 0.03)
    beyond = outwards * _BEYOND * side
    front = outwards * side * dice.between(0.005, 0.08)
    area = np.stack([middle - along, middle + along, middle + along + beyond, middle - along + beyond])
    cover_with(canvas, _stuff(canvas, library, paint, subject), as_weight(filled(side, area)))
    if dice.chance(0.6):
        # The table's own thickness.
        strip = np.stack([middle - along, middle + along, middle + along + front, middle - along + front])
        colour = _tone(paint, subject) if dice.chance(0.5) else paint.colour()
        cover_with(canvas, colour, as_weight(filled(side, strip)))
    if dice.chance(0.5):
        darken(canvas, area + front, dice.between(0.004, 0.03), dice.between(0.1, 0.5))


def cable(canvas: Canvas, _library: Library, paint: Paint, subject: Subject) -> None:
    """Lay cables or straps about, which vanish under the subject."""
    dice, side = paint.dice, canvas.side
    for _ in range(dice.pick([1, 1, 2])):
        start, end, outwards = _side(paint, subject.outline)
        near = start + (end - start) * dice.between(0, 1) - outwards * side * 0.05
        middle = near + outwards * side * dice.between(0, 0.3) + dice.normal(2) * 0.15 * side
        far = near + outwards * side * dice.between(0.2, 1) + dice.normal(2) * 0.4 * side
        share = np.linspace(0, 1, 24)[:, None]
        curve = (1 - share) ** 2 * near + 2 * share * (1 - share) * middle + share**2 * far
        thick = max(1, int(side * dice.between(0.004, 0.025)))
        colour = paint.colour("dark", "dark", "white", "grey", "any")
        line = [np.round(curve * 16).astype(np.int32).reshape(-1, 1, 2)]
        shadow = [line[0] + int(16 * side * dice.bell(0, 0.008))]
        plane = np.zeros((side, side), np.uint8)
        cv2.polylines(
            plane, shadow, isClosed=False, color=255, thickness=thick, lineType=cv2.LINE_AA, shift=4
        )
        canvas.pixels *= (1 - dice.between(0.1, 0.5) * as_weight(plane))[..., None]
        for tone, width in ((0.8, thick), (1.3, max(1, thick // 3))):
            cv2.polylines(canvas.pixels, line, False, ink(colour, tone), width, cv2.LINE_AA, 4)  # noqa: FBT003


def reflection(canvas: Canvas, staging: Staging, framing: Framing, paint: Paint) -> None:
    """Mirror the subject in the polished table it stands or lies on."""
    dice, side = paint.dice, canvas.side
    base = staging.extent[:, 1].min()
    image = Canvas.over(canvas.pixels)
    for face in staging.faces:
        corners = face.corners * [1, -1, 1] + [0, 2 * base, 0]
        paste_subject(image, face.texture, framing.to_pixels(staging.camera.project(corners)), 0.8)
    strength = as_weight(image.coverage) * dice.between(0.08, 0.5)
    blur = side * dice.between(0.001, 0.02)
    soft = np.asarray(cv2.GaussianBlur(image.pixels, (0, 0), blur), np.float32)
    cover_with(canvas, soft, np.asarray(cv2.GaussianBlur(strength, (0, 0), blur), np.float32))


def _slab(canvas: Canvas, library: Library, paint: Paint, subject: Subject, quad: Points) -> None:
    """Paint a flat thing with its shadow and, at times, its thickness or a border."""
    dice, side = paint.dice, canvas.side
    if dice.chance(0.7):
        darken(
            canvas, quad + 0.012 * side * dice.normal(2), dice.between(0.003, 0.04), dice.between(0.1, 0.6)
        )
    stuff = _stuff(canvas, library, paint, subject)
    if dice.chance(0.35):
        under = quad + side * dice.between(0.004, 0.04) * _turned(
            np.asarray([1.0, 0.0]), dice.between(0, 360)
        )
        cover_with(canvas, stuff * np.float32(dice.between(0.4, 1.2)), as_weight(filled(side, under)))
    cover_with(canvas, stuff, as_weight(filled(side, quad)))
    if dice.chance(0.25):
        inner = quad.mean(0) + (quad - quad.mean(0)) * dice.between(0.75, 0.97)
        cover_with(canvas, _stuff(canvas, library, paint, subject), as_weight(filled(side, inner)))


def _stuff(canvas: Canvas, library: Library, paint: Paint, subject: Subject) -> Picture:
    """Return (S, S, 3): an even colour or a surface, half of the time in the subject's tone."""
    dice, side = paint.dice, canvas.side
    if dice.chance(0.45):
        colour = _tone(paint, subject) if dice.chance(0.5) else paint.colour("white", "light", "dark", "any")
        relief = 1 + (paint.cloud(side, side) - 0.5) * dice.pick([0.02, 0.06, 0.2])
        return np.asarray(colour * relief[..., None], np.float32)
    picture = ground(library, dice, side)
    if dice.chance(0.5):
        picture = picture + (_tone(paint, subject) - picture.mean((0, 1))) * dice.between(0.5, 1)
    return np.asarray(picture * dice.between(0.7, 1.15), np.float32)


def _tone(paint: Paint, subject: Subject) -> Colour:
    noise = 12 * paint.dice.normal(3)
    return np.asarray(np.clip(subject.tone * paint.dice.between(0.6, 1.3) + noise, 0, 255), np.float32)


def _margin(paint: Paint) -> float:
    """Return how far a mat reaches beyond the subject at one side, in sides of the picture."""
    dice = paint.dice
    kind = dice.weighted({"narrow": 4, "wide": 4, "beyond": 2})
    if kind == "beyond":
        return _BEYOND
    return dice.between(0.0, 0.05) if kind == "narrow" else dice.between(0.05, 0.4)


def _side(paint: Paint, outline: Points) -> tuple[Points, Points, Points]:
    """Return start and end of one of the outline's longer sides, and the direction away from the subject."""
    lengths = np.linalg.norm(np.roll(outline, -1, axis=0) - outline, axis=1)
    index = paint.dice.pick(np.flatnonzero(lengths >= 0.3 * lengths.max()).tolist())
    start, end = outline[index], outline[(index + 1) % len(outline)]
    along = _longer(end - start, 1.0)
    outwards = np.asarray([along[1], -along[0]])
    return start, end, outwards if (outline.mean(0) - start) @ outwards < 0 else -outwards


def _longer(vector: Points, length: float) -> Points:
    return np.asarray(vector * (length / (np.linalg.norm(vector) + 1e-6)))


def _turned(vector: Points, degrees: float) -> Points:
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return np.asarray([cosine * vector[0] - sine * vector[1], sine * vector[0] + cosine * vector[1]])


Neighbour = Callable[[Canvas, Library, Paint, Subject], None]
#: How often each kind is rendered.
NEIGHBOURS: Final[dict[Neighbour, float]] = {mat: 4, beside: 3, panel: 3, ledge: 3, cable: 1.5}
