"""What the critic is shown, and what it is taught with."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from lambdas.image_processor.critic import MARGIN, around, mean, mirrored
from lambdas.image_processor.domain import Critique
from training import candidates, mistakes
from training.arrangements import ARRANGEMENTS
from training.candidates import PER_SCENE, Candidates
from training.generator import Batch
from training.judging.corruptions import CORRUPTIONS
from training.judging.objects import UNSEEN
from training.judging.strangers import STRANGERS
from training.library import Stock

SMALL = Stock(covers=8, sheets=4, spines=5, edges=3, spreads=3, pages=2, surfaces=6)


@pytest.fixture(scope="module")
def made() -> Batch:
    """The candidates of a few scenes."""
    return Candidates(5, 64, stock=SMALL).batch(0, 6 * PER_SCENE)


def plane(top: int, bottom: int, left: int, right: int) -> NDArray[np.uint8]:
    alpha = np.zeros((240, 200), np.uint8)
    alpha[top:bottom, left:right] = 255
    return alpha


def test_the_part_is_the_mask_and_a_margin() -> None:
    """A quarter of its height and width, and four pixels, on each side."""
    assert around(plane(80, 160, 60, 140)) == (slice(56, 184), slice(36, 164))
    assert MARGIN == 0.25


def test_a_speck_does_not_widen_the_part() -> None:
    """Or a right mask with specks would be looked at from afar."""
    alpha = plane(80, 160, 60, 140)
    alpha[2:6, 2:6] = 255
    assert around(alpha) == around(plane(80, 160, 60, 140))


def test_without_a_subject_all_is_shown() -> None:
    """There is nothing to look around."""
    assert around(plane(0, 0, 0, 0)) == (slice(0, 240), slice(0, 200))


@given(
    hnp.arrays(
        np.uint8, st.tuples(st.integers(1, 400), st.integers(1, 400)), elements=st.sampled_from([0, 255])
    ),
    st.floats(0, 1),
)
def test_the_part_is_never_empty(alpha: NDArray[np.uint8], margin: float) -> None:
    """Whatever the mask: inside the photo, with the largest part of the mask in it."""
    rows, columns = around(alpha, margin)
    assert 0 <= rows.start < rows.stop <= alpha.shape[0]
    assert 0 <= columns.start < columns.stop <= alpha.shape[1]


def test_both_ways_round_are_one_opinion() -> None:
    """What is said of the mirror image is turned back before the two are averaged."""
    place = np.random.default_rng(3).random((6, 6), np.float32)
    said = mean(Critique(place, 0.9), Critique(place[::-1], 0.5))
    np.testing.assert_allclose(said.probability, place)
    # Odds of nine and one make three to one.
    assert said.rightness == pytest.approx(0.75)
    photo = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    assert (mirrored(mirrored(photo)) == photo).all()
    assert (mirrored(photo)[0] == photo[1]).all()


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_mean_lies_between(one: float, other: float) -> None:
    """Whatever is said, also where one look is certain and the other certain of the opposite."""
    nothing = np.zeros((2, 2), np.float32)
    said = mean(Critique(nothing, one), Critique(nothing, other)).rightness
    assert min(one, other) - 2e-6 <= said <= max(one, other) + 2e-6
    assert said == pytest.approx(mean(Critique(nothing, other), Critique(nothing, one)).rightness)


def test_candidates_are_made_of_training_kinds_alone() -> None:
    """Nothing that the judge is measured on, nor what it is fitted on beside books."""
    names = {arrangement.__name__ for arrangement in (*UNSEEN, *STRANGERS)}
    assert not names & (set(vars(candidates)) | set(vars(mistakes)))
    assert vars(candidates)["ARRANGEMENTS"] is ARRANGEMENTS
    assert set(mistakes._WRONG) - {"another", "unsure", "band_gained"} <= set(CORRUPTIONS)


def test_candidates_are_a_function_of_seed_and_number(made: Batch) -> None:
    """Also when a batch begins in the middle of a group."""
    again = Candidates(5, 64, stock=SMALL).batch(3, 9)
    for name in ("pixels", "masks", "bands", "presence"):
        assert (getattr(again, name) == getattr(made, name)[3:12]).all(), name


def test_candidates_show_photo_and_mask(made: Batch) -> None:
    """Four channels; the truth, and where a mask is wrong, as planes; some are right and some are wrong."""
    count = 6 * PER_SCENE
    assert made.pixels.shape == (count, 64, 64, 4)
    assert made.masks.shape == made.bands.shape == (count, 64, 64)
    assert 0.2 < (made.presence == 1).mean() < 0.7
    assert (made.presence == 0).any()


def test_the_answer_is_about_the_mask_that_is_shown(made: Batch) -> None:
    """Right masks overlap with the truth; where a mask is far off, the band asks for more care."""
    given_masks, truths = made.pixels[..., 3] > 127, made.masks > 127
    both = (given_masks & truths).sum((1, 2))
    overlap = both / np.maximum((given_masks | truths).sum((1, 2)), 1)
    assert overlap[made.presence == 1].min() > 0.8
    assert overlap[made.presence == 0].mean() < overlap[made.presence == 1].mean()
    wrong = (np.abs(made.pixels[..., 3].astype(int) - made.masks) > 127) & (made.bands == 0)
    assert not wrong.any()
