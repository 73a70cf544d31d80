"""The judge: what it accepts whatever its shape, one mask per code, and the policies it replaced."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from lambdas.image_processor.beliefs import summary
from lambdas.image_processor.checks import CHECKS
from lambdas.image_processor.coefficients import WEIGHINGS
from lambdas.image_processor.domain import Mask, Photo, Verdict
from lambdas.image_processor.errors import FailureCode
from lambdas.image_processor.measures import read
from lambdas.image_processor.quality import OWN, POLICIES, Opinion, Policy, decide, judge, no_opinion
from lambdas.image_processor.working_size import Patch
from tests import masks, scenes

Bytes = NDArray[np.uint8]
BOOK = Photo(scenes.scene(scenes.BOOK), "JPEG")
WHOLE = masks.mask_of(scenes.BOOK)

SHAPES: dict[str, scenes.Corners] = {
    "a cover": scenes.BOOK,
    "small in its frame": [(0.44, 0.4), (0.58, 0.41), (0.57, 0.66), (0.43, 0.65)],
    "a spine, 1:10": [(0.48, 0.06), (0.545, 0.06), (0.55, 0.93), (0.485, 0.935)],
    "a spine, lying": [(0.08, 0.45), (0.92, 0.47), (0.92, 0.6), (0.08, 0.58)],
    "an open spread": [(0.06, 0.22), (0.5, 0.26), (0.94, 0.22), (0.95, 0.78), (0.5, 0.82), (0.05, 0.78)],
    "cut by one border": [(0.3, 0.2), (1.2, 0.22), (1.2, 0.8), (0.28, 0.82)],
    "cut by two": [(0.3, -0.2), (1.2, -0.2), (1.2, 0.8), (0.28, 0.82)],
    "cut by three": [(-0.2, -0.2), (1.2, -0.2), (1.2, 0.8), (-0.2, 0.75)],
    "turned": [(0.5, 0.08), (0.82, 0.45), (0.5, 0.92), (0.18, 0.5)],
    "with its edge in view": [(0.25, 0.2), (0.7, 0.18), (0.76, 0.25), (0.78, 0.8), (0.3, 0.84), (0.24, 0.76)],
}


def agreeing(mask: Mask, critic: Mask | None = None) -> Opinion:
    """Return a critic's opinion and another: the same, or the critic's is of the mask that is given."""
    true = (critic or mask).alpha

    def opinion(alpha: Bytes) -> Sequence[Sequence[Patch]]:
        both, either = ((alpha > 127) & (true > 127)).sum(), ((alpha > 127) | (true > 127)).sum()
        rightness = 0.98 if both > 0.97 * either else 0.02
        said = replace(masks.patch(true), rightness=rightness)
        return (said,), (said, masks.patch(mask.alpha))

    return opinion


def with_both(mask: Mask, opinion: Opinion) -> Verdict:
    """Judge with all the opinions there are, whether or not the first is enough."""
    *_, given = opinion(mask.alpha)
    return decide(summary(read(BOOK.pixels, mask.alpha, mask.probability, given), WEIGHINGS))


@pytest.mark.parametrize("corners", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("is_asked", [False, True], ids=["alone", "with an opinion"])
def test_no_shape_is_wrong_in_itself(corners: scenes.Corners, is_asked: bool) -> None:
    """Small books, backs, spreads, and books that the frame cuts are books."""
    photo, mask = Photo(scenes.scene(corners), "JPEG"), masks.mask_of(corners)
    verdict = judge(photo, mask, agreeing(mask) if is_asked else no_opinion)
    assert (None, True) == (verdict.reason, verdict.score > 0.5)


def test_specks_beside_it_are_forgiven() -> None:
    """A few stray pixels are no reason to lose a picture."""
    speck = [(0.9, 0.9), (0.91, 0.9), (0.91, 0.915), (0.9, 0.915)]
    assert judge(BOOK, masks.with_more(WHOLE, speck), agreeing(WHOLE)).accepted


WRONG: dict[str, tuple[Mask, set[FailureCode]]] = {
    "a corner cut off": (
        masks.without(WHOLE, [(0.55, 0.95), (0.9, 0.5), (0.9, 0.95)]),
        {FailureCode.EATEN_CORNER, FailureCode.PART_MISSING},
    ),
    "a bite": (
        masks.without(WHOLE, [(0.1, 0.4), (0.4, 0.45), (0.4, 0.6), (0.1, 0.65)]),
        {FailureCode.EATEN_CORNER, FailureCode.PART_MISSING},
    ),
    "a side lost": (
        masks.without(WHOLE, [(0.1, 0.05), (0.9, 0.05), (0.9, 0.32), (0.1, 0.32)]),
        {FailureCode.PART_MISSING, FailureCode.WEAK_EDGES},
    ),
    "a hole": (
        masks.without(WHOLE, [(0.4, 0.4), (0.55, 0.4), (0.55, 0.6), (0.4, 0.6)]),
        {FailureCode.HOLE, FailureCode.PART_MISSING, FailureCode.EATEN_CORNER},
    ),
    "the portrait alone": (
        masks.mask_of([(0.4, 0.35), (0.6, 0.35), (0.6, 0.65), (0.4, 0.65)]),
        {FailureCode.NOT_THE_BOOK, FailureCode.PART_MISSING},
    ),
    "a piece of the table": (
        masks.with_more(WHOLE, [(0.7, 0.5), (0.98, 0.5), (0.98, 0.95), (0.7, 0.95)]),
        {FailureCode.LEAK, FailureCode.EATEN_CORNER, FailureCode.NOT_THE_BOOK},
    ),
    "everything else": (
        masks.from_alpha(255 - WHOLE.alpha),
        {FailureCode.NOT_THE_BOOK, FailureCode.HOLE, FailureCode.LEAK, FailureCode.PART_MISSING},
    ),
    "elsewhere": (
        masks.mask_of([(x + 0.15, y) for x, y in scenes.BOOK]),
        {FailureCode.NOT_THE_BOOK, FailureCode.LEAK, FailureCode.PART_MISSING, FailureCode.WEAK_EDGES},
    ),
    "grey all over": (
        masks.from_alpha((WHOLE.alpha * 0.62).astype(np.uint8)),
        {FailureCode.LOW_CONFIDENCE},
    ),
    "a wide slope": (masks.mask_of(scenes.BOOK, soft_px=28), {FailureCode.LOW_CONFIDENCE}),
    "nothing": (masks.from_alpha(np.zeros((300, 400), np.uint8)), {FailureCode.NO_SUBJECT}),
    "hardly anything": (masks.mask_of(scenes.SPECK, soft_px=0.5), {FailureCode.SUBJECT_TOO_SMALL}),
    "the whole frame": (masks.mask_of(scenes.FULL_FRAME), {FailureCode.FILLS_FRAME}),
    "pieces": (masks.mask_of(*scenes.PIECES), {FailureCode.FRAGMENTS}),
}


@pytest.mark.parametrize(("mask", "codes"), WRONG.values(), ids=WRONG)
def test_each_code(mask: Mask, codes: set[FailureCode]) -> None:
    """Every wrong mask has its reason: one of those that a person would give."""
    verdict = judge(BOOK, mask, agreeing(WHOLE))
    assert verdict.reason in codes
    assert 0 <= verdict.score <= 0.5


def test_an_opinion_that_the_photo_contradicts_is_not_followed() -> None:
    """The opinion lost a side that the photo shows; the mask that has it is accepted."""
    mistaken = masks.without(WHOLE, [(0.1, 0.05), (0.9, 0.05), (0.9, 0.24), (0.1, 0.24)])
    assert with_both(WHOLE, agreeing(mistaken, critic=WHOLE)).accepted


def test_the_critic_alone_may_accept() -> None:
    """Most masks are right, and plainly so: the book model is not asked about them."""

    def opinion(alpha: Bytes) -> Iterator[Sequence[Patch]]:
        yield next(iter(agreeing(WHOLE)(alpha)))
        raise AssertionError("the book model was asked")

    verdict = judge(BOOK, WHOLE, opinion)
    assert verdict.accepted
    assert "critic_disagreement" in verdict.measures
    assert "disagreement" not in verdict.measures


def test_the_critic_alone_does_not_refuse() -> None:
    """What it does not accept is judged with both; that it finds a mask wrong need not be the end."""
    lost = masks.without(WHOLE, [(0.1, 0.05), (0.9, 0.05), (0.9, 0.4), (0.1, 0.4)])
    verdict = judge(BOOK, WHOLE, agreeing(WHOLE, critic=lost))
    assert verdict == with_both(WHOLE, agreeing(WHOLE, critic=lost))
    assert "disagreement" in verdict.measures


def test_no_opinion_at_all_is_no_reason() -> None:
    """Where the book model sees no book, a mask that is right in everything else is kept."""
    nothing = masks.from_alpha(np.zeros((300, 400), np.uint8))
    verdict = with_both(WHOLE, agreeing(nothing, critic=WHOLE))
    assert (1.0, True) == (verdict.measures["no_opinion"], verdict.accepted)


def test_stretching_invents_no_subject() -> None:
    """A faint prediction and a sure one make the same 8-bit mask; only one of them is a book."""
    faint = Mask(WHOLE.alpha, WHOLE.probability * 0.3)
    assert [FailureCode.NO_SUBJECT, None] == [judge(BOOK, mask).reason for mask in (faint, WHOLE)]


def test_the_rules_ask_nobody() -> None:
    """An empty or a full mask costs no second opinion."""

    def never(_: Bytes) -> Sequence[Sequence[Patch]]:
        raise AssertionError("the book model was asked")

    for name in ("nothing", "hardly anything", "the whole frame", "pieces"):
        assert not judge(BOOK, WRONG[name][0], never).accepted


def test_what_costs_most_is_the_reason() -> None:
    """The score falls with every measure that gets worse, and the worst names the code.

    Shape and edges decide without an opinion: what the critic has seen of them it says by its doubt.
    """
    seen = {FailureCode.EATEN_CORNER, FailureCode.WEAK_EDGES}
    alone, with_opinions = judge(BOOK, WHOLE), with_both(WHOLE, agreeing(WHOLE))
    for check in CHECKS:
        right = alone if check.code in seen else with_opinions
        worse = dict(right.measures) | {name: right.measures[name] + 100 for name in check.measures}
        verdict = decide(worse, OWN) if check.code in seen else decide(worse)
        assert verdict.score < right.score, check.code
        assert verdict.reason in {None, check.code}
        if check.code in seen:
            worse = dict(with_opinions.measures) | {name: worse[name] for name in check.measures}
            assert decide(worse).score == with_opinions.score


@pytest.mark.parametrize(
    ("corners", "reason"),
    [
        (scenes.BOOK, FailureCode.SUBJECT_TOO_SMALL),
        (SHAPES["a spine, 1:10"], FailureCode.SUBJECT_TOO_SMALL),
        ([(0.2, 0.02), (0.8, 0.02), (0.8, 0.98), (0.2, 0.98)], FailureCode.ANOTHER_ASPECT),
        ([(0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9)], None),
    ],
)
def test_the_seeds_policy(corners: scenes.Corners, reason: FailureCode | None) -> None:
    """It refuses by the box alone, as it did: the book of these tests, too."""
    photo, mask = Photo(scenes.scene(corners), "JPEG"), masks.mask_of(corners)
    assert reason == POLICIES[Policy.SEED](photo, mask, no_opinion).reason


def test_accept_all() -> None:
    """It keeps whatever there is, and has nothing to keep of an empty mask."""
    verdicts = [POLICIES[Policy.ALL](BOOK, WRONG[name][0], no_opinion) for name in ("pieces", "nothing")]
    assert [None, FailureCode.NO_SUBJECT] == [verdict.reason for verdict in verdicts]


@settings(deadline=None, max_examples=60)
@given(
    hnp.arrays(np.uint8, (2, *((24, 32)))),
    hnp.arrays(np.float32, (16, 16), elements=st.floats(0, 1, width=32)),
)
def test_any_output(planes: NDArray[np.uint8], probability: NDArray[np.float32]) -> None:
    """Whatever model and opinion say there is a verdict: finite measures, a score, a code if refused."""
    photo = Photo(np.repeat(planes[0][..., None], 3, axis=2), "PNG")

    def contrary(alpha: Bytes) -> Sequence[Sequence[Patch]]:
        critic = replace(masks.patch(planes[0].T.reshape(alpha.shape)), rightness=float(probability[0, 0]))
        return (critic,), (critic, masks.patch(255 - alpha))

    for opinion in (no_opinion, contrary):
        _is_sound(judge(photo, Mask(planes[1], probability), opinion))


def _is_sound(verdict: Verdict) -> None:
    assert np.isfinite(list(verdict.measures.values())).all()
    assert 0 <= verdict.score <= 1
    assert verdict.accepted == (verdict.reason is None)
    assert verdict.accepted <= (verdict.score >= 0.5)


def test_a_mask_that_its_own_critic_disowns_is_refused() -> None:
    """Nobody else is asked about the embedded model's masks; what the critic could not mend it can refuse."""
    told = [judge(BOOK, replace(WHOLE, rightness=rightness)) for rightness in (None, 0.98, 0.11, 0.09)]
    assert [None, None, None, FailureCode.NOT_THE_BOOK] == [verdict.reason for verdict in told]
    assert ["rightness" in verdict.measures for verdict in told] == [False, True, True, True]
    assert told[1].measures["rightness"] == 0.98
