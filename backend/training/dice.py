"""Every random choice of the renderer: one seeded source, named as the choices are spoken of."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")


class Dice:
    """A seeded source of choices.

    Args:
        seed: one or several non-negative integers; equal seeds throw equal dice.

    """

    def __init__(self, *seed: int) -> None:
        self._scalars = random.Random("/".join(str(part) for part in seed))
        #: For whole arrays.
        self.arrays = np.random.default_rng(seed)

    def between(self, low: float, high: float) -> float:
        """Return a uniform number."""
        return low + (high - low) * self._scalars.random()

    def chance(self, probability: float) -> bool:
        """Return True this often."""
        return self._scalars.random() < probability

    def whole(self, low: int, high: int) -> int:
        """Return a uniform integer, both ends included."""
        return low + int(self._scalars.random() * (high - low + 1))

    def bell(self, mean: float, sigma: float) -> float:
        """Return a normal number."""
        return self._scalars.gauss(mean, sigma)

    def pick(self, choices: Sequence[T]) -> T:
        """Return one of the choices."""
        return choices[int(self._scalars.random() * len(choices))]

    def weighted(self, weights: Mapping[T, float]) -> T:
        """Return a key, each as often as its weight says."""
        return self._scalars.choices(list(weights), list(weights.values()))[0]

    def normal(self, *shape: int) -> NDArray[np.float32]:
        """Return standard normal float32."""
        return self.arrays.standard_normal(shape, np.float32)
