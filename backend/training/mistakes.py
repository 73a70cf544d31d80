"""What goes wrong with a scene's mask, to teach the critic: the judge's kinds, and some of its own. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from training.dice import Dice
from training.judging.corruptions import CORRUPTIONS
from training.judging.scenes import Region, Scene
from training.judging.softness import soften, speckled, unsure

#: Of them, so many are right.
_RIGHT: Final = 0.4
#: What goes wrong with the others, as often as this where it can: the kinds that are hard to tell most.
_WRONG: Final[Mapping[str, float]] = {
    "page_block_missing": 42, "edge_band_lost": 12, "shadow_included": 34, "second_object": 14,
    "hand_included": 8, "corner_eaten": 9, "table_leak": 9, "hole": 3, "portrait_only": 3,
    "text_block_only": 3, "fragment": 2, "shifted": 3, "band_gained": 11, "another": 2, "unsure": 2,
}  # fmt: skip
#: Of either, so many have specks beside them: those tell nothing.
_SPECKLED: Final = 0.3
#: A candidate that differs less from the truth is not called wrong.
_LEAST_CHANGE: Final = 0.03
#: And one that differs less is right, however it came about.
_MOST_RIGHT: Final = 0.015


def candidate(scene: Scene, stranger: Region, dice: Dice) -> tuple[NDArray[np.uint8], int]:
    """Return a mask, (height, width) uint8, and whether it is right: 1, 0, or -1 where that is not asked."""
    if dice.chance(_RIGHT):
        return _right(scene, dice), 1
    mask = _wrong(scene, stranger, dice)
    return mask, _answer(scene.truth, mask)


def _right(scene: Scene, dice: Dice) -> NDArray[np.uint8]:
    """Return the truth as a network would give it, (height, width) uint8."""
    return _littered(soften(scene.truth, dice), dice)


def _littered(mask: NDArray[np.uint8], dice: Dice) -> NDArray[np.uint8]:
    return speckled(mask, dice) if dice.chance(_SPECKLED) else mask


def _wrong(scene: Scene, stranger: Region, dice: Dice) -> NDArray[np.uint8]:
    """Return a mask that is wrong, (height, width) uint8."""
    while True:
        kind = dice.weighted(_WRONG)
        if kind == "unsure":
            return unsure(scene.truth, dice)
        region = _region(kind, scene, stranger, dice)
        if region is not None and region.any():
            return _littered(soften(region, dice), dice)


def _region(kind: str, scene: Scene, stranger: Region, dice: Dice) -> Region | None:
    """Return a wrong region of a kind, sometimes half of what went wrong; None where it cannot be made."""
    if kind == "another":
        return stranger
    if kind == "band_gained":
        return _band_gained(scene.truth, dice)
    region = CORRUPTIONS[kind](scene, dice)
    if region is None or not dice.chance(0.25):
        return region
    # Only on one side of a line: a mask need not lose all of the page block, nor keep all of a shadow.
    y, x = np.nonzero(region ^ scene.truth)
    if not len(x):
        return region
    turn = dice.between(0, 2 * np.pi)
    height = np.arange(region.shape[1])[None] * np.cos(turn) + np.arange(region.shape[0])[:, None] * np.sin(
        turn
    )
    cut = np.quantile(height[y, x], dice.between(0.35, 0.8))
    return np.where(height < cut, region, scene.truth)


def _band_gained(truth: Region, dice: Dice) -> Region:
    """Return the subject and a band beside it, as it were a shadow or a slab: the subject itself, moved."""
    y, x = np.nonzero(truth)
    turn, share = dice.between(0, 2 * np.pi), dice.between(0.03, 0.15)
    if dice.chance(0.35):
        # The table in front of it, kept as though it were a side.
        share = dice.between(0.15, 0.5)
    step = np.asarray([np.cos(turn) * np.ptp(x), np.sin(turn) * np.ptp(y)]) * share
    moved = truth.copy()
    for part in np.linspace(0, 1, 16)[1:]:
        matrix = np.asarray([[1, 0, step[0] * part], [0, 1, step[1] * part]], np.float64)
        moved |= cv2.warpAffine(truth.astype(np.uint8), matrix, truth.shape[::-1]) > 0
    return moved


def _answer(truth: Region, mask: NDArray[np.uint8]) -> int:
    """Return 0 for a mask that went wrong, 1 where that comes to nothing, -1 between."""
    changed = float(((mask > 127) ^ truth).sum() / max(int(truth.sum()), 1))
    if changed < _MOST_RIGHT:
        return 1
    return 0 if changed > _LEAST_CHANGE else -1
