"""Processes that work side by side, one task at a time each; one that dies takes only its own task along."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Generic, Self, TypeVar

T = TypeVar("T")
R = TypeVar("R")

#: Libraries that would each start a thread per CPU in every process.
_THREADS: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS",
                   "RAYON_NUM_THREADS")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Crashed:
    """A task's process ended inside it: killed, out of memory, or a library's defect."""

    #: Negative: the signal's number.
    status: int
    #: The end of what the process complained about.
    complaint: str


@dataclass(frozen=True, slots=True)
class Raised:
    """A task raised; its process goes on."""

    told: str


@dataclass(slots=True)
class _Member:
    process: subprocess.Popen[bytes]
    connection: Connection
    task: Any = None


class Crew(Generic[T, R]):
    """A number of processes inside a `with` block; Ctrl-C reaches only us, and we end them.

    Args:
        make: called once in each process; returns what does a task. Pickled, so of a module's top level.
        count: processes.
        threads: of the libraries in each process.

    """

    def __init__(self, make: Callable[[], Callable[[T], R]], count: int, threads: int) -> None:
        self._make = make
        self._count = count
        self._environment = (
            os.environ | dict.fromkeys(_THREADS, str(threads)) | {"ORT_DISABLE_TELEMETRY": "1"}
        )
        self._members: list[_Member] = []

    def __enter__(self) -> Self:
        """Begin to start the processes."""
        # What decoders write about damaged files is nobody's business, until one of them crashes.
        self._log = tempfile.TemporaryFile()
        self._members = [self._hire() for _ in range(self._count)]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the processes, whatever they are at."""
        for member in self._members:
            member.process.kill()
            member.connection.close()
        for member in self._members:
            member.process.wait()
        self._log.close()

    def run(self, tasks: Iterable[T]) -> Iterator[tuple[T, R | Crashed | Raised]]:
        """Yield each task with its result as it is done, in no certain order."""
        waiting, busy = deque(tasks), 0
        for member in self._members:
            busy += self._give(member, waiting)
        while busy:
            for ready in wait([member.connection for member in self._members if member.task is not None]):
                member = next(one for one in self._members if one.connection is ready)
                task, member.task = member.task, None
                result = self._take(member)
                busy += self._give(member, waiting) - 1
                yield task, result

    def _give(self, member: _Member, waiting: deque[T]) -> int:
        """Hand a process its next task and return how many it got."""
        if not waiting:
            return 0
        member.task = waiting.popleft()
        # A process that is gone already is found out when its answer is waited for.
        with suppress(OSError):
            member.connection.send(member.task)
        return 1

    def _take(self, member: _Member) -> R | Crashed | Raised:
        try:
            result: R | Raised = member.connection.recv()
        except (EOFError, ConnectionError):
            status = member.process.wait()
            member.connection.close()
            fresh = self._hire()
            member.process, member.connection = fresh.process, fresh.connection
            return Crashed(status, self._complaint())
        return result

    def _hire(self) -> _Member:
        ours, theirs = Pipe()
        with theirs:
            # Our own module on our own interpreter; in a session of its own, so that Ctrl-C reaches only us.
            process = subprocess.Popen(
                [sys.executable, "-m", "cli.crew"],
                stdin=theirs.fileno(),
                stdout=self._log,
                stderr=self._log,
                start_new_session=True,
                env=self._environment,
            )
        with suppress(OSError):
            ours.send(self._make)
        return _Member(process, ours)

    def _complaint(self) -> str:
        self._log.seek(0)
        return self._log.read()[-2000:].decode(errors="replace").strip()


def serve(connection: Connection) -> None:
    """Do tasks until there are no more: a process's whole life."""
    work = connection.recv()()
    while True:
        try:
            task = connection.recv()
        except EOFError:
            return
        try:
            connection.send(work(task))
        except Exception as exc:  # noqa: BLE001 (told to whoever gave the task)
            connection.send(Raised(f"{type(exc).__name__}: {exc}"))


def sizes(tasks: int, mib_each: int, processes: int | None = None) -> tuple[int, int]:
    """Return how many processes with how many threads each fit this machine, all CPUs in use.

    Args:
        tasks: more processes than tasks would idle.
        mib_each: the most memory that a process takes.
        processes: wished for; None: as many as CPUs and free memory allow.

    """
    cpus = _cpus()
    count = max(min(processes or min(cpus, _free_mib() // mib_each), tasks), 1)
    return count, max(cpus // count, 1)


def _cpus() -> int:
    """Return how many CPUs this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _free_mib() -> int:
    """Return the memory that can be had without swapping; where the system does not say, half of all."""
    try:
        found = re.search(r"MemAvailable: +(\d+) kB", Path("/proc/meminfo").read_text())
    except OSError:
        found = None
    if found is not None:
        return int(found[1]) // 1024
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**21


if __name__ == "__main__":
    # Classes travel under their importable names: this module's twin is the one that pickles.
    from cli.crew import serve as _serve

    # Both directions of the pipe, on standard input.
    _serve(Connection(os.dup(0)))
