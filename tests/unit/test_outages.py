"""Outages of 45 minutes on a simulated clock: no job is lost, no message is dead-lettered."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.image_processor import retries
from lambdas.image_processor.domain import Ending
from lambdas.image_processor.errors import TransientError
from tests.unit.test_worker import World

OUTAGE_SECONDS = 45 * 60
#: What may be away: calls of the job store (with the release of the lease), or of the bucket.
DATABASE = frozenset({"claim", "assert_held", "complete", "release", "fail"})
BUCKET = frozenset({"get", "put image/png", "put image/jpeg"})


@dataclass
class Outage:
    """A part of the world that does not answer between two times; a call takes ten seconds to fail."""

    world: World
    steps: frozenset[str]
    begins: float
    ends: float

    def before(self, step: str) -> None:
        if step in self.steps and self.begins <= self.world.jobs.now < self.ends:
            self.world.jobs.now += 10
            raise TransientError("away")


def deliveries(world: World) -> list[Ending]:
    """Deliver one message as SQS does, until it is acknowledged or dead."""
    endings: list[Ending] = []
    for receive_count in range(1, 6):
        outcome = world.deliver(receive_count)
        endings.append(outcome.ending)
        if outcome.acknowledged:
            return endings
        world.jobs.now += outcome.retry_in_seconds or 0
    raise AssertionError(f"dead-lettered after {endings}")


@given(
    steps=st.sampled_from([DATABASE, BUCKET, DATABASE | BUCKET]),
    begins=st.floats(-OUTAGE_SECONDS, 5),
    seed=st.integers(0, 2**32),
)
def test_no_message_dies_of_45_minutes(steps: frozenset[str], begins: float, seed: int) -> None:
    """Whenever it begins, whatever the jitter: the fifth receipt comes after its end."""
    world = World(seed=seed)
    outage = Outage(world, steps, begins, begins + OUTAGE_SECONDS)
    world.jobs.before = world.images.before = outage.before
    assert Ending.COMPLETED == deliveries(world)[-1]
    assert "completed" == world.job.status


@pytest.mark.parametrize("step", sorted(DATABASE - {"fail"}))
def test_an_outage_that_begins_at_any_step(step: str) -> None:
    """It strikes in the middle of a run, at that step's first call, and lasts."""
    world = World()
    struck: list[float] = []

    def before(name: str) -> None:
        if name == step and not struck:
            struck.append(world.jobs.now)
        if struck and world.jobs.now < struck[0] + OUTAGE_SECONDS and name in DATABASE:
            raise TransientError("away")

    world.jobs.before = before
    assert Ending.COMPLETED == deliveries(world)[-1]


def test_the_shortest_possible_waits_still_outlast_it() -> None:
    """The bound itself: all jitter at its lowest."""
    assert OUTAGE_SECONDS < sum(retries.BACKOFF_SECONDS) * (1 - retries.BACKOFF_JITTER)
