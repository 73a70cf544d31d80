"""A decision that can be read: every measure costs points by a curve, and the points are added up. Pure.

A curve only rises: no measure can make up for another. What costs most names the reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Curve:
    """What a measure costs: straight between the knots, level beyond them."""

    #: Rising values of the measure.
    knots: tuple[float, ...]
    #: As many, rising from 0.
    points: tuple[float, ...]

    def cost(self, value: float) -> float:
        """Return the points of a value."""
        return float(np.interp(value, self.knots, self.points))


@dataclass(frozen=True, slots=True)
class Scorecard:
    """A curve per measure, and what a mask may cost."""

    curves: Mapping[str, Curve]
    #: A mask that costs more is refused.
    allowance: float

    def costs(self, measures: Mapping[str, float]) -> dict[str, float]:
        """Return the points of each measure."""
        return {name: curve.cost(measures[name]) for name, curve in self.curves.items()}

    def score(self, costs: Mapping[str, float]) -> float:
        """Return 0 (certainly wrong) .. 1 (certainly right); a half is what just passes."""
        return float(1 / (1 + np.exp(np.clip(sum(costs.values()) - self.allowance, -50, 50))))


@dataclass(frozen=True, slots=True)
class Weighing:
    """A logistic regression: who is right about a piece in dispute."""

    means: tuple[float, ...]
    deviations: tuple[float, ...]
    weights: tuple[float, ...]
    bias: float

    def belief(self, features: NDArray[np.float64]) -> float:
        """Return how likely the opinion is right about a piece, 0..1."""
        standard = (features - np.asarray(self.means)) / np.asarray(self.deviations)
        return float(1 / (1 + np.exp(-np.clip(standard @ np.asarray(self.weights) + self.bias, -50, 50))))
