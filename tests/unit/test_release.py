"""A release goes live whole or leaves everything as it was."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.release import (
    KEPT_VERSIONS,
    Candidate,
    Clock,
    Release,
    ReleaseError,
    Trials,
    superfluous,
)

COMMIT = "c" * 40


@dataclass
class FakeFunction:
    """A function in memory; every step is appended to `steps`, which all share."""

    name: str
    steps: list[str]
    live: str = "3"
    numbers: list[int] = field(default_factory=lambda: [1, 2, 3])
    tags: dict[str, str] = field(default_factory=dict)
    #: Called with the version and the event; the test lets a trial fail here.
    answers: Callable[[str, Mapping[str, Any]], Mapping[str, Any]] = lambda version, _: {
        "statusCode": 200,
        "version": version,
    }
    #: Called before the alias moves; the test lets that fail.
    before_move: Callable[[str], None] = lambda _: None

    def live_version(self) -> str:
        return self.live

    def publish(self, image_uri: str, description: str) -> str:
        self.numbers.append(max(self.numbers) + 1)
        self.steps.append(f"{self.name} publishes {image_uri} as {self.numbers[-1]}: {description}")
        return str(self.numbers[-1])

    def invoke(self, version: str, event: Mapping[str, Any]) -> Mapping[str, Any]:
        self.steps.append(f"{self.name}:{version} gets {sorted(event)}")
        return self.answers(version, event)

    def move_alias(self, version: str) -> None:
        self.before_move(version)
        self.live = version
        self.steps.append(f"{self.name} live {version}")

    def tag(self, tags: Mapping[str, str]) -> None:
        self.tags.update(tags)

    def versions(self) -> Sequence[int]:
        return self.numbers

    def aliased_versions(self) -> set[int]:
        return {int(self.live)}

    def delete_version(self, version: int) -> None:
        self.numbers.remove(version)


class World:
    """A worker, a reconciler, a clock that moves when slept on, and errors that the test counts."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.worker = FakeFunction("worker", self.steps)
        self.reconciler = FakeFunction("reconciler", self.steps)
        self.now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
        self.slept = 0.0
        self.errors: Callable[[str, datetime], int] = lambda _, __: 0

    def release(self, watch_seconds: float = 60) -> Release:
        clock = Clock(lambda: self.now, self.sleep)
        return Release(
            self.worker, [self.reconciler], self.count_errors, clock, lambda _: None, watch_seconds
        )

    def count_errors(self, name: str, since: datetime) -> int:
        return self.errors(name, since)

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        self.now += timedelta(seconds=seconds)

    @property
    def live(self) -> tuple[str, str]:
        return self.worker.live, self.reconciler.live


@pytest.fixture
def world() -> World:
    """Both functions live at version 3."""
    return World()


def candidate(trials: Trials = Trials.DEPLOY) -> Candidate:
    """Version 1.2.3."""
    return Candidate("repository:v1.2.3", "v1.2.3", COMMIT, trials)


def test_a_deploy_in_its_order(world: World) -> None:
    """Publish both, migrate, smoke test the published version, move both, watch."""
    world.release().ship(candidate())
    assert world.steps == [
        f"worker publishes repository:v1.2.3 as 4: v1.2.3 {COMMIT}",
        f"reconciler publishes repository:v1.2.3 as 4: v1.2.3 {COMMIT}",
        "worker:4 gets ['migrate']",
        "worker:4 gets ['deep', 'smoke_test']",
        "worker live 4",
        "reconciler live 4",
    ]
    assert (world.live, world.slept) == (("4", "4"), 60)


def test_a_roll_back_does_not_migrate(world: World) -> None:
    """Older code knows no newer revision, and runs on it as it is."""
    world.release().ship(candidate(Trials.AS_IT_IS))
    assert [step for step in world.steps if "gets" in step] == ["worker:4 gets ['deep', 'smoke_test']"]


def test_what_was_deployed_is_written_on_both(world: World) -> None:
    """DeployedCommit and DeployedAt."""
    world.release().ship(candidate())
    expected = {"DeployedCommit": COMMIT, "DeployedAt": "2026-01-02T03:05:05+00:00"}
    assert (world.worker.tags, world.reconciler.tags) == (expected, expected)


