"""One scene of the judge's corpus: a photo, the truth, and the layers that wrong masks are made of."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from lambdas.image_processor.edge_evidence import outline, weakest_stretch
from lambdas.image_processor.working_size import look
from training.arrangements import Arrangement, Staging
from training.camera import Framing
from training.canvas import Canvas, Points, darken, paste
from training.dice import Dice
from training.library import Library, tinted
from training.paint import Paint
from training.photograph import develop
from training.surroundings import clutter, furniture, ground, hand, touching_slab

Region = NDArray[np.bool_]

#: Side of the square that is painted; it is stretched to the photo's proportions afterwards.
SIDE_PX: Final = 448
_ASPECTS: Final = (0.67, 0.75, 0.75, 1.0, 1.33, 1.33, 1.5)
_LEAST_COVERAGE: Final = 0.03
_MOST_COVERAGE: Final = 0.93
#: Of the weakest eighth of the true outline, 0..1: black on black has no right mask that anyone could tell.
_MOST_WEAKNESS: Final = 0.6
#: Faces that show the block of pages.
_BLOCK: Final = frozenset({"fore", "head", "tail"})


@dataclass(frozen=True)
class Scene:
    """A photo, what is true of it, and what else is in it."""

    #: (height, width, 3) uint8.
    pixels: NDArray[np.uint8]
    #: (height, width), the subject.
    truth: Region
    kind: str
    #: By name, (height, width): "block", "shadow", "hand", "object"; empty where the scene has none.
    layers: Mapping[str, Region]
    #: (4, 2), the corners of the largest face in pixels, its texture's top left first; None: no face in view.
    cover: Points | None


def compose(library: Library, paint: Paint, arrangements: Mapping[Arrangement, float]) -> Scene:
    """Return a scene whose subject is neither tiny nor fills the frame, and whose outline can be seen."""
    while True:
        scene = _attempt(library, paint, arrangements)
        if _LEAST_COVERAGE < scene.truth.mean() < _MOST_COVERAGE and _weakest(scene) < _MOST_WEAKNESS:
            return scene


def silhouette(
    library: Library, dice: Dice, arrangements: Mapping[Arrangement, float], shape: tuple[int, int]
) -> Region:
    """Return (height, width) `shape`, where another subject would be: the mask of another photo."""
    staging = dice.weighted(arrangements)(library, dice)
    framing = _framing(staging, dice, shape[1] / shape[0])
    plane = np.zeros((SIDE_PX, SIDE_PX), np.uint8)
    for face in staging.faces:
        quad = framing.to_pixels(staging.camera.project(face.corners))
        cv2.fillConvexPoly(plane, np.round(quad.clip(-4 * SIDE_PX, 5 * SIDE_PX)).astype(np.int32), 255)
    return _stretched(plane, shape) > 127


def _attempt(library: Library, paint: Paint, arrangements: Mapping[Arrangement, float]) -> Scene:
    dice = paint.dice
    aspect = dice.pick(_ASPECTS)
    shape = round(SIDE_PX / math.sqrt(aspect)), round(SIDE_PX * math.sqrt(aspect))
    staging = dice.weighted(arrangements)(library, dice)
    framing = _framing(staging, dice, aspect)
    canvas = Canvas.over(ground(library, dice, SIDE_PX))
    hull = _hull(framing.to_pixels(staging.camera.project(staging.extent)))
    furniture(canvas, library, dice)
    if dice.chance(0.4):
        clutter(canvas, library, paint, dice.pick([1, 1, 2, 3, 5]))
    if dice.chance(0.1):
        touching_slab(canvas, library, paint, hull)
    layers = {"object": _neighbour(canvas, library, dice, hull) if dice.chance(0.3) else _nothing()}
    layers["shadow"] = _shadow(canvas, staging, framing, dice)
    has_hand, depth = dice.chance(0.2), dice.pick([0.02, dice.between(0.03, 0.12)])
    layers["hand"] = _reach(canvas, paint, hull, depth) if has_hand and depth == 0.02 else _nothing()
    faces = _paint_faces(canvas, staging, framing, dice)
    if has_hand and depth > 0.02:
        layers["hand"] = _reach(canvas, paint, hull, depth)
    layers["block"] = np.isin(faces, [i for i, face in enumerate(staging.faces) if face.name in _BLOCK])
    pixels = _stretched(develop(canvas, dice), shape)
    truth = _stretched(canvas.coverage, shape) > 127
    planes = {name: _stretched(layer.astype(np.uint8) * 255, shape) > 127 for name, layer in layers.items()}
    cover = _cover(staging, framing, faces)
    scale = np.asarray([shape[1], shape[0]]) / SIDE_PX
    return Scene(pixels, truth, staging.kind, planes, None if cover is None else cover * scale)


def _weakest(scene: Scene) -> float:
    """Return how weak an edge the photo has along the weakest stretch of the true outline, 0..1."""
    sight = look(scene.pixels, scene.truth.astype(np.uint8) * 255)
    return weakest_stretch(outline(sight.pixels, sight.seen.depth))


def _nothing() -> Region:
    return np.zeros((SIDE_PX, SIDE_PX), np.bool_)


def _stretched(plane: NDArray[np.uint8], shape: tuple[int, int]) -> NDArray[np.uint8]:
    return np.asarray(cv2.resize(plane, (shape[1], shape[0]), interpolation=cv2.INTER_AREA), np.uint8)


def _framing(staging: Staging, dice: Dice, aspect: float) -> Framing:
    """Return a framing in the square that is right once it is stretched to the aspect (width / height)."""
    points = staging.camera.project(staging.extent)
    low, high = points.min(0), points.max(0)
    stretch = np.asarray([1 / math.sqrt(aspect), math.sqrt(aspect)])
    size = (high - low) * stretch
    way = dice.weighted({"usual": 6, "small": 2, "cropped": 1.6, "filling": 0.7})
    share = {
        "usual": dice.between(0.55, 0.95), "small": dice.between(0.25, 0.55),
        "cropped": dice.between(0.7, 1.2), "filling": dice.between(0.93, 1.0),
    }[way]  # fmt: skip
    scale = share * SIDE_PX / size.max() * stretch
    slack = SIDE_PX - (high - low) * scale
    place = dice.arrays.normal(0, 0.4, 2).clip(-1, 1)
    shift = np.where(slack > 0, slack / 2 * place * 0.95, 0)
    if way == "cropped":
        shift = shift + dice.arrays.uniform(-0.25, 0.25, 2) * SIDE_PX
    return Framing(scale, SIDE_PX / 2 + shift - (high + low) / 2 * scale)


def _hull(points: Points) -> Points:
    return np.asarray(cv2.convexHull(points.astype(np.float32)).reshape(-1, 2), np.float64)


def _neighbour(canvas: Canvas, library: Library, dice: Dice, hull: Points) -> Region:
    """Lay another book or sheet beside the subject, near or touching; return where."""
    texture = tinted(dice, dice.pick(library.covers if dice.chance(0.7) else library.sheets))
    span = np.ptp(hull, axis=0)
    size = span.max() * dice.between(0.3, 0.9) / 2
    angle = dice.between(0, 2 * math.pi)
    direction = np.asarray([math.cos(angle), math.sin(angle)])
    centre = hull.mean(0) + direction * (span / 2 + size * dice.between(0.75, 1.3))
    ratio = texture.shape[1] / texture.shape[0]
    box = np.asarray([[-ratio, -1], [ratio, -1], [ratio, 1], [-ratio, 1]]) * size / max(ratio, 1)
    turn = math.radians(dice.bell(0, 20))
    matrix = np.asarray([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    quad = box @ matrix.T + centre
    darken(canvas, quad + 0.01 * SIDE_PX, 0.012, dice.between(0.1, 0.5))
    painted = paste(canvas, texture, quad, dice.between(0.6, 1.1))
    return _nothing() if painted is None else painted > 127


def _shadow(canvas: Canvas, staging: Staging, framing: Framing, dice: Dice) -> Region:
    """Cast the subject's shadow, by one light or two; return where it is plain to see."""
    before = canvas.pixels.mean(2)
    hull = _hull(framing.to_pixels(staging.camera.project(staging.extent)))
    for _ in range(dice.pick([0, 1, 1, 1, 2])):
        slope = dice.arrays.normal(0, 0.7, 2)
        height = staging.extent[:, 1].clip(0)
        dropped = staging.extent.copy()
        dropped[:, 0] += height * slope[0]
        dropped[:, 2] += height * slope[1]
        dropped[:, 1] = 0
        points = framing.to_pixels(staging.camera.project(dropped))
        if dice.chance(0.4):
            points = hull + dice.arrays.normal(0, 0.05, 2) * SIDE_PX
        softness = dice.between(0.004, 0.01) if dice.chance(0.2) else dice.between(0.01, 0.05)
        darken(canvas, np.concatenate([points, hull]), softness, dice.between(0.1, 0.7))
    if dice.chance(0.6):
        darken(canvas, hull, dice.between(0.008, 0.03), dice.between(0.1, 0.5))
    return np.asarray(canvas.pixels.mean(2) < 0.8 * before)


