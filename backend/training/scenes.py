"""One training scene from its parts: staging, framing, surroundings, light."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from training.arrangements import ARRANGEMENTS, Staging
from training.camera import Framing
from training.canvas import Canvas, Points, darken, paste_subject
from training.dice import Dice
from training.framings import framed, outline_of
from training.library import Library
from training.mix import Mix
from training.negatives import NEGATIVES
from training.neighbours import NEIGHBOURS, Subject, reflection
from training.paint import Paint, Picture, to_bytes
from training.photograph import develop, shake
from training.surroundings import clutter, furniture, ground, hand, pen, touching_slab

#: A subject covers at least this share of the frame, or the scene is thrown again.
_LEAST_COVERAGE: Final = 0.02
#: And an open book no more: where a page fills the frame there is nothing to remove.
_MOST_OF_A_PAGE: Final = 0.93


@dataclass(frozen=True, slots=True)
class Sample:
    """One picture with its truth."""

    #: (S, S, 3) uint8, RGB.
    pixels: NDArray[np.uint8]
    #: (S, S) uint8, 255 = subject; all 0 without a single subject.
    mask: NDArray[np.uint8]
    kind: str
    #: Whether there is one subject to cut out; None: too close to filling the frame to ask.
    presence: bool | None

    @property
    def answer(self) -> int:
        """Return presence as a target: 1, 0, or -1 where it is not asked."""
        return -1 if self.presence is None else int(self.presence)


@dataclass(frozen=True)
class Plate:
    """A scene as it lies before the camera: painted, not yet developed."""

    canvas: Canvas
    kind: str
    #: Whether anything of it is a subject.
    has_subject: bool
    #: (S, S, 3), what the subject and its shadow lie on; None where something lies over the subject as well.
    beneath: Picture | None = None
    #: (S, S, 3), the same with the subject's shadow on it.
    shadowed: Picture | None = None


def render(library: Library, paint: Paint, side: int, mix: Mix) -> Sample:
    """Return one scene, (side, side), with or without a subject."""
    return _photographed(library, paint, (side, mix), lambda canvas: develop(canvas, paint.dice))[1]


def expose(library: Library, paint: Paint, side: int, mix: Mix) -> tuple[Plate, Sample]:
    """Return one scene undeveloped, and what it would be if the camera changed nothing."""
    return _photographed(library, paint, (side, mix), lambda canvas: to_bytes(canvas.pixels))


def _photographed(
    library: Library, paint: Paint, what: tuple[int, Mix], camera: Callable[[Canvas], NDArray[np.uint8]]
) -> tuple[Plate, Sample]:
    """Return a scene of a side and a mix as a camera sees it; one that nobody could label is painted anew."""
    paints = _positive if not paint.dice.chance(what[1].negatives) else _negative
    while True:
        plate = paints(library, paint, *what)
        sample = _labelled(camera(plate.canvas), plate)
        if sample is not None:
            return plate, sample


def _negative(library: Library, paint: Paint, side: int, _mix: Mix) -> Plate:
    canvas = Canvas.over(ground(library, paint.dice, side))
    kind = paint.dice.weighted(NEGATIVES)
    kind(canvas, library, paint)
    return Plate(canvas, kind.__name__, has_subject=False)


def _positive(library: Library, paint: Paint, side: int, mix: Mix) -> Plate:
    dice = paint.dice
    staging = dice.weighted(ARRANGEMENTS)(library, dice)
    framing = framed(staging, dice, side, mix)
    canvas = Canvas.over(ground(library, dice, side))
    outline = outline_of(staging, framing)
    _surround(canvas, library, paint, Subject.of(staging, outline), mix)
    if dice.chance(mix.reflection):
        reflection(canvas, staging, framing, paint)
    beneath = canvas.pixels.copy()
    _shadows(canvas, staging, framing, dice)
    shadowed = canvas.pixels.copy()
    is_held = dice.chance(mix.hand_behind.get(staging.kind, 0))
    if is_held:
        _reach(canvas, paint, outline, 0.02)
    _paint_faces(canvas, staging, framing, dice)
    is_gloomy = dice.chance(mix.gloom * (3 if staging.kind == "spine" else 1))
    if is_gloomy:
        canvas.pixels *= dice.arrays.uniform(0.1, 0.5, 3).mean().astype(np.float32)
    is_touched = dice.chance(mix.hand_over)
    if is_touched:
        _reach(canvas, paint, outline, dice.between(0.03, 0.14))
    has_pen = dice.chance(mix.pen)
    if has_pen:
        weights = dice.arrays.dirichlet(np.ones(len(outline)))
        pen(canvas, paint, weights @ outline)
    if is_held and dice.chance(mix.hand_blur):
        shake(canvas, dice)
    if is_held or is_gloomy or is_touched or has_pen:
        return Plate(canvas, staging.kind, has_subject=True)
    return Plate(canvas, staging.kind, has_subject=True, beneath=beneath, shadowed=shadowed)


def _surround(canvas: Canvas, library: Library, paint: Paint, subject: Subject, mix: Mix) -> None:
    """Paint what is behind and around the subject."""
    dice = paint.dice
    furniture(canvas, library, dice)
    if dice.chance(0.45):
        clutter(canvas, library, paint, dice.pick([1, 1, 2, 3, 5, 9]))
    if dice.chance(mix.slab):
        touching_slab(canvas, library, paint, subject.outline)
    if dice.chance(mix.neighbour):
        for _ in range(dice.pick([1, 1, 1, 2])):
            dice.weighted(NEIGHBOURS)(canvas, library, paint, subject)


def _labelled(pixels: NDArray[np.uint8], plate: Plate) -> Sample | None:
    """Return the scene with its truth; None where too little of a subject is seen, or too much of a page."""
    mask = plate.canvas.coverage
    if not plate.has_subject:
        return Sample(pixels, np.zeros_like(mask), plate.kind, presence=False)
    coverage = float(mask.mean() / 255)
    if coverage < _LEAST_COVERAGE or (plate.kind == "open" and coverage > _MOST_OF_A_PAGE):
        return None
    rim = np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]])
    if coverage < 0.955 or (rim > 127).mean() < 0.4:
        return Sample(pixels, mask, plate.kind, presence=True)
    return Sample(pixels, mask, plate.kind, presence=False if coverage > 0.985 else None)


def _shadows(canvas: Canvas, staging: Staging, framing: Framing, dice: Dice) -> None:
    """Cast the subject's shadow on the ground, by one or two lights, hard or soft."""
    for _ in range(dice.pick([0, 1, 1, 1, 2])):
        slope = dice.arrays.normal(0, 0.7, 2)
        height = staging.extent[:, 1].clip(0)
        dropped = staging.extent.copy()
        dropped[:, 0] += height * slope[0]
        dropped[:, 2] += height * slope[1]
        dropped[:, 1] = 0
        points = framing.to_pixels(staging.camera.project(dropped))
        if not staging.lies and dice.chance(0.3):
            # On a wall right behind.
            points = outline_of(staging, framing) + dice.arrays.normal(0, 0.06, 2) * canvas.side
        softness = dice.between(0.001, 0.006) if dice.chance(0.3) else dice.between(0.008, 0.06)
        darken(canvas, points, softness, dice.between(0.1, 0.75))
    if dice.chance(0.6):
        darken(canvas, outline_of(staging, framing), dice.between(0.008, 0.03), dice.between(0.1, 0.5))


