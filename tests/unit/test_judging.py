"""The judge's corpus: what is held out stays out, truth stays true, and the figures are figured right."""

from __future__ import annotations

import itertools
import json

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from lambdas.image_processor import coefficients, own_coefficients
from lambdas.image_processor.checks import CHECKS
from lambdas.image_processor.measures import Reading
from lambdas.image_processor.scorecard import Curve, Scorecard, Weighing
from training import candidates, generator, scenes
from training.arrangements import ARRANGEMENTS
from training.dice import Dice
from training.judging import corpus, figures, fit, written
from training.judging.corruptions import CORRUPTIONS
from training.judging.objects import UNSEEN
from training.judging.scenes import Scene, compose
from training.judging.softness import soften, speckled, unsure
from training.judging.strangers import STRANGERS
from training.judging.table import Row
from training.library import Library, Stock
from training.paint import Paint

SMALL = Stock(covers=12, sheets=6, spines=8, edges=4, spreads=6, pages=3, surfaces=10)


@pytest.fixture(scope="module")
def made() -> list[Scene]:
    """A few scenes of held-out objects."""
    paint = Paint(Dice(5))
    library = Library.printed(paint, SMALL)
    return [compose(library, paint.with_dice(Dice(5, index)), UNSEEN) for index in range(12)]


def test_held_out_objects_stay_out() -> None:
    """No kind that the judge is measured on is rendered for any training, the model's or the judge's."""
    assert not {*UNSEEN} & {*ARRANGEMENTS, *STRANGERS}
    names = {arrangement.__name__ for arrangement in UNSEEN}
    assert not names & {arrangement.__name__ for arrangement in (*ARRANGEMENTS, *STRANGERS)}
    for module in (scenes, generator, candidates):
        assert not names & set(vars(module))
    assert corpus.FITTED.arrangements is ARRANGEMENTS
    assert corpus.HELD_OUT.arrangements is UNSEEN
    assert corpus.STRANGE.arrangements is STRANGERS
    assert len({corpus.FITTED.seed, corpus.STRANGE.seed, corpus.HELD_OUT.seed}) == 3


def test_every_object_of_the_judges_can_be_shown() -> None:
    """Each in a scene of its own, with a subject of some size whose outline can be seen."""
    paint = Paint(Dice(6))
    library = Library.printed(paint, SMALL)
    for index, arrangement in enumerate((*UNSEEN, *STRANGERS)):
        scene = compose(library, paint.with_dice(Dice(6, index)), {arrangement: 1.0})
        assert arrangement.__name__ == scene.kind
        assert scene.pixels.shape[:2] == scene.truth.shape
        assert 0.03 < scene.truth.mean() < 0.93


def test_the_same_dice_make_the_same_scene() -> None:
    """A corpus is a function of its seed."""
    paint = Paint(Dice(7))
    library = Library.printed(paint, SMALL)
    first, second = (compose(library, paint.with_dice(Dice(7, 1)), UNSEEN) for _ in range(2))
    assert (first.pixels == second.pixels).all()
    assert (first.truth == second.truth).all()


def test_right_masks_are_right(made: list[Scene]) -> None:
    """Softened, displaced and speckled, they stay within a few hundredths of the truth's area."""
    for index, scene in enumerate(made):
        for mask in (
            soften(scene.truth, Dice(1, index)),
            speckled(scene.truth.astype(np.uint8) * 255, Dice(2)),
        ):
            wrong = ((mask > 127) ^ scene.truth).sum() / scene.truth.sum()
            assert wrong < 0.12
    errors = [
        ((soften(s.truth, Dice(3, i)) > 127) ^ s.truth).sum() / s.truth.sum() for i, s in enumerate(made)
    ]
    assert np.median(errors) < 0.04


@pytest.mark.parametrize("kind", CORRUPTIONS)
def test_wrong_masks_are_wrong(kind: str, made: list[Scene]) -> None:
    """Each kind changes the area it is about, and can be made of some scene."""
    regions = [CORRUPTIONS[kind](scene, Dice(4, index)) for index, scene in enumerate(made)]
    changes = [
        (region ^ scene.truth).sum() / scene.truth.sum()
        for region, scene in zip(regions, made, strict=True)
        if region is not None
    ]
    assert changes
    assert min(changes) > 0.009


def test_what_is_lost_and_what_is_gained(made: list[Scene]) -> None:
    """A corruption that takes away adds nothing, and the other way round."""
    for index, scene in enumerate(made):
        for kind in (
            "corner_eaten",
            "edge_band_lost",
            "hole",
            "portrait_only",
            "text_block_only",
            "fragment",
        ):
            region = CORRUPTIONS[kind](scene, Dice(8, index))
            assert region is None or not (region & ~scene.truth).any(), kind
        for kind in ("shadow_included", "table_leak", "hand_included", "second_object"):
            region = CORRUPTIONS[kind](scene, Dice(8, index))
            assert region is None or not (scene.truth & ~region).any(), kind


def test_a_speck_tells_nothing() -> None:
    """Some of the right masks have specks beside them and some have none; so have the wrong ones."""
    bare = {"empty", "full_frame", "inverted", "low_confidence_blur"}
    examples = [
        example
        for _, made in itertools.islice(corpus.rendered(corpus.HELD_OUT, 3), 14)
        for example in made
        if example.kind not in bare
    ]
    found = {(example.kind == corpus.GOOD, _has_speck(example.mask)) for example in examples}
    assert len(found) == 4


