"""Noise and colours, the two things every surface is painted from."""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from training.dice import Dice

#: (height, width, 3) float32, RGB, 0..255.
Picture = NDArray[np.float32]
#: (height, width) float32.
Plane = NDArray[np.float32]
#: (3,) float32, RGB, 0..255.
Colour = NDArray[np.float32]

_NOISE_SIDE: Final = 512
#: How much weaker each octave is than the one before: smooth clouds to rough leather.
_GAINS: Final = (0.35, 0.5, 0.6, 0.7, 0.85, 1.0)

#: Hue, saturation and value ranges (0..1) by name.
_COLOURS: Final[dict[str, tuple[tuple[float, float], tuple[float, float], tuple[float, float]]]] = {
    "any": ((0.0, 1.0), (0.15, 1.0), (0.15, 1.0)),
    "leather": ((0.0, 0.1), (0.4, 0.95), (0.12, 0.65)),
    "dark": ((0.0, 1.0), (0.0, 0.6), (0.02, 0.22)),
    "light": ((0.0, 1.0), (0.0, 0.3), (0.75, 1.0)),
    "green": ((0.25, 0.45), (0.25, 0.9), (0.15, 0.6)),
    "blue": ((0.55, 0.68), (0.25, 0.9), (0.15, 0.65)),
    "red": ((0.94, 1.03), (0.4, 0.95), (0.2, 0.75)),
    "grey": ((0.0, 1.0), (0.0, 0.08), (0.1, 0.95)),
    "white": ((0.05, 0.2), (0.0, 0.06), (0.88, 1.0)),
    "cream": ((0.08, 0.16), (0.06, 0.35), (0.7, 1.0)),
    "wood": ((0.03, 0.12), (0.2, 0.8), (0.2, 0.9)),
    "gold": ((0.1, 0.15), (0.3, 0.75), (0.55, 0.95)),
    "skin": ((0.02, 0.09), (0.2, 0.6), (0.3, 0.98)),
}
_BROAD: Final = {
    "any": 2, "leather": 2, "dark": 1, "light": 1, "green": 0.5, "blue": 0.7, "red": 0.5, "grey": 1,
    "white": 1, "cream": 1, "wood": 1,
}  # fmt: skip


class Paint:
    """Dice, and noise drawn once and cut into pieces afterwards (drawing it anew each time is too slow)."""

    def __init__(self, dice: Dice) -> None:
        self.dice = dice
        self._clouds = [_fractal(dice, gain) for gain in _GAINS]
        self._grain = dice.normal(_NOISE_SIDE, _NOISE_SIDE)

    def with_dice(self, dice: Dice) -> Paint:
        """Return the same noise thrown by other dice."""
        other = object.__new__(Paint)
        other.dice, other._clouds, other._grain = dice, self._clouds, self._grain
        return other

    def cloud(self, height: int, width: int, rough: float | None = None, zoom: float | None = None) -> Plane:
        """Return (height, width) fractal noise, 0..1.

        Args:
            height: in pixels.
            width: in pixels.
            rough: 0 (smooth) .. 1; None: any.
            zoom: above 1 the features grow; None: any.

        """
        dice = self.dice
        pick = dice.between(0, 0.999) if rough is None else min(rough, 0.999)
        source = self._clouds[int(pick * len(self._clouds))]
        scale = zoom or 2 ** dice.between(-0.5, 2)
        rows = int(np.clip(height / scale, 4, _NOISE_SIDE))
        columns = int(np.clip(width / scale, 4, _NOISE_SIDE))
        top, left = dice.whole(0, _NOISE_SIDE - rows), dice.whole(0, _NOISE_SIDE - columns)
        piece = source[top : top + rows, left : left + columns]
        if dice.chance(0.5):
            piece = piece[:, ::-1]
        return np.asarray(cv2.resize(piece, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)

    def grain(self, height: int, width: int) -> Plane:
        """Return (height, width) white noise of unit variance."""
        top = self.dice.whole(0, max(0, _NOISE_SIDE - height))
        left = self.dice.whole(0, max(0, _NOISE_SIDE - width))
        piece = self._grain[top : top + height, left : left + width]
        if piece.shape != (height, width):
            piece = np.asarray(
                cv2.resize(piece, (width, height), interpolation=cv2.INTER_NEAREST), np.float32
            )
        return piece

    def colour(self, *kinds: str) -> Colour:
        """Return a colour of one of the kinds; of any kind when none is named."""
        dice = self.dice
        hue, saturation, value = _COLOURS[dice.pick(kinds) if kinds else dice.weighted(_BROAD)]
        return from_hsv(dice.between(*hue), dice.between(*saturation), dice.between(*value))

    def palette(self, count: int) -> list[Colour]:
        """Return colours that belong together half of the time, and strangers otherwise."""
        if self.dice.chance(0.5):
            return [self.colour() for _ in range(count)]
        base = self.colour()
        return [
            np.clip(base * self.dice.between(0.5, 1.5) + 25 * self.dice.normal(3), 0, 255).astype(np.float32)
            for _ in range(count)
        ]


def from_hsv(hue: float, saturation: float, value: float) -> Colour:
    """Return RGB of a colour given by hue (turns), saturation and value (0..1)."""
    sector = (np.asarray([5.0, 3.0, 1.0]) + (hue % 1) * 6) % 6
    shade = np.clip(np.minimum(sector, 4 - sector), 0, 1)
    return np.asarray(255 * value * (1 - saturation * shade), np.float32)


def blend(weight: Plane, low: Colour | Picture, high: Colour | Picture) -> Picture:
    """Return low where the (h, w) weight is 0, high where it is 1."""
    return np.asarray(low + (high - low) * weight[..., None], np.float32)


def as_weight(plane: NDArray[Any]) -> Plane:
    """Return an 8-bit plane as 0..1."""
    return np.asarray(plane / np.float32(255), np.float32)


def ink(colour: Colour, factor: float = 1.0) -> tuple[float, float, float]:
    """Return a colour as OpenCV's drawing functions take it."""
    return float(colour[0] * factor), float(colour[1] * factor), float(colour[2] * factor)


def to_bytes(picture: Picture) -> NDArray[np.uint8]:
    """Return uint8, clipped."""
    return np.clip(picture, 0, 255).astype(np.uint8)


def _fractal(dice: Dice, gain: float) -> Plane:
    total = np.zeros((_NOISE_SIDE, _NOISE_SIDE), np.float32)
    side, weight = 2, 1.0
    while side <= _NOISE_SIDE:
        octave = cv2.resize(
            dice.normal(side, side), (_NOISE_SIDE, _NOISE_SIDE), interpolation=cv2.INTER_CUBIC
        )
        total += weight * octave
        side, weight = side * 2, weight * gain
    low, high = np.percentile(total, [1, 99])
    return np.asarray(np.clip((total - low) / (high - low), 0, 1), np.float32)
