"""What goes wrong with masks: one function per kind, from a scene to a region that is not its subject."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from training.canvas import Points
from training.dice import Dice
from training.judging.scenes import Region, Scene

#: A smaller change, as a share of the subject's area, is within what a right mask may be off.
_LEAST_CHANGE: Final = 0.03

#: None: the scene has nothing that this could be made of.
Corruption = Callable[[Scene, Dice], Region | None]


def corner_eaten(scene: Scene, dice: Dice) -> Region | None:
    """Lose 3-15 % of the area at a corner: cut off, or bitten off round."""
    truth = scene.truth
    area, corner = int(truth.sum()), _corner(scene, dice)
    y, x = np.nonzero(truth)
    offsets = np.stack([x, y], 1) - corner
    if dice.chance(0.5):
        distance = np.linalg.norm(offsets, axis=1)
    else:
        inwards = np.stack([x, y], 1).mean(0) - corner
        angle = math.atan2(inwards[1], inwards[0]) + dice.bell(0, 0.25)
        distance = offsets @ np.asarray([math.cos(angle), math.sin(angle)])
    lost = _nearest(distance, int(area * dice.between(0.03, 0.15)))
    result = truth.copy()
    result[y[lost], x[lost]] = False
    return result


def edge_band_lost(scene: Scene, dice: Dice) -> Region | None:
    """Lose a band of 4-18 % of the area along a side."""
    truth = scene.truth
    angle = _side_direction(scene, dice)
    y, x = np.nonzero(truth)
    height = x * math.cos(angle) + y * math.sin(angle)
    lost = _nearest(height, int(len(x) * dice.between(0.04, 0.18)))
    result = truth.copy()
    result[y[lost], x[lost]] = False
    return result


def page_block_missing(scene: Scene, dice: Dice) -> Region | None:
    """Lose the visible edges of the page block."""
    del dice
    result = _opened(scene.truth & ~scene.layers["block"])
    return result if _changed(result, scene.truth) > _LEAST_CHANGE else None


def portrait_only(scene: Scene, dice: Dice) -> Region | None:
    """Keep a picture on the cover alone."""
    if scene.cover is None:
        return None
    width, height = dice.between(0.25, 0.65), dice.between(0.25, 0.65)
    left, top = dice.between(0.05, 0.95 - width), dice.between(0.05, 0.95 - height)
    shape = scene.truth.shape
    if dice.chance(0.4):
        angles = np.linspace(0, 2 * math.pi, 32, endpoint=False)
        shares = np.stack([0.5 + 0.5 * np.cos(angles), 0.5 + 0.5 * np.sin(angles)], 1)
    else:
        shares = np.asarray([[0, 0], [1, 0], [1, 1], [0, 1]], np.float64)
    region = _filled(_on(scene.cover, shares * [width, height] + [left, top]), shape) & scene.truth
    return region if region.sum() > 0.04 * scene.truth.sum() else None


def text_block_only(scene: Scene, dice: Dice) -> Region | None:
    """Keep the printed block alone, without its margins."""
    if scene.cover is None:
        return None
    margins = dice.arrays.uniform(0.05, 0.18, 4)
    shares = np.asarray([[0, 0], [1, 0], [1, 1], [0, 1]], np.float64)
    shares = shares * (1 - margins[:2] - margins[2:]) + margins[:2]
    region = _filled(_on(scene.cover, shares), scene.truth.shape) & scene.truth
    return region if region.any() and _changed(region, scene.truth) > _LEAST_CHANGE else None


def hole(scene: Scene, dice: Dice) -> Region | None:
    """Lose 2-15 % of the area in the middle."""
    truth = scene.truth
    depth = cv2.distanceTransform(truth.astype(np.uint8), cv2.DIST_L2, 5)
    y, x = np.nonzero(depth > 0.45 * depth.max())
    pick = dice.whole(0, len(x) - 1)
    share, ratio = dice.between(0.02, 0.15), math.exp(dice.bell(0, 0.4))
    radius = min(math.sqrt(truth.sum() * share / math.pi), 0.85 * float(depth[y[pick], x[pick]]))
    plane = np.zeros(truth.shape, np.uint8)
    axes = (max(2, int(radius * min(ratio, 1))), max(2, int(radius * min(1 / ratio, 1))))
    cv2.ellipse(plane, (int(x[pick]), int(y[pick])), axes, dice.between(0, 180), 0, 360, 1, -1)
    result = truth & ~(plane > 0)
    return result if _changed(result, truth) > 0.01 else None


def shadow_included(scene: Scene, dice: Dice) -> Region | None:
    """Keep the shadow that the subject casts."""
    del dice
    return _with(scene, scene.layers["shadow"])


def hand_included(scene: Scene, dice: Dice) -> Region | None:
    """Keep the hand that holds the subject."""
    del dice
    return _with(scene, scene.layers["hand"])


def second_object(scene: Scene, dice: Dice) -> Region | None:
    """Keep a neighbour as well, whether it touches or not."""
    del dice
    return _with(scene, scene.layers["object"])


def table_leak(scene: Scene, dice: Dice) -> Region | None:
    """Keep 4-40 % of the area more: a stretch of what the subject lies on."""
    truth = scene.truth
    contour, _ = cv2.findContours(truth.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    outline = max(contour, key=len).reshape(-1, 2)
    shape = truth.shape
    inside = (outline > 2).all(1) & (outline < np.asarray([shape[1], shape[0]]) - 3).all(1)
    if not inside.any():
        return None
    at = outline[inside][dice.whole(0, int(inside.sum()) - 1)].astype(np.float64)
    y, x = np.nonzero(~truth)
    offsets = np.stack([x, y], 1) - at
    turn = dice.between(0, math.pi)
    matrix = np.asarray([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    distance = np.linalg.norm(offsets @ matrix.T * [1, math.exp(dice.bell(0, 0.6))], axis=1)
    distance *= 1 + 0.35 * _lumps(shape, dice)[y, x]
    gained = _nearest(distance, int(truth.sum() * dice.between(0.04, 0.4)))
    result = truth.copy()
    result[y[gained], x[gained]] = True
    return result if _changed(result, truth) > _LEAST_CHANGE else None


def fragment(scene: Scene, dice: Dice) -> Region | None:
    """Keep pieces alone: one, or some that are scattered."""
    lumps = _lumps(scene.truth.shape, dice)
    inside = scene.truth & (lumps > np.quantile(lumps[scene.truth], dice.between(0.45, 0.85)))
    return inside if inside.any() else None


def inverted(scene: Scene, dice: Dice) -> Region | None:
    """Keep everything else."""
    del dice
    return ~scene.truth


def empty(scene: Scene, dice: Dice) -> Region | None:
    """Keep nothing."""
    del dice
    return np.zeros_like(scene.truth)


def full_frame(scene: Scene, dice: Dice) -> Region | None:
    """Keep everything, or all but a rim of a pixel or two."""
    result = np.ones_like(scene.truth)
    rim = dice.whole(0, max(1, min(result.shape) // 250))
    if dice.chance(0.5) and rim:
        result[:rim] = result[-rim:] = False
        result[:, :rim] = result[:, -rim:] = False
    return result


def shifted(scene: Scene, dice: Dice) -> Region | None:
    """Displace the subject by 5-25 % of its extent."""
    truth = scene.truth
    y, x = np.nonzero(truth)
    angle, share = dice.between(0, 2 * math.pi), dice.between(0.05, 0.25)
    step = np.asarray([math.cos(angle) * np.ptp(x), math.sin(angle) * np.ptp(y)]) * share
    matrix = np.asarray([[1, 0, step[0]], [0, 1, step[1]]], np.float64)
    moved = cv2.warpAffine(truth.astype(np.uint8), matrix, truth.shape[::-1]) > 0
    return moved if moved.any() and _changed(moved, truth) > 0.05 else None


#: Kinds that are regions; `corpus` adds low-confidence blur and the mask of another photo.
CORRUPTIONS: Final[dict[str, Corruption]] = {
    function.__name__: function
    for function in (
        corner_eaten, edge_band_lost, page_block_missing, portrait_only, text_block_only, hole,
        shadow_included, table_leak, hand_included, second_object, fragment, inverted, empty, full_frame,
        shifted,
    )
}  # fmt: skip


def _nearest(distance: NDArray[np.float64], count: int) -> NDArray[np.intp]:
    """Return which elements are the `count` least, in no order."""
    return np.argpartition(distance, count)[:count] if count < len(distance) else np.arange(len(distance))


def _opened(region: Region) -> Region:
    """Return the region without what is thinner than three pixels."""
    return np.asarray(
        cv2.morphologyEx(region.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) > 0
    )


def _changed(region: Region, truth: Region) -> float:
    """Return the changed area as a share of the subject's."""
    return float((region ^ truth).sum() / max(int(truth.sum()), 1))