def _has_speck(mask: NDArray[np.uint8]) -> bool:
    """Return whether one of several parts is under a third of a per cent."""
    _, _, stats, _ = cv2.connectedComponentsWithStats((mask > 110).astype(np.uint8))
    areas = stats[1:, cv2.CC_STAT_AREA]
    return bool((areas < 0.003 * areas.sum()).any())


def test_an_unsure_mask_is_grey(made: list[Scene]) -> None:
    """Much of it is neither subject nor ground."""
    for index, scene in enumerate(made):
        mask, sure = unsure(scene.truth, Dice(9, index)), soften(scene.truth, Dice(9, index))
        grey, usual = (((plane > 25) & (plane < 230)).sum() for plane in (mask, sure))
        assert grey > usual


def row(kind: str, changed: float = 0.2) -> Row:
    nothing = Reading({}, (), ())
    return Row("1", "map", kind, changed, nothing, nothing, (), 0.6, 0.1, 0.9)


def test_figures() -> None:
    """Counts, rates and the curve of a policy that refuses half of the wrong and one of the right."""
    rows = [row("good")] * 4 + [row("hole")] * 2 + [row("hole", 0.02)] * 2
    scores = iter([0.9, 0.9, 0.9, 0.3, 0.1, 0.8, 0.1, 0.8])
    found = figures.judged(rows, lambda _: (None if (score := next(scores)) > 0.5 else "hole", score))
    told = figures.figures(found)
    assert (4, 1) == (told["good"]["n"], told["good"]["rejected"])
    (hole,) = told["bad"]
    large = hole["above_5_percent"]
    assert ("hole", 4, 2, 2, 1) == (hole["kind"], hole["n"], hole["caught"], large["n"], large["caught"])
    assert {"good": {"hole": 1}, "hole": {"hole": 2}} == told["reasons"]
    curve = figures.roc(found)
    assert ((0.0, 0.0), (1.0, 1.0)) == (curve[0], curve[-1])
    assert (0.25, 0.5) in curve
    assert json.dumps(told)


@pytest.mark.parametrize(
    ("hits", "count", "low", "high"),
    [(0, 0, 0, 1), (0, 100, 0, 0.037), (50, 100, 0.404, 0.596), (100, 100, 0.963, 1)],
)
def test_wilson(hits: int, count: int, low: float, high: float) -> None:
    """The interval's ends, as published tables have them."""
    assert (low, high) == pytest.approx(figures.interval(hits, count), abs=5e-4)


def test_the_fit_finds_what_is_wrong() -> None:
    """One measure tells right from wrong, another is noise: the first costs; few right masks are refused."""
    rng = np.random.default_rng(1)
    table = [row("good" if index % 2 else "hole") for index in range(600)]
    rules = {"confidence": 1.0, "coverage": 0.3, "beside": 0.0}
    measures = [
        rules | {"bites": float(rng.normal(item.kind != "good", 0.25)), "lumps": float(rng.normal(0, 1))}
        for item in table
    ]
    curves = fit.fit_scorecard(measures, table, ["bites", "lumps"])
    card = Scorecard({"lumps": Curve((0.0,), (0.0,))} | curves, 0.0)
    costs = np.asarray([sum(card.costs(each).values()) for each in measures])
    good = np.asarray([item.kind == "good" for item in table])
    allowed = fit.allowance(costs[good].tolist(), 0.005)
    assert (costs[good] > allowed).mean() <= 0.01
    assert (costs[~good] > allowed).mean() > 0.5
    assert card.curves["bites"].points[-1] > 3 * card.curves["lumps"].points[-1]


def test_coefficients_survive_writing() -> None:
    """What is written is Python that says the same."""
    curve = Curve((0.0, 0.5, 1.25), (0.0, 0.25, 3.0))
    weighing, card = Weighing({"look": curve}, -0.5), Scorecard({"holes": curve}, 4.5)
    cards = {
        "alone": card,
        "with_opinions": Scorecard({"holes": curve}, 4.5, {"holes": curve, "bites": curve}),
    }
    room: dict[str, object] = {}
    exec(written.module({"missing": weighing}, cards, {"model": "book-v1"}), room)  # noqa: S102
    assert {"missing": weighing} == {**room["WEIGHINGS"]}  # type: ignore[dict-item]
    assert cards == {**room["CARDS"]}  # type: ignore[dict-item]


def test_the_shipped_coefficients() -> None:
    """Every measure that costs or is told belongs to a check; a mask's curves only rise."""
    known = {name for check in CHECKS for name in check.measures}
    assert {"with_opinions", "with_critic"} == set(coefficients.CARDS)
    assert {"with_opinions", "alone"} == set(own_coefficients.CARDS)
    for card in (*coefficients.CARDS.values(), *own_coefficients.CARDS.values()):
        assert {*card.curves, *card.reasons} <= known
        for curve in (*card.curves.values(), *card.reasons.values()):
            assert list(curve.knots) == sorted(curve.knots)
            assert list(curve.points) == sorted(curve.points)
            assert 0 == curve.points[0]
