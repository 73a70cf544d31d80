"""The controller's hand on the processes: spawn, count, kill, stop, and keep a number of workers alive."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from tests.chaos.events import Journal

_ROOT = Path(__file__).resolve().parents[2]
_SPAWN_SECONDS = 60


class CrewError(Exception):
    """The forking process is gone."""


class Crew:
    """Processes forked from a warm one.

    Args:
        log: file that their standard error goes to.
        backend: the source tree they import; a mutated copy or the real one.

    """

    #: Where the processes of the current run report.
    journal: Journal

    def __init__(self, log: Path, backend: Path) -> None:
        self._base: Mapping[str, Any] = {}
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        environment |= {
            "PYTHONPATH": f"{backend}{os.pathsep}{_ROOT}",
            "ORT_DISABLE_TELEMETRY": "1",
            # Four workers share the machine: none of them needs threads for 320 pixels.
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }
        with log.open("ab") as stderr:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.chaos.zygote"],
                cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr,
                env=environment, start_new_session=True,
            )  # fmt: skip
        self._pids: queue.Queue[int] = queue.Queue()
        self._lock = threading.Lock()
        self.alive: set[int] = set()
        #: Role of every living process.
        self.roles: dict[int, str] = {}
        #: Plans of workers to come; a worker that dies is replaced by the next one.
        self.plans: deque[Mapping[str, Any]] = deque()
        #: The plan of every worker after those.
        self.usual_plan: Mapping[str, Any] = {}
        self._wanted_workers = 0
        self._reader = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> Self:
        """Begin to listen."""
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End every process."""
        self._wanted_workers = 0
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()

    def begin(self, journal: Journal, base: Mapping[str, Any]) -> None:
        """Begin a run: a journal, and what every plan contains."""
        self.journal = journal
        self._base = {**base, "journal": str(journal.path)}
        self.plans.clear()
        self.usual_plan = {}

    def spawn(self, role: str, **plan: Any) -> int:
        """Fork a process and return its id."""
        request = json.dumps({"role": role, "plan": {**self._base, **plan}}).encode() + b"\n"
        with self._lock:
            if self._process.stdin is None or self._process.poll() is not None:
                raise CrewError("the forking process is gone")
            self._process.stdin.write(request)
            self._process.stdin.flush()
            pid = self._pids.get(timeout=_SPAWN_SECONDS)
            self.roles[pid] = role
            return pid

    def keep_workers(self, number: int) -> None:
        """Keep so many workers alive from now on; each takes the next plan."""
        self._wanted_workers = number
        for _ in range(number):
            self._spawn_planned()

    def workers(self) -> list[int]:
        """Return the ids of living workers."""
        return [pid for pid in list(self.alive) if self.roles.get(pid) == "worker"]

    def kill(self, pid: int, job_id: str | None = None) -> None:
        """End a process at once, wherever it is."""
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            self.journal.write("controller", "killed", job_id, pid)

    def end_all(self) -> None:
        """End every process but the forking one; an orderly end is nothing that the product relies on."""
        self._wanted_workers = 0
        # A replacement may just be on its way.
        while self.alive:
            for pid in list(self.alive):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.05)

    def _spawn_planned(self) -> None:
        plan = self.plans.popleft() if self.plans else self.usual_plan
        self.spawn("worker", **plan)

    def _read(self) -> None:
        stdout = self._process.stdout
        assert stdout is not None
        for line in stdout:
            message = json.loads(line)
            if "pid" in message:
                self.alive.add(message["pid"])
                self._pids.put(message["pid"])
            else:
                self._exited(message["exited"])

    def _exited(self, pid: int) -> None:
        self.alive.discard(pid)
        was_worker = self.roles.get(pid) == "worker"
        if was_worker and len(self.workers()) < self._wanted_workers:
            # In a thread of its own: this one must go on reading the new process's id.
            threading.Thread(target=self._respawn, daemon=True).start()

    def _respawn(self) -> None:
        with suppress(CrewError, OSError):
            if len(self.workers()) < self._wanted_workers:
                self._spawn_planned()
