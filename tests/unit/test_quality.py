"""The judge: one mask per code, and what its measures are taken from."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from lambdas.image_processor.domain import Mask
from lambdas.image_processor.errors import FailureCode
from lambdas.image_processor.quality import judge

Floats = NDArray[np.float32]
SIDE = 320


def mask_of(probability: Floats) -> Mask:
    """Return the mask that u2net's stretch makes of a raw output."""
    low, high = probability.min(), probability.max()
    stretched = (probability - low) / (high - low) if high > low else probability
    return Mask((np.clip(stretched, 0, 1) * 255).astype(np.uint8), probability.astype(np.float32))


def boxes(*corners: tuple[int, int, int, int], level: float = 0.99) -> Floats:
    """Return a probability of `level` inside boxes (top, left, bottom, right) and 0.01 elsewhere."""
    probability = np.full((SIDE, SIDE), 0.01, np.float32)
    for top, left, bottom, right in corners:
        probability[top:bottom, left:right] = level
    return probability


@pytest.mark.parametrize(
    "probability",
    [
        boxes((60, 80, 260, 240)),
        # A tall spine, and a book that touches two edges.
        boxes((10, 150, 310, 170)),
        boxes((0, 0, 250, 200)),
        # A book and its loose label.
        boxes((60, 80, 260, 240), (20, 20, 40, 60)),
    ],
)
def test_a_book_is_accepted(probability: Floats) -> None:
    """Sure, large enough, in one piece."""
    verdict = judge(mask_of(probability))
    assert verdict.accepted
    assert verdict.reason is None
    assert 0.5 < verdict.score <= 1


@pytest.mark.parametrize(
    ("probability", "code"),
    [
        (boxes(), FailureCode.NO_SUBJECT),
        (np.zeros((SIDE, SIDE), np.float32), FailureCode.NO_SUBJECT),
        # The same shape as a book's, but the model is not sure of a single pixel of it.
        (boxes((60, 80, 260, 240), level=0.2), FailureCode.NO_SUBJECT),
        (boxes((100, 100, 126, 126)), FailureCode.SUBJECT_TOO_SMALL),
        (boxes((0, 0, SIDE, SIDE)), FailureCode.FILLS_FRAME),
        (boxes((1, 1, SIDE - 1, SIDE - 1)), FailureCode.FILLS_FRAME),
        (boxes((20, 20, 120, 120), (200, 20, 300, 120), (20, 200, 120, 300)), FailureCode.FRAGMENTS),
    ],
)
def test_each_code(probability: Floats, code: FailureCode) -> None:
    """Every refusal has its reason, and scores below every acceptance."""
    verdict = judge(mask_of(probability))
    assert (False, code) == (verdict.accepted, verdict.reason)
    assert 0 <= verdict.score <= 0.5


def test_stretching_invents_no_subject() -> None:
    """A faint prediction and a sure one make the same 8-bit mask; only one of them is a book."""
    faint, sure = mask_of(boxes((60, 80, 260, 240), level=0.3)), mask_of(boxes((60, 80, 260, 240)))
    assert (faint.alpha == sure.alpha).all()
    assert [False, True] == [judge(mask).accepted for mask in (faint, sure)]


@given(
    hnp.arrays(
        np.float32,
        hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=24),
        elements=st.floats(0, 1, width=32),
    )
)
def test_any_output(probability: Floats) -> None:
    """Whatever a model says there is a verdict: finite measures, a score of 0..1, a code when refused."""
    verdict = judge(mask_of(probability))
    assert np.isfinite(list(verdict.measures.values())).all()
    assert 0 <= verdict.score <= 1
    assert verdict.accepted == (verdict.reason is None) == (verdict.score > 0.5)
