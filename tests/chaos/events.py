"""What happened when: each process appends a line before it goes on, so that its last line survives it."""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Event:
    """One step of one process."""

    #: Monotonic seconds: one clock for all processes of a machine.
    at: float
    pid: int
    #: "worker", "reconciler", "producer" or "controller".
    role: str
    step: str
    job_id: str | None = None


class Journal:
    """A file that many processes append to; lines are short enough to be written whole."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read = 0
        self._events: list[Event] = []

    def write(self, role: str, step: str, job_id: str | None = None, pid: int | None = None) -> None:
        """Append one event."""
        event = Event(time.monotonic(), pid or os.getpid(), role, step, job_id)
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        try:
            os.write(descriptor, json.dumps(asdict(event)).encode() + b"\n")
        finally:
            os.close(descriptor)

    def events(self) -> list[Event]:
        """Return all events so far, in the order of their time; what was read before is not read again."""
        if self.path.exists():
            with self.path.open("rb") as file:
                file.seek(self._read)
                # A line that is being written just now has no end yet.
                whole = file.read().rpartition(b"\n")[0]
            if whole:
                self._read += len(whole) + 1
                self._events += [Event(**json.loads(line)) for line in whole.splitlines()]
        return sorted(self._events, key=lambda event: event.at)
