"""Logistic regression on curves: what each of several values counts, bend by bend."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from lambdas.image_processor.scorecard import Curve

Array = NDArray[np.float64]
Bound = tuple[float | None, float | None]

#: Curves that change less than this are left out.
_LEAST_POINTS: Final = 0.05


def apart(points: Array) -> Array:
    """Return rising points that are not too near to each other."""
    points = np.unique(np.round(points, 4))
    return np.asarray(points[np.concatenate([[True], np.diff(points) > 1e-3])], np.float64)


def curves_of(
    given: Mapping[str, Array],
    knots: Mapping[str, Array],
    target: tuple[Array, Array],
    bound: Bound,
    ridge: float,
) -> tuple[dict[str, Curve], float]:
    """Fit one curve per name and the bias.

    Args:
        given: values by name, (n,) each.
        knots: where the curves may bend.
        target: (n,) 0 or 1, and (n,) weights.
        bound: of every step from knot to knot.
        ridge: the penalty on steps.

    """
    usable = {name: points for name, points in knots.items() if len(points) > 1}
    basis = np.concatenate([_steps(given[name], points) for name, points in usable.items()], 1)
    steps, bias = _logistic(basis, *target, bound, ridge)
    curves: dict[str, Curve] = {}
    first = 0
    for name, points in usable.items():
        rises = np.concatenate([[0], np.cumsum(steps[first : first + len(points) - 1])])
        first += len(points) - 1
        if np.ptp(rises) >= _LEAST_POINTS:
            curves[name] = Curve(_short(points), _short(rises))
    return curves, bias


def _steps(given: Array, knots: Array) -> Array:
    """Return (n, knots - 1): how much of each interval a value has passed, 0..1."""
    return np.clip((given[:, None] - knots[:-1]) / np.diff(knots), 0, 1)


def _logistic(
    features: Array, target: Array, weights: Array, bound: Bound, ridge: float
) -> tuple[Array, float]:
    """Return the weights, within the bound, and the bias of a ridge-penalised logistic regression."""
    weights = weights / weights.sum()
    sign = 2 * target - 1

    def loss(tried: Array) -> tuple[float, Array]:
        margin = sign * (features @ tried[:-1] + tried[-1])
        pull = -sign * weights / (1 + np.exp(np.clip(margin, -50, 50)))
        gradient = np.append(features.T @ pull + 2 * ridge * tried[:-1], pull.sum())
        return float(weights @ np.logaddexp(0, -margin) + ridge * (tried[:-1] ** 2).sum()), gradient

    bounds = [*[bound] * features.shape[1], (None, None)]
    start = np.zeros(len(bounds))
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 2000})
    return np.asarray(found.x[:-1], np.float64), float(found.x[-1])


def _short(given: Array) -> tuple[float, ...]:
    return tuple(round(float(value), 4) for value in given)