def _paint_faces(canvas: Canvas, staging: Staging, framing: Framing, dice: Dice) -> None:
    towards = dice.arrays.normal([0, 1, 0.6], 1)
    towards /= np.linalg.norm(towards)
    ambient, direct = dice.between(0.45, 0.95), dice.between(0.15, 0.7)
    for face in staging.faces:
        quad = framing.to_pixels(staging.camera.project(face.corners))
        shade = ambient + direct * max(0.0, float(face.normal @ towards))
        paste_subject(canvas, face.texture, quad, shade)
    # Hairlines between faces belong to the subject.
    closed = cv2.morphologyEx(canvas.coverage, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    canvas.coverage = np.maximum(canvas.coverage, closed).astype(np.uint8)


def _reach(canvas: Canvas, paint: Paint, outline: Points, depth: float) -> None:
    """Paint a hand that ends `depth` (a share of the side) inside the subject's outline."""
    dice = paint.dice
    index = dice.whole(0, len(outline) - 1)
    along = dice.between(0, 1)
    edge = outline[index] * (1 - along) + outline[(index + 1) % len(outline)] * along
    edge = edge.clip(0, canvas.side)
    outwards = edge - outline.mean(0)
    outwards = outwards / (np.linalg.norm(outwards) + 1e-6)
    direction = outwards + dice.arrays.normal(0, 0.35, 2)
    hand(canvas, paint, edge - outwards * depth * canvas.side, direction)
