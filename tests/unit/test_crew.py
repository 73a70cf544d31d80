"""Processes side by side: results, defects, crashes; nobody waits for ever and nothing stays."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from cli.crew import Crashed, Crew, Raised, sizes


def _work(task: str) -> Any:
    """What a process of the crew does with a task."""
    if task == "crash":
        os.write(2, b"the decoder fell over")
        os.kill(os.getpid(), signal.SIGSEGV)
    if task == "raise":
        raise ValueError("no")
    if task == "threads":
        return os.environ["OMP_NUM_THREADS"]
    if task == "large":
        return bytes(8_000_000)
    return (task, os.getpid())


def _make() -> Callable[[str], Any]:
    return _work


def _broken() -> Callable[[str], Any]:
    raise RuntimeError("there is no engine")


def _crew(count: int = 2) -> Crew[str, Any]:
    return Crew(_make, count, threads=3)


def test_every_task_is_done_once() -> None:
    """More tasks than processes, each process busy."""
    tasks = [f"task {number}" for number in range(12)]
    with _crew() as crew:
        found: dict[str, Any] = dict(crew.run(tasks))
    assert {task: result[0] for task, result in found.items()} == {task: task for task in tasks}
    assert os.getpid() not in {result[1] for result in found.values()}


def test_large_results_and_thread_limits_travel() -> None:
    """Megabytes back, the number of threads there."""
    with _crew(1) as crew:
        found: dict[str, Any] = dict(crew.run(["large", "threads"]))
    assert (len(found["large"]), found["threads"]) == (8_000_000, "3")


def test_a_defect_is_told_and_the_process_goes_on() -> None:
    """The next task is done by the same process."""
    with _crew(1) as crew:
        found: dict[str, Any] = dict(crew.run(["a", "raise", "b"]))
    assert found["raise"] == Raised("ValueError: no")
    assert found["a"][1] == found["b"][1]


def test_a_crash_takes_only_its_own_task_along() -> None:
    """Its status and last words are kept; another process takes the rest."""
    with _crew(1) as crew:
        found: dict[str, Any] = dict(crew.run(["a", "crash", "b"]))
    assert found["crash"] == Crashed(-signal.SIGSEGV, "the decoder fell over")
    assert found["b"][0] == "b"
    assert found["a"][1] != found["b"][1]


def test_processes_that_cannot_start_are_told_of_every_task() -> None:
    """Nobody waits for an engine that does not exist."""
    with Crew[str, Any](_broken, 2, threads=1) as crew:
        found: dict[str, Any] = dict(crew.run(["a", "b", "c"]))
    assert all(isinstance(result, Crashed) and result.status == 1 for result in found.values())
    assert "there is no engine" in found["a"].complaint


def test_the_end_of_the_block_ends_busy_processes() -> None:
    """Ctrl-C while they work: none is left, and no thread."""
    crew = _crew()
    with pytest.raises(KeyboardInterrupt):
        _interrupt(crew)
    assert [member.process.returncode for member in crew._members] == [-signal.SIGKILL] * 2
    assert threading.active_count() == 1


def _interrupt(crew: Crew[str, Any]) -> None:
    with crew:
        next(crew.run(["a", "b", "c"]))
        raise KeyboardInterrupt


@pytest.mark.parametrize(("tasks", "wished", "count"), [(1, None, 1), (100, 3, 3), (2, 5, 2), (0, None, 1)])
def test_sizes_use_every_processor(tasks: int, wished: int | None, count: int) -> None:
    """No more processes than tasks; threads times processes are the CPUs, at least one each."""
    cpus = len(os.sched_getaffinity(0))
    assert sizes(tasks, 1, wished) == (count, max(cpus // count, 1))


def test_sizes_heed_the_memory() -> None:
    """One process when not even that fits."""
    assert sizes(100, 10**9)[0] == 1


def test_a_bound_function_travels() -> None:
    """As `cut` hands over its settings."""
    with Crew[str, Any](partial(_make), 1, threads=1) as crew:
        assert [task for task, _ in crew.run(["a"])] == ["a"]
