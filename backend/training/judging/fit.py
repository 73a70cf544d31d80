"""`make judge-fit`: fits the judge's coefficients on rendered scenes and writes them into the product.

First who is right about a piece in dispute, then what each measure costs, with opinions and without: by
logistic regressions on curves. At last the allowance, by the right masks that may be refused: as they are
judged by fits that have not met their kind of object.
"""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from lambdas import image_processor
from lambdas.image_processor.beliefs import summary, values
from lambdas.image_processor.measures import Measures
from lambdas.image_processor.quality import CHECKS, RULES
from lambdas.image_processor.recipes import BOOK, CRITIC
from lambdas.image_processor.scorecard import Curve, Scorecard, Weighing
from training.judging.corpus import FITTED, GOOD, STRANGE
from training.judging.table import Row, rows
from training.judging.written import module

Array = NDArray[np.float64]
Bound = tuple[float | None, float | None]

TARGET: Final = Path(image_processor.__path__[0]) / "coefficients.py"
#: Wrong masks that differ less from the truth than this teach nothing.
_LEAST_CHANGE: Final = 0.03
#: By card: so many of the right masks may be refused, of kinds that a fit had left out. The critic alone may
#: only accept: whom it refuses is judged with both.
_FALSE_REJECTS: Final[Mapping[str, float]] = {"with_opinions": 0.0175, "with_critic": 0.07, "alone": 0.006}
#: The kinds are left out in so many parts.
_PARTS: Final = 7
_KNOTS: Final = 7
_RIDGE: Final = 3e-4
_WEIGHING_KNOTS: Final = 5
_WEIGHING_RIDGE: Final = 2e-3
#: Curves that change less than this are left out.
_LEAST_POINTS: Final = 0.05


def fit(table: Sequence[Row]) -> tuple[dict[str, Weighing], dict[str, Scorecard]]:
    """Fit everything; the allowances on kinds of object that each fit had left out."""
    weighings, curves = fit_curves(table)
    costs: dict[str, list[float]] = {name: [] for name in curves}
    for kinds in _parted(sorted({row.subject for row in table})):
        rest = fit_curves([row for row in table if row.subject not in kinds])
        right = [row for row in table if row.subject in kinds and row.kind == GOOD]
        for name in costs:
            costs[name] += [_cost(row, name, rest[0], rest[1][name]) for row in right]
    return weighings, {
        name: Scorecard(curves[name], allowance(costs[name], share)) for name, share in _FALSE_REJECTS.items()
    }


def fit_curves(table: Sequence[Row]) -> tuple[dict[str, Weighing], dict[str, dict[str, Curve]]]:
    """Fit who is right about pieces, and what each measure costs: with the opinions, and alone."""
    weighings = {
        "missing": fit_weighing(table, is_missing=True),
        "extra": fit_weighing(table, is_missing=False),
    }
    told = [row for row in table if row.kind == GOOD or row.changed >= _LEAST_CHANGE]
    names = [name for check in CHECKS for name in check.measures]
    curves = {}
    for card in _FALSE_REJECTS:
        measures = [_measures(row, card, weighings) for row in told]
        curves[card] = fit_scorecard(measures, told, [name for name in names if name in measures[0]])
    return weighings, curves


def allowance(costs: Sequence[float], false_rejects: float) -> float:
    """Return what this share of right masks costs more than."""
    return round(float(np.quantile(costs, 1 - false_rejects)), 3)


def _measures(row: Row, card: str, weighings: Mapping[str, Weighing]) -> Measures:
    if card == "alone":
        return row.reading.mask
    return summary(row.first if card == "with_critic" else row.reading, weighings)


def _cost(row: Row, card: str, weighings: Mapping[str, Weighing], curves: Mapping[str, Curve]) -> float:
    """Return what a mask costs; what the rules refuse is refused whatever it costs."""
    measures = _measures(row, card, weighings)
    if any(rule.fails(measures) for rule in RULES):
        return math.inf
    return sum(curve.cost(measures[name]) for name, curve in curves.items())


