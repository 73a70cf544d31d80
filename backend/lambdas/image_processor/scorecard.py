"""Decisions that can be read: curves say what each measure costs, and the points are added up. Pure.

A mask's curves only rise: no measure can make up for another. What costs most names the reason; a card may
look for that among more measures than it decides by.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True, slots=True)
class Curve:
    """What a value counts: straight between the knots, level beyond them."""

    #: Rising values.
    knots: tuple[float, ...]
    #: As many, from 0 on.
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
    #: Curves by which a refusal's reason is looked for, where those that decide say too little of it.
    reasons: Mapping[str, Curve] = field(default_factory=dict)

    def costs(self, measures: Mapping[str, float]) -> dict[str, float]:
        """Return the points of each measure."""
        return _points(self.curves, measures)

    def told(self, measures: Mapping[str, float]) -> dict[str, float]:
        """Return the points of each measure that may name the reason."""
        return _points(self.reasons or self.curves, measures)

    def score(self, costs: Mapping[str, float]) -> float:
        """Return 0 (certainly wrong) .. 1 (certainly right); a half is what just passes."""
        return float(1 / (1 + np.exp(np.clip(sum(costs.values()) - self.allowance, -50, 50))))


@dataclass(frozen=True, slots=True)
class Weighing:
    """Who is right about a piece in dispute: points for the opinion, by curves that may rise and fall."""

    curves: Mapping[str, Curve]
    bias: float

    def belief(self, values: Mapping[str, float]) -> float:
        """Return how likely the opinion is right, 0..1.

        Args:
            values: the piece's features, and the measures of the mask and of the opinion.

        """
        points = self.bias + sum(curve.cost(values[name]) for name, curve in self.curves.items())
        return float(1 / (1 + np.exp(-np.clip(points, -50, 50))))


def _points(curves: Mapping[str, Curve], measures: Mapping[str, float]) -> dict[str, float]:
    return {name: curve.cost(measures[name]) for name, curve in curves.items()}
