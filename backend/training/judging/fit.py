"""`make judge-fit`: fits the judge's coefficients on rendered scenes and writes them into the product.

First who is right about a piece in dispute (two logistic regressions), then what each measure costs (a
logistic regression on rising curves, with an opinion and without), at last the allowance.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from lambdas import image_processor
from lambdas.image_processor.disputes import FEATURES
from lambdas.image_processor.measures import Measures, summary
from lambdas.image_processor.quality import CHECKS
from lambdas.image_processor.recipes import BOOK
from lambdas.image_processor.scorecard import Curve, Scorecard, Weighing
from training.judging.corpus import FITTED, GOOD
from training.judging.table import Row, rows
from training.judging.written import module

Array = NDArray[np.float64]

TARGET: Final = Path(image_processor.__path__[0]) / "coefficients.py"
#: Wrong masks that differ less from the truth than this teach nothing.
_LEAST_CHANGE: Final = 0.03
_KNOTS: Final = 7
#: Curves that rise less than this are left out.
_LEAST_POINTS: Final = 0.05
#: So many of the right masks, on the objects fitted on, may be refused.
_FALSE_REJECTS: Final = 0.005
_RIDGE: Final = 1e-4


def fit_weighing(table: Sequence[Row], *, is_missing: bool) -> Weighing:
    """Fit who is right about pieces of one kind; large pieces count more."""
    found = [
        (piece.features, right, piece.share)
        for row in table
        for each, answers in zip(row.reading.disputed, row.answers, strict=True)
        for piece, right in zip(each, answers, strict=True)
        if piece.is_missing is is_missing
    ]
    features = np.stack([features for features, _, _ in found])
    means, deviations = features.mean(0), features.std(0) + 1e-6
    wrong = np.asarray([right for _, right, _ in found], np.float64)
    weights = np.sqrt([share for _, _, share in found])
    free = [(None, None)] * len(FEATURES)
    fitted, bias = _logistic((features - means) / deviations, wrong, weights, free, ridge=1e-3)
    return Weighing(_short(means), _short(deviations), _short(fitted), round(float(bias), 4))


def fit_scorecard(measures: Sequence[Measures], table: Sequence[Row], names: Sequence[str]) -> Scorecard:
    """Fit a curve per measure, and the allowance that refuses few right masks."""
    wrong = np.asarray([row.kind != GOOD for row in table], np.float64)
    values = {name: np.asarray([each[name] for each in measures]) for name in names}
    knots = {name: _knots(given[wrong > 0], given[wrong == 0]) for name, given in values.items()}
    knots = {name: points for name, points in knots.items() if len(points) > 1}
    basis = np.concatenate([_steps(values[name], points) for name, points in knots.items()], 1)
    rises, _ = _logistic(basis, wrong, _weights(table), [(0, None)] * basis.shape[1], ridge=_RIDGE)
    curves: dict[str, Curve] = {}
    first = 0
    for name, points in knots.items():
        steps = rises[first : first + len(points) - 1]
        first += len(points) - 1
        if steps.sum() >= _LEAST_POINTS:
            curves[name] = Curve(_short(points), _short(np.concatenate([[0], np.cumsum(steps)])))
    card = Scorecard(curves, 0.0)
    costs = np.asarray([sum(card.costs(each).values()) for each in measures])
    return Scorecard(curves, round(float(np.quantile(costs[wrong == 0], 1 - _FALSE_REJECTS)), 3))


def _weights(table: Sequence[Row]) -> Array:
    """Return weights by which right and wrong masks count alike, and rare kinds nearly like common ones."""
    kinds = [row.kind for row in table]
    count = {kind: kinds.count(kind) for kind in set(kinds)}
    weights = np.asarray([count[kind] ** -0.5 for kind in kinds])
    good = np.asarray([kind == GOOD for kind in kinds])
    weights[good] *= 2 * weights[~good].sum() / weights[good].sum()
    return np.asarray(weights / weights.sum(), np.float64)


def _knots(wrong: Array, right: Array) -> Array:
    """Return where a curve may bend: between the usual right value and the clearly wrong ones."""
    shares = np.linspace(0.5, 1, _KNOTS // 2 + 1)
    points = np.concatenate([np.quantile(right, shares), np.quantile(wrong, np.linspace(0.2, 0.97, _KNOTS))])
    points = np.unique(np.round(points, 4))
    return np.asarray(points[np.concatenate([[True], np.diff(points) > 1e-3])], np.float64)


def _steps(values: Array, knots: Array) -> Array:
    """Return (n, knots - 1): how much of each interval a value has passed, 0..1."""
    return np.clip((values[:, None] - knots[:-1]) / np.diff(knots), 0, 1)


def _logistic(
    features: Array,
    wrong: Array,
    weights: Array,
    bounds: Sequence[tuple[float | None, float | None]],
    ridge: float,
) -> tuple[Array, float]:
    """Return the weights and the bias of a ridge-penalised logistic regression within bounds."""
    weights = weights / weights.sum()
    sign = 2 * wrong - 1

    def loss(given: Array) -> tuple[float, Array]:
        margin = sign * (features @ given[:-1] + given[-1])
        pull = -sign * weights / (1 + np.exp(np.clip(margin, -50, 50)))
        gradient = np.append(features.T @ pull + 2 * ridge * given[:-1], pull.sum())
        return float(weights @ np.logaddexp(0, -margin) + ridge * (given[:-1] ** 2).sum()), gradient

    start = np.append(np.full(features.shape[1], 0.1), 0.0)
    found = minimize(
        loss, start, jac=True, method="L-BFGS-B", bounds=[*bounds, (None, None)], options={"maxiter": 2000}
    )
    return np.asarray(found.x[:-1], np.float64), float(found.x[-1])


def _short(values: Array) -> tuple[float, ...]:
    return tuple(round(float(value), 4) for value in values)


def fit(table: Sequence[Row]) -> tuple[Mapping[str, Weighing], Mapping[str, Scorecard]]:
    """Fit everything."""
    weighings = {
        "missing": fit_weighing(table, is_missing=True),
        "extra": fit_weighing(table, is_missing=False),
    }
    told = [row for row in table if row.kind == GOOD or row.changed >= _LEAST_CHANGE]
    measures = [summary(row.reading, weighings) for row in told]
    names = [name for check in CHECKS for name in check.measures if name in measures[0]]
    alone = [name for name in names if name in told[0].reading.mask]
    cards = {
        "with_opinion": fit_scorecard(measures, told, names),
        "alone": fit_scorecard(measures, told, alone),
    }
    return weighings, cards


def main(arguments: list[str] | None = None) -> int:
    """Fit, write, and return the exit status."""
    parser = argparse.ArgumentParser(prog="judge-fit", description=__doc__)
    parser.add_argument("--scenes", type=int, default=1000)
    parser.add_argument("--processes", type=int, default=len(os.sched_getaffinity(0)))
    given = parser.parse_args(arguments)
    table = rows(FITTED, given.scenes, given.processes)
    weighings, cards = fit(table)
    origin = {
        "model": BOOK.name,
        "sha256": BOOK.sha256,
        "scenes": given.scenes,
        "masks": len(table),
        "seed": FITTED.seed,
    }
    TARGET.write_text(module(weighings, cards, origin))
    print(f"{TARGET}: fitted on {len(table)} masks of {given.scenes} scenes")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
