"""The critic's corrections, on critics that answer what the test gives them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from numpy.typing import NDArray

from lambdas.image_processor.correction import corrected

Bytes = NDArray[np.uint8]


def up_to(column: int) -> Bytes:
    """Return a mask of the columns before this one."""
    mask = np.zeros((40, 100), np.uint8)
    mask[5:35, 5:column] = 255
    return mask


@dataclass
class FakeCritic:
    """Proposes one mask after the other, and says how right it finds what it is asked about."""

    proposals: Sequence[Bytes]
    rightness: Sequence[float]
    asked: list[Bytes] = field(default_factory=list)

    def __call__(self, alpha: Bytes) -> tuple[Bytes, float]:
        """Return the next answer."""
        self.asked.append(alpha)
        number = len(self.asked) - 1
        return self.proposals[number], self.rightness[number]


def test_a_mask_that_the_critic_leaves_alone_stays_to_the_bit() -> None:
    """It is drawn finer than the critic's; one question is enough."""
    drawn = up_to(90) // 2 + 60
    critic = FakeCritic([up_to(90)], [0.9])
    assert corrected(drawn, critic) == (drawn, 0.9)
    assert 1 == len(critic.asked)


def test_corrections_are_followed_until_they_settle() -> None:
    """Each question is about what came of the one before; the last mask that it was asked about wins."""
    critic = FakeCritic([up_to(70), up_to(85), up_to(85)], [0.3, 0.5, 0.95])
    found, rightness = corrected(up_to(60), critic)
    assert (found == up_to(85)).all()
    assert rightness == 0.95
    assert [60, 70, 85] == [int(np.flatnonzero(mask.any(0))[-1]) + 1 for mask in critic.asked]


@pytest.mark.parametrize("rightness", [[0.85, 0.9], [0.5, 0.2], [0.3, 0.7]])
def test_a_correction_that_is_no_surer_is_dropped(rightness: list[float]) -> None:
    """Of equal weight, or unlikely itself: the model's own mask stands."""
    drawn = up_to(60)
    assert corrected(drawn, FakeCritic([up_to(70), up_to(70)], rightness)) == (drawn, rightness[0])


def test_a_leap_is_no_correction() -> None:
    """A critic that looks at something else is not followed, however sure."""
    drawn = up_to(30)
    assert corrected(drawn, FakeCritic([up_to(95), up_to(95)], [0.1, 1.0])) == (drawn, 0.1)


def test_nothing_is_not_criticised() -> None:
    """An empty mask is the model's answer that there is no book."""
    critic = FakeCritic([], [])
    empty = np.zeros((40, 100), np.uint8)
    assert corrected(empty, critic) == (empty, None)
    assert [] == critic.asked


def test_it_ends() -> None:
    """Whoever never settles is asked four times."""
    critic = FakeCritic([up_to(column) for column in (60, 70, 80, 90, 95)], [0.1, 0.3, 0.5, 0.9, 0.9])
    assert (corrected(up_to(50), critic)[0] == up_to(80)).all()
    assert 4 == len(critic.asked)


def test_a_mask_that_is_believed_needs_no_further_look() -> None:
    """Looks cost as much as the first: none is made."""

    def none() -> Iterator[Bytes]:
        raise AssertionError("looked again")
        yield

    drawn = up_to(90)
    assert corrected(drawn, FakeCritic([up_to(90)], [0.9]), none()) == (drawn, 0.9)


def test_the_likeliest_of_further_looks_is_taken() -> None:
    """Where the first is doubted; whichever is most likely right, as long as it shows the same thing."""
    looks = [up_to(80), up_to(85), up_to(20), up_to(88)]
    critic = FakeCritic([up_to(90)] * 4, [0.2, 0.85, 0.97, 0.9])
    assert corrected(up_to(90), critic, looks) == (looks[1], 0.97)
    assert [90, 80, 85, 88] == [int(np.flatnonzero(mask.any(0))[-1]) + 1 for mask in critic.asked]


@pytest.mark.parametrize(("first", "other"), [(0.2, 0.75), (0.78, 0.85)])
def test_a_further_look_that_is_hardly_likelier_is_dropped(first: float, other: float) -> None:
    """Unlikely itself, or of about equal weight: the first stands."""
    drawn = up_to(90)
    assert corrected(drawn, FakeCritic([up_to(90)] * 2, [first, other]), [up_to(85)]) == (drawn, first)