@pytest.mark.parametrize("event", ["migrate", "smoke_test"])
def test_a_failed_trial_moves_nothing(world: World, event: str) -> None:
    """No traffic ever reached the version, no tag says that it did."""

    def answers(version: str, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        if event in asked:
            raise ReleaseError("u2net: the file is missing")
        return {"statusCode": 200, "version": version}

    world.worker.answers = answers
    with pytest.raises(ReleaseError, match="the file is missing"):
        world.release().ship(candidate())
    assert (world.live, world.worker.tags) == (("3", "3"), {})
    assert not [step for step in world.steps if "live" in step]


def test_another_status_is_a_failed_trial(world: World) -> None:
    """Only 200 passes."""
    world.worker.answers = lambda _, __: {"statusCode": 500, "body": "no"}
    with pytest.raises(ReleaseError, match="500"):
        world.release().ship(candidate())
    assert world.live == ("3", "3")


def test_another_versions_answer_is_a_failed_trial(world: World) -> None:
    """A smoke test of the old version says nothing about the new one."""
    world.worker.answers = lambda _, __: {"statusCode": 200, "version": "3"}
    with pytest.raises(ReleaseError, match="version 3 answered in the place of 4"):
        world.release().ship(candidate())
    assert world.live == ("3", "3")


@pytest.mark.parametrize("failing", ["worker", "reconciler"])
def test_errors_after_the_move_move_both_back(world: World, failing: str) -> None:
    """Whichever fails, both go back: they are one image."""
    world.errors = lambda name, _: 2 if name == failing and world.slept >= 45 else 0
    with pytest.raises(ReleaseError, match=f"{failing} failed 2 times.*live is what it was before"):
        world.release().ship(candidate())
    assert (world.live, world.slept, world.worker.tags) == (("3", "3"), 45, {})


def test_errors_are_counted_from_the_move(world: World) -> None:
    """What failed before is the old version's."""
    asked: list[datetime] = []
    world.errors = lambda _, since: asked.append(since) or 0  # type: ignore[func-returns-value]
    moved_at = world.now
    world.release().ship(candidate())
    assert set(asked) == {moved_at}


def test_half_a_move_is_moved_back(world: World) -> None:
    """The worker never stays live on an image that the reconciler does not have."""

    def refuse(version: str) -> None:
        if version == "4":
            raise OSError("the network is gone")

    world.reconciler.before_move = refuse
    with pytest.raises(OSError, match="the network is gone"):
        world.release().ship(candidate())
    assert world.live == ("3", "3")


def test_an_interrupted_watch_moves_back(world: World) -> None:
    """A cancelled workflow has not seen the release pass."""

    def interrupt(_: str, __: datetime) -> int:
        raise KeyboardInterrupt

    world.errors = interrupt
    with pytest.raises(KeyboardInterrupt):
        world.release().ship(candidate())
    assert world.live == ("3", "3")


def test_one_that_cannot_be_moved_back_keeps_no_other_live(world: World) -> None:
    """The one that can go back does, and the message names the other."""

    def refuse(version: str) -> None:
        if version == "3":
            raise OSError("denied")

    world.worker.before_move = refuse
    world.errors = lambda _, __: 1
    with pytest.raises(ReleaseError, match="worker could not be moved back to 3: denied"):
        world.release().ship(candidate())
    assert world.live == ("4", "3")


def test_old_versions_go(world: World) -> None:
    """Fewer than ten stay, the live one and the one before among them."""
    world.worker.numbers = list(range(1, 15))
    world.worker.live = "14"
    world.release().ship(candidate())
    assert sorted(world.worker.numbers) == list(range(7, 16))


def test_a_failed_release_deletes_no_version(world: World) -> None:
    """Someone will want to look at them."""
    world.worker.numbers = list(range(1, 15))
    world.errors = lambda _, __: 1
    with pytest.raises(ReleaseError):
        world.release().ship(candidate())
    assert sorted(world.worker.numbers) == list(range(1, 16))


@given(st.sets(st.integers(1, 200)), st.sets(st.integers(1, 200), max_size=4))
def test_what_stays_is_few_newest_and_everything_aliased(numbers: set[int], aliased: set[int]) -> None:
    """At most KEPT_VERSIONS stay, no aliased one goes, and nothing older than what goes stays unaliased."""
    versions = numbers | aliased
    gone = set(superfluous(sorted(versions), aliased))
    stays = versions - gone
    assert KEPT_VERSIONS < 10
    assert len(stays) == min(len(versions), KEPT_VERSIONS)
    assert not gone & aliased
    assert not gone or max(gone) < min(stays - aliased, default=10_000)
