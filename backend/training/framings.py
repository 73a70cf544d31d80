"""How large the subject is in the frame, and where: whole, cropped, or filling it."""

from __future__ import annotations

import math
from typing import Protocol

import cv2
import numpy as np

from training.arrangements import Staging
from training.camera import Framing
from training.canvas import Points
from training.dice import Dice


class Chances(Protocol):
    """How often a subject runs out of the frame, and how often it fills it, as probabilities."""

    @property
    def cropped(self) -> float:
        """Of a subject that runs out of the frame; open books do twice as often."""

    @property
    def filling(self) -> float:
        """Of one that fills it but for a rim."""


def framed(staging: Staging, dice: Dice, side: int, chances: Chances) -> Framing:
    """Return how large the subject is and where; sometimes it runs out of the frame."""
    points = staging.camera.project(staging.extent)
    if dice.chance(chances.filling):
        return _filling(points, dice, side)
    squeeze = math.sqrt(2 ** dice.between(-0.55, 0.55)) if dice.chance(0.85) else 1.0
    stretch = np.asarray([squeeze, 1 / squeeze])
    size = (points.max(0) - points.min(0)) * stretch
    is_cropped = dice.chance(chances.cropped * (2 if staging.kind == "open" else 1))
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


def outline_of(staging: Staging, framing: Framing) -> Points:
    """Return (n, 2), the convex hull of the subject in pixels."""
    points = framing.to_pixels(staging.camera.project(staging.extent)).astype(np.float32)
    return np.asarray(cv2.convexHull(points).reshape(-1, 2), np.float64)