def _parted(kinds: Sequence[str]) -> list[Sequence[str]]:
    return [kinds[index::_PARTS] for index in range(min(_PARTS, len(kinds)))]


def fit_weighing(table: Sequence[Row], *, is_missing: bool) -> Weighing:
    """Fit who is right about pieces of one kind, disputed by the book model; large pieces count more."""
    found = [
        (values(piece, row.reading.mask | distances), right, piece.share)
        for row in table
        for distances, each, answers in zip(
            row.reading.opinions, row.reading.disputed, row.answers, strict=True
        )
        for piece, right in zip(each, answers, strict=True)
        if piece.is_missing is is_missing
    ]
    given = {name: np.asarray([asked[name] for asked, _, _ in found]) for name in found[0][0]}
    spread = np.linspace(0.01, 0.99, _WEIGHING_KNOTS)
    knots = {name: _apart(np.quantile(each, spread)) for name, each in given.items()}
    right = np.asarray([right for _, right, _ in found], np.float64)
    weights = np.sqrt([share for _, _, share in found])
    curves, bias = _curves(given, knots, (right, weights), (None, None), _WEIGHING_RIDGE)
    return Weighing(curves, round(bias, 4))


def fit_scorecard(
    measures: Sequence[Measures], table: Sequence[Row], names: Sequence[str]
) -> dict[str, Curve]:
    """Fit a rising curve per measure."""
    wrong = np.asarray([row.kind != GOOD for row in table], np.float64)
    given = {name: np.asarray([each[name] for each in measures]) for name in names}
    knots = {name: _knots(each[wrong > 0], each[wrong == 0]) for name, each in given.items()}
    return _curves(given, knots, (wrong, _weights(table)), (0, None), _RIDGE)[0]


def _weights(table: Sequence[Row]) -> Array:
    """Return weights by which right and wrong masks count alike, and rare kinds nearly like common ones."""
    kinds = [row.kind for row in table]
    count = {kind: kinds.count(kind) for kind in set(kinds)}
    weights = np.asarray([count[kind] ** -0.5 for kind in kinds])
    good = np.asarray([kind == GOOD for kind in kinds])
    weights[good] *= 2 * weights[~good].sum() / weights[good].sum()
    return np.asarray(weights, np.float64)


def _knots(wrong: Array, right: Array) -> Array:
    """Return where a curve may bend: between the usual right value and the clearly wrong ones."""
    shares = np.linspace(0.5, 1, _KNOTS // 2 + 1)
    return _apart(
        np.concatenate([np.quantile(right, shares), np.quantile(wrong, np.linspace(0.2, 0.97, _KNOTS))])
    )


def _apart(points: Array) -> Array:
    """Return rising points that are not too near to each other."""
    points = np.unique(np.round(points, 4))
    return np.asarray(points[np.concatenate([[True], np.diff(points) > 1e-3])], np.float64)


def _curves(
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


def main(arguments: list[str] | None = None) -> int:
    """Fit, write, and return the exit status."""
    parser = argparse.ArgumentParser(prog="judge-fit", description=__doc__)
    parser.add_argument("--scenes", type=int, default=1000)
    parser.add_argument("--processes", type=int, default=len(os.sched_getaffinity(0)))
    given = parser.parse_args(arguments)
    table = [row for source in (FITTED, STRANGE) for row in rows(source, given.scenes // 2, given.processes)]
    origin = {
        "model": BOOK.name,
        "sha256": BOOK.sha256,
        "critic": CRITIC.name,
        "critic_sha256": CRITIC.sha256,
        "scenes": given.scenes,
        "masks": len(table),
        "seeds": (FITTED.seed, STRANGE.seed),
    }
    TARGET.write_text(module(*fit(table), origin))
    print(f"{TARGET}: fitted on {len(table)} masks of {given.scenes} scenes")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