def _with(scene: Scene, layer: Region) -> Region | None:
    """Return the subject and the parts of a layer that meet it, or lie near; None: too little to tell."""
    result = scene.truth | _opened(layer & ~scene.truth)
    return result if _changed(result, scene.truth) > _LEAST_CHANGE else None


def _corner(scene: Scene, dice: Dice) -> Points:
    """Return a corner of the subject's outline, (2,): the farthest point in some direction."""
    y, x = np.nonzero(scene.truth)
    points = np.stack([x, y], 1).astype(np.float64)
    if scene.cover is not None:
        place = scene.cover[dice.whole(0, 3)]
        towards = place - scene.cover.mean(0)
    else:
        angle = dice.between(0, 2 * math.pi)
        towards = np.asarray([math.cos(angle), math.sin(angle)])
    towards = towards / (np.linalg.norm(towards) + 1e-6)
    return np.asarray(points[int((points @ towards).argmax())], np.float64)


def _side_direction(scene: Scene, dice: Dice) -> float:
    """Return the direction, in radians, from one of the subject's sides inwards."""
    if scene.cover is None:
        return dice.between(0, 2 * math.pi)
    index = dice.whole(0, 3)
    along = scene.cover[(index + 1) % 4] - scene.cover[index]
    across = np.asarray([-along[1], along[0]])
    if across @ (scene.cover.mean(0) - scene.cover[index]) < 0:
        across = -across
    return math.atan2(across[1], across[0])


def _on(cover: Points, shares: Points) -> Points:
    """Return where shares of a face's width and height lie in the photo."""
    unit = np.asarray([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    matrix = cv2.getPerspectiveTransform(unit, cover.astype(np.float32))
    points = cv2.perspectiveTransform(shares.reshape(1, -1, 2).astype(np.float64), matrix)
    return np.asarray(points.reshape(-1, 2), np.float64)


def _filled(points: Points, shape: tuple[int, ...]) -> Region:
    plane = np.zeros(shape, np.uint8)
    cv2.fillPoly(plane, [np.round(points.clip(-10_000, 10_000)).astype(np.int32)], 1)
    return plane > 0


def _lumps(shape: tuple[int, ...], dice: Dice) -> NDArray[np.float32]:
    """Return (height, width) slow noise of about unit variance."""
    cells = dice.pick([3, 4, 6])
    low = dice.normal(cells, cells)
    return np.asarray(cv2.resize(low, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC), np.float32)