def _reach(canvas: Canvas, paint: Paint, hull: Points, depth: float) -> Region:
    """Paint a hand that ends `depth` (a share of the side) inside the outline; return where it is seen."""
    dice, before = paint.dice, canvas.pixels.copy()
    index, along = dice.whole(0, len(hull) - 1), dice.between(0, 1)
    edge = (hull[index] * (1 - along) + hull[(index + 1) % len(hull)] * along).clip(0, SIDE_PX)
    outwards = edge - hull.mean(0)
    outwards = outwards / (np.linalg.norm(outwards) + 1e-6)
    hand(canvas, paint, edge - outwards * depth * SIDE_PX, outwards + dice.arrays.normal(0, 0.35, 2))
    # Its shadow only darkens by half: skin and sleeve differ by more.
    return np.asarray((canvas.pixels / (before + 8) - 0.75).__abs__().max(2) > 0.3)


def _paint_faces(canvas: Canvas, staging: Staging, framing: Framing, dice: Dice) -> NDArray[np.int16]:
    """Paint the subject; return (S, S), the index of the face that is seen, -1 elsewhere."""
    towards = dice.arrays.normal([0, 1, 0.6], 1)
    towards /= np.linalg.norm(towards)
    ambient, direct = dice.between(0.45, 0.95), dice.between(0.15, 0.7)
    seen = np.full((SIDE_PX, SIDE_PX), -1, np.int16)
    for index, face in enumerate(staging.faces):
        quad = framing.to_pixels(staging.camera.project(face.corners))
        shade = ambient + direct * max(0.0, float(face.normal @ towards))
        painted = paste(canvas, face.texture, quad, shade)
        if painted is not None:
            np.maximum(canvas.coverage, painted, out=canvas.coverage)
            seen[painted > 127] = index
    closed = cv2.morphologyEx(canvas.coverage, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    canvas.coverage = np.maximum(canvas.coverage, closed).astype(np.uint8)
    return seen


def _cover(staging: Staging, framing: Framing, faces: NDArray[np.int16]) -> Points | None:
    """Return the corners, in the square's pixels, of the face of which most is seen."""
    counts = np.bincount(faces[faces >= 0].ravel(), minlength=len(staging.faces))
    if not counts.any():
        return None
    face = staging.faces[int(counts.argmax())]
    return framing.to_pixels(staging.camera.project(face.corners))
