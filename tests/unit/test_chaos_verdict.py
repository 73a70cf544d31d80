"""The chaos runs' own eyes: what they must see in a journal, they see."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.chaos.events import Event, Journal
from tests.chaos.mutations import BACKEND, MUTATIONS, Mutation
from tests.chaos.verdict import Verdict, judge_events


def judged(*events: Event) -> Verdict:
    verdict = Verdict("a run")
    judge_events(verdict, events)
    return verdict


def test_two_live_leases_are_seen() -> None:
    """A second claim within the first one's lease, its worker alive."""
    verdict = judged(Event(0, 1, "worker", "claimed", "a"), Event(1, 2, "worker", "claimed", "a"))
    assert (1, False) == (verdict.overlapping, verdict.passed)


@pytest.mark.parametrize(
    "between",
    [
        Event(0.5, 1, "worker", "killed", "a"),
        Event(0.5, 1, "worker", "ending", "a"),
        Event(0.5, 1, "worker", "before_ack", "a"),
    ],
)
def test_a_lease_that_was_given_up_does_not_overlap(between: Event) -> None:
    """Its worker died or had ended: the second claim is in order."""
    verdict = judged(Event(0, 1, "worker", "claimed", "a"), between, Event(1, 2, "worker", "claimed", "a"))
    assert 0 == verdict.overlapping


def test_a_lease_that_is_over_does_not_overlap() -> None:
    """Paused for longer than its lease, a worker may be overtaken."""
    verdict = judged(Event(0, 1, "worker", "claimed", "a"), Event(4, 2, "worker", "claimed", "a"))
    assert 0 == verdict.overlapping


def test_recovery_is_from_the_death_to_the_help() -> None:
    """The reconciler's message counts, or another worker's claim, whichever is first."""
    verdict = judged(
        Event(0, 1, "worker", "claimed", "a"),
        Event(1, 1, "worker", "killed", "a"),
        Event(2, 3, "reconciler", "message_sent", "b"),
        Event(4, 3, "reconciler", "message_sent", "a"),
        Event(9, 2, "worker", "claimed", "a"),
    )
    assert ([3], 1) == (verdict.recovery, verdict.kills)


def test_a_worker_that_had_committed_needs_no_help() -> None:
    """Killed before the acknowledgement: the job is done."""
    verdict = judged(
        Event(0, 1, "worker", "claimed", "a"),
        Event(1, 1, "worker", "after_commit", "a"),
        Event(2, 1, "worker", "killed", "a"),
    )
    assert ([], 0) == (verdict.recovery, verdict.extra["unrescued"])


@pytest.mark.parametrize(
    "before",
    [
        [Event(1, 1, "worker", "ending", "a"), Event(1.1, 1, "worker", "released", "a")],
        [Event(4, 2, "worker", "claimed", "a")],
    ],
)
def test_a_worker_that_had_nothing_any_more_needs_no_help(before: list[Event]) -> None:
    """Given back to the queue, or overtaken: its death is nobody's loss."""
    verdict = judged(
        Event(0, 1, "worker", "claimed", "a"),
        *before,
        Event(5, 1, "worker", "killed", "a"),
        Event(400, 3, "worker", "claimed", "a"),
    )
    assert [] == verdict.recovery


@pytest.mark.parametrize("count", ["lost", "doubled", "stuck", "leaked", "overlapping", "stale_writes"])
def test_any_count_fails_the_run(count: str) -> None:
    """None of them is only reported."""
    verdict = Verdict("a run")
    assert verdict.passed
    setattr(verdict, count, 1)
    assert not verdict.passed


def test_a_journal_is_read_on(tmp_path: Path) -> None:
    """Whole lines only, in the order of their time, each once."""
    journal = Journal(tmp_path / "journal")
    assert [] == journal.events()
    journal.write("worker", "claimed", "a")
    with journal.path.open("ab") as file:
        file.write(b'{"at": 0, "pid": 1')
    assert ["claimed"] == [event.step for event in journal.events()]
    with journal.path.open("ab") as file:
        file.write(b', "role": "worker", "step": "ready", "job_id": null}\n')
    assert ["ready", "claimed"] == [event.step for event in journal.events()]


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.removed)
def test_each_mutation_still_finds_its_line(mutation: Mutation) -> None:
    """The line is there exactly once, and what replaces it is still Python."""
    source = (BACKEND / mutation.file).read_text()
    assert 1 == source.count(mutation.before)
    ast.parse(source.replace(mutation.before, mutation.after))
