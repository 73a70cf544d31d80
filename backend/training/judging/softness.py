"""A region as a network would give it: displaced by a pixel or three, its corners rounded, its edge soft."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from training.dice import Dice

Region = NDArray[np.bool_]
Mask = NDArray[np.uint8]

#: Pixels are spoken of at this longest side.
_SIDE_PX: Final = 320
#: A displacement of more than this share of the subject's half width would be another subject.
_MOST_OF_HALF_WIDTH: Final = 0.06


def soften(region: Region, dice: Dice) -> Mask:
    """Return (height, width) uint8: the outline up to 3 px off, soft over 1-6 px, at 320 px."""
    if not region.any() or region.all():
        return region.astype(np.uint8) * 255
    unit = max(region.shape) / _SIDE_PX
    inwards = _distance(region)
    depth = np.where(region, inwards, -_distance(~region)) / unit
    reach = min(dice.between(0.3, 2.0), _MOST_OF_HALF_WIDTH * float(inwards.max()) / unit)
    wobble = _waves(region.shape, dice) * reach + dice.between(-0.5, 0.5) * reach
    ramp = np.clip(0.5 + (depth + wobble) / dice.between(1.0, 6.0), 0, 1).astype(np.float32)
    blurred = cv2.GaussianBlur(ramp, (0, 0), dice.between(0.3, 2.2) * unit)
    return np.asarray(blurred * 255, np.uint8)


def speckled(mask: Mask, dice: Dice) -> Mask:
    """Return the mask with one to three specks beside it, each under 0.2 % of its area; harmless."""
    result = mask.copy()
    area = float((mask > 127).sum())
    for _ in range(dice.whole(1, 3)):
        radius = max(1, int(np.sqrt(area * dice.between(0.0002, 0.002) / np.pi)))
        at = dice.whole(0, mask.shape[1] - 1), dice.whole(0, mask.shape[0] - 1)
        cv2.circle(result, at, radius, dice.whole(120, 255), -1, cv2.LINE_AA)
    return result


def unsure(region: Region, dice: Dice) -> Mask:
    """Return the region as a network that does not know: a wide slope, or grey all over."""
    unit = max(region.shape) / _SIDE_PX
    plane = np.asarray(region.astype(np.float32) * 255, np.float32)
    if dice.chance(0.5):
        plane = _blurred(plane, dice.between(14, 40) * unit)
    else:
        noise = 1 - dice.between(0.6, 0.95) * (0.5 + 0.5 * _waves(region.shape, dice))
        plane = _blurred(plane * noise, dice.between(2, 8) * unit)
    return np.asarray(plane.clip(0, 255), np.uint8)


def _blurred(plane: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma), np.float32)


def _distance(region: Region) -> NDArray[np.float32]:
    return np.asarray(cv2.distanceTransform(region.astype(np.uint8), cv2.DIST_L2, 5), np.float32)


def _waves(shape: tuple[int, ...], dice: Dice) -> NDArray[np.float32]:
    """Return (height, width) slow noise, about -1..1."""
    cells = dice.pick([5, 9, 16])
    low = dice.normal(cells, cells).clip(-2, 2) / 2
    return np.asarray(cv2.resize(low, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC), np.float32)
