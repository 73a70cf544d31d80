"""One training scene from its parts: staging, framing, surroundings, light."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from training.arrangements import ARRANGEMENTS, Staging
from training.camera import Framing
from training.canvas import Canvas, Points, darken, paste_subject
from training.dice import Dice
from training.library import Library
from training.negatives import NEGATIVES
from training.neighbours import NEIGHBOURS, Subject, reflection
from training.paint import Paint
from training.photograph import develop, shake
from training.surroundings import clutter, furniture, ground, hand, pen, touching_slab

#: A subject covers at least this share of the frame, or the scene is thrown again.
_LEAST_COVERAGE: Final = 0.02


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


@dataclass(frozen=True)
class Mix:
    """How often the ingredients are met, as probabilities: what an ablation switches off."""

    negatives: float = 0.2
    slab: float = 0.1
    neighbour: float = 0.4
    reflection: float = 0.08
    #: Little light on everything, half as often again for books seen from their backs.
    gloom: float = 0.06
    hand_behind: Mapping[str, float] = field(
        default_factory=lambda: {"spine": 0.45, "standing": 0.25, "flat": 0.1, "open": 0.08}
    )
    hand_over: float = 0.12
    pen: float = 0.07
    #: A subject held in a hand moves so often; everything else blurs as often as `develop` says.
    hand_blur: float = 0.3
    #: Open books run out of the frame twice as often.
    cropped: float = 0.2
    filling: float = 0.06


INGREDIENTS: Final = tuple(ingredient.name for ingredient in fields(Mix))


def mix_without(*names: str) -> Mix:
    """Return the usual mix with some ingredients left out, by field name; for ablations.

    Raises:
        ValueError: naming what is no ingredient.

    """
    usual = Mix()
    left_out: dict[str, Any] = {}
    for name in names:
        if name not in INGREDIENTS:
            raise ValueError(f"{name} is no ingredient; there are {', '.join(INGREDIENTS)}")
        left_out[name] = {} if isinstance(getattr(usual, name), Mapping) else 0.0
    return replace(usual, **left_out)


def render(library: Library, paint: Paint, side: int, mix: Mix) -> Sample:
    """Return one scene, (side, side), with or without a subject."""
    if paint.dice.chance(mix.negatives):
        return _negative(library, paint, side)
    while True:
        sample = _positive(library, paint, side, mix)
        if sample.mask.mean() >= 255 * _LEAST_COVERAGE:
            return sample


def _negative(library: Library, paint: Paint, side: int) -> Sample:
    canvas = Canvas.over(ground(library, paint.dice, side))
    kind = paint.dice.weighted(NEGATIVES)
    kind(canvas, library, paint)
    pixels = develop(canvas, paint.dice)
    return Sample(pixels, np.zeros((side, side), np.uint8), kind.__name__, presence=False)


def _positive(library: Library, paint: Paint, side: int, mix: Mix) -> Sample:
    dice = paint.dice
    staging = dice.weighted(ARRANGEMENTS)(library, dice)
    framing = _framing(staging, dice, side, mix)
    canvas = Canvas.over(ground(library, dice, side))
    outline = _outline(staging, framing)
    _surround(canvas, library, paint, Subject.of(staging, outline), mix)
    if dice.chance(mix.reflection):
        reflection(canvas, staging, framing, paint)
    _shadows(canvas, staging, framing, dice)
    is_held = dice.chance(mix.hand_behind.get(staging.kind, 0))
    if is_held:
        _reach(canvas, paint, outline, 0.02)
    _paint_faces(canvas, staging, framing, dice)
    if dice.chance(mix.gloom * (3 if staging.kind == "spine" else 1)):
        canvas.pixels *= dice.arrays.uniform(0.1, 0.5, 3).mean().astype(np.float32)
    if dice.chance(mix.hand_over):
        _reach(canvas, paint, outline, dice.between(0.03, 0.14))
    if dice.chance(mix.pen):
        weights = dice.arrays.dirichlet(np.ones(len(outline)))
        pen(canvas, paint, weights @ outline)
    if is_held and dice.chance(mix.hand_blur):
        shake(canvas, dice)
    pixels = develop(canvas, dice)
    return _labelled(pixels, canvas.coverage, staging.kind)


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


def _labelled(pixels: NDArray[np.uint8], mask: NDArray[np.uint8], kind: str) -> Sample:
    coverage = float(mask.mean() / 255)
    if kind == "open" and coverage > 0.93:
        # A page that fills the frame: there is nothing to remove.
        return Sample(pixels, np.zeros_like(mask), "full_page", presence=False)
    rim = np.concatenate([mask[0], mask[-1], mask[:, 0], mask[:, -1]])
    if coverage < 0.955 or (rim > 127).mean() < 0.4:
        return Sample(pixels, mask, kind, presence=True)
    return Sample(pixels, mask, kind, presence=False if coverage > 0.985 else None)


def _framing(staging: Staging, dice: Dice, side: int, mix: Mix) -> Framing:
    """Return how large the subject is and where; sometimes it runs out of the frame."""
    points = staging.camera.project(staging.extent)
    if dice.chance(mix.filling):
        return _filling(points, dice, side)
    squeeze = math.sqrt(2 ** dice.between(-0.55, 0.55)) if dice.chance(0.85) else 1.0
    stretch = np.asarray([squeeze, 1 / squeeze])
    size = (points.max(0) - points.min(0)) * stretch
    is_cropped = dice.chance(mix.cropped * (2 if staging.kind == "open" else 1))
    share = (
        _cropped_share(dice)
        if is_cropped
        else (dice.between(0.3, 0.7) if dice.chance(0.22) else dice.between(0.62, 0.98))
    )
    scale = share * side / size.max() * stretch
    extent = (points.max(0) - points.min(0)) * scale
    slack = side - extent
    place = np.asarray([dice.bell(0, 0.4), dice.bell(0, 0.4)]).clip(-1, 1)
    shift = np.where(slack > 0, slack / 2 * place * 0.95, 0)
    if is_cropped:
        shift = shift + dice.arrays.uniform(-0.3, 0.3, 2) * side
    middle = (points.max(0) + points.min(0)) / 2
    return Framing(scale, side / 2 + shift - middle * scale)


def _filling(points: Points, dice: Dice, side: int) -> Framing:
    """Return a framing in which the subject fills the frame but for a rim, all its sides in view."""
    low, high = points.min(0), points.max(0)
    extent = side * dice.arrays.uniform(0.88, 0.995, 2)
    scale = extent / (high - low)
    # A book's picture is squeezed into the square, but not out of all proportion.
    scale = np.minimum(scale, scale[::-1] * 1.8)
    slack = side - (high - low) * scale
    return Framing(scale, side / 2 + slack * dice.arrays.uniform(-0.45, 0.45, 2) - (low + high) / 2 * scale)


def _cropped_share(dice: Dice) -> float:
    return dice.between(0.55, 1.0) if dice.chance(0.5) else dice.between(0.95, 1.7)


def _outline(staging: Staging, framing: Framing) -> Points:
    """Return (n, 2), the convex hull of the subject in pixels."""
    points = framing.to_pixels(staging.camera.project(staging.extent)).astype(np.float32)
    return np.asarray(cv2.convexHull(points).reshape(-1, 2), np.float64)


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
            points = _outline(staging, framing) + dice.arrays.normal(0, 0.06, 2) * canvas.side
        softness = dice.between(0.001, 0.006) if dice.chance(0.3) else dice.between(0.008, 0.06)
        darken(canvas, points, softness, dice.between(0.1, 0.75))
    if dice.chance(0.6):
        darken(canvas, _outline(staging, framing), dice.between(0.008, 0.03), dice.between(0.1, 0.5))


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
