"""`make judge-fit`: fits the judge's coefficients on rendered scenes and writes them into the product.

First who is right about a piece in dispute, then what each measure costs, with opinions and without: by
logistic regressions on curves. Then the allowance, by the right masks that may be refused: as they are
judged by fits that have not met their kind of object. At last what names a refusal's reason.
"""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from lambdas import image_processor
from lambdas.image_processor.beliefs import summary, values
from lambdas.image_processor.checks import CHECKS, RULES
from lambdas.image_processor.errors import FailureCode
from lambdas.image_processor.measures import Measures
from lambdas.image_processor.recipes import BOOK, CORRECTOR, CRITIC, ModelSpec
from lambdas.image_processor.scorecard import Curve, Scorecard, Weighing
from training.judging.corpus import FITTED, GOOD, STRANGE
from training.judging.regression import Array, apart, curves_of
from training.judging.table import Row, rows
from training.judging.written import module

#: Wrong masks that differ less from the truth than this teach nothing.
_LEAST_CHANGE: Final = 0.03
#: The kinds are left out in so many parts.
_PARTS: Final = 7
#: What does not decide where both opinions are known, and only names the reason: the mask's shape, the edges
#: along it, where the critic would draw it. The critic has seen all that, and its doubt says it; kinds of
#: object that no fit has met look odd by the rest.
_LOOKS: Final = frozenset(
    name
    for check in CHECKS
    for name in check.measures
    if check.code in {FailureCode.EATEN_CORNER, FailureCode.WEAK_EDGES}
    or name == "lumps"
    or (name.startswith("critic_") and name != "critic_doubt")
)
#: Where curves may bend, by the share of right and of wrong masks that measure less: most often where the few
#: right ones lie that measure much and the few wrong ones that measure little. There it is decided.
_RIGHT_KNOTS: Final = (0.5, 0.667, 0.833, 0.92, 0.97, 0.99, 1)
_WRONG_KNOTS: Final = (0.01, 0.03, 0.06, 0.12, 0.2, 0.33, 0.46, 0.585, 0.71, 0.84, 0.97)
_RIDGE: Final = 3e-4
_WEIGHING_KNOTS: Final = 5
_WEIGHING_RIDGE: Final = 2e-3


@dataclass(frozen=True, slots=True)
class Target:
    """What is fitted to one critic."""

    file: str
    critic: ModelSpec
    #: By card: so many of the right masks may be refused, of kinds that a fit had left out. The critic alone
    #: may only accept: whom it refuses is judged with both.
    false_rejects: Mapping[str, float]
    #: By card: measures that do not decide, and only name the reason.
    only_told: Mapping[str, frozenset[str]] = field(default_factory=dict)


JUDGE: Final = Target(
    "coefficients.py",
    CRITIC,
    {"with_opinions": 0.012, "with_critic": 0.07},
    only_told={"with_opinions": _LOOKS},
)
OWN: Final = Target("own_coefficients.py", CORRECTOR, {"with_opinions": 0.0175, "alone": 0.006})


def fit(table: Sequence[Row], target: Target) -> tuple[dict[str, Weighing], dict[str, Scorecard]]:
    """Fit everything; the allowances on kinds of object that each fit had left out."""
    weighings, curves = fit_curves(table, target)
    costs: dict[str, list[float]] = {name: [] for name in curves}
    for kinds in _parted(sorted({row.subject for row in table})):
        rest = fit_curves([row for row in table if row.subject not in kinds], target)
        right = [row for row in table if row.subject in kinds and row.kind == GOOD]
        for name in costs:
            costs[name] += [_cost(row, name, rest[0], rest[1][name]) for row in right]
    return weighings, {
        name: Scorecard(curves[name], allowance(costs[name], share), _reasons(table, name, weighings, target))
        for name, share in target.false_rejects.items()
    }


def fit_curves(
    table: Sequence[Row], target: Target
) -> tuple[dict[str, Weighing], dict[str, dict[str, Curve]]]:
    """Fit who is right about pieces, and what each measure costs: by card."""
    weighings = {
        "missing": fit_weighing(table, is_missing=True),
        "extra": fit_weighing(table, is_missing=False),
    }
    return weighings, {
        card: _fit_card(table, card, weighings, target.only_told.get(card, frozenset()))
        for card in target.false_rejects
    }


def _reasons(
    table: Sequence[Row], card: str, weighings: Mapping[str, Weighing], target: Target
) -> dict[str, Curve]:
    """Return curves of all measures where not all of them decide."""
    return _fit_card(table, card, weighings, frozenset()) if card in target.only_told else {}


def _fit_card(
    table: Sequence[Row], card: str, weighings: Mapping[str, Weighing], left_out: frozenset[str]
) -> dict[str, Curve]:
    """Fit a card's curves on the masks that teach something."""
    taught = [row for row in table if row.kind == GOOD or row.changed >= _LEAST_CHANGE]
    measures = [_measures(row, card, weighings) for row in taught]
    names = [name for check in CHECKS for name in check.measures if name in measures[0]]
    return fit_scorecard(measures, taught, [name for name in names if name not in left_out])


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
    knots = {name: apart(np.quantile(each, spread)) for name, each in given.items()}
    right = np.asarray([right for _, right, _ in found], np.float64)
    weights = np.sqrt([share for _, _, share in found])
    curves, bias = curves_of(given, knots, (right, weights), (None, None), _WEIGHING_RIDGE)
    return Weighing(curves, round(bias, 4))


def fit_scorecard(
    measures: Sequence[Measures], table: Sequence[Row], names: Sequence[str]
) -> dict[str, Curve]:
    """Fit a rising curve per measure."""
    wrong = np.asarray([row.kind != GOOD for row in table], np.float64)
    given = {name: np.asarray([each[name] for each in measures]) for name in names}
    knots = {name: _knots(each[wrong > 0], each[wrong == 0]) for name, each in given.items()}
    return curves_of(given, knots, (wrong, _weights(table)), (0, None), _RIDGE)[0]


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
    return apart(np.concatenate([np.quantile(right, _RIGHT_KNOTS), np.quantile(wrong, _WRONG_KNOTS)]))


def main(arguments: list[str] | None = None) -> int:
    """Fit, write, and return the exit status."""
    parser = argparse.ArgumentParser(prog="judge-fit", description=__doc__)
    parser.add_argument("--scenes", type=int, default=1000)
    parser.add_argument("--processes", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument(
        "--own", action="store_true", help="fit what judges the embedded model's own masks, to their critic"
    )
    given = parser.parse_args(arguments)
    target = OWN if given.own else JUDGE
    table = [
        row
        for source in (FITTED, STRANGE)
        for row in rows(source, given.scenes // 2, given.processes, target.critic)
    ]
    origin = {
        "model": BOOK.name,
        "sha256": BOOK.sha256,
        "critic": target.critic.name,
        "critic_sha256": target.critic.sha256,
        "scenes": given.scenes,
        "masks": len(table),
        "seeds": (FITTED.seed, STRANGE.seed),
    }
    file = Path(image_processor.__path__[0]) / target.file
    file.write_text(module(*fit(table, target), origin))
    print(f"{file}: fitted on {len(table)} masks of {given.scenes} scenes")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
