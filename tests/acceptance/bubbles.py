"""Without an engine: this machine's Python under the emulator, on a read-only file system, as another user.

Nothing of the image is tried so, only what it runs. The kernel limits no memory here: where a container would
be killed for it, the process is killed by hand.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from container.__main__ import ROOT
from tests.acceptance.runtime import (
    GROUP_ID,
    USER_ID,
    WORKER,
    Limits,
    Running,
    free_ports,
    post,
    variables,
)

_TICKS: Final = os.sysconf("SC_CLK_TCK")
#: Less than this is less than the worker needs.
_CRAMPED_MIB: Final = 1024


@dataclass(frozen=True, slots=True)
class Bubbles:
    """Starts processes under bubblewrap."""

    bubblewrap: str
    emulator: Path
    #: Optimised graphs and their notes, as the image has them.
    weights: Path
    version: str
    engine: str = "bubblewrap, without an image"

    @contextmanager
    def start(self, environment: Mapping[str, str], limits: Limits) -> Iterator[Running]:
        """Start the emulator; it starts Python at the first event."""
        port, api_port = free_ports(2)
        own = {"IMAGE_VERSION": self.version, "U2NET_HOME": str(limits.weights or self.weights)}
        emulator = [
            str(self.emulator),
            *("--runtime-interface-emulator-address", f"127.0.0.1:{port}"),
            *("--runtime-api-address", f"127.0.0.1:{api_port}"),
            *(sys.executable, "-m", "awslambdaric", limits.handler or WORKER),
        ]
        log = ROOT / ".cache" / f"bubble-{port}.log"
        with log.open("wb") as words:
            process = subprocess.Popen(
                self._confined(emulator),
                env=_environment(variables(environment, limits) | own),
                stdout=words,
                stderr=words,
                start_new_session=True,
            )
        try:
            yield _Bubble(process, port, limits, log)
        finally:
            process.kill()
            process.wait()
            log.unlink()

    def python(self, code: str) -> str:
        """Run Python on the same file system."""
        own = {"U2NET_HOME": str(self.weights), "LAMBDA_TASK_ROOT": str(ROOT / "backend")}
        command = self._confined([sys.executable, "-c", code])
        done = subprocess.run(
            command, env=_environment(own), check=True, capture_output=True, text=True, timeout=600
        )
        return done.stdout.strip()

    def copy_weights(self, folder: Path) -> None:
        """Copy the optimised graphs."""
        shutil.copytree(self.weights, folder, dirs_exist_ok=True)

    def layers_mb(self) -> dict[str, float]:
        """Return nothing: there is no image."""
        return {}

    def _confined(self, command: list[str]) -> list[str]:
        return [
            self.bubblewrap,
            *("--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp"),  # noqa: S108
            *("--unshare-user", "--uid", str(USER_ID), "--gid", str(GROUP_ID), "--cap-drop", "ALL"),
            *("--die-with-parent", "--chdir", str(ROOT / "backend"), "--", *command),
        ]


@dataclass(slots=True)
class _Bubble:
    process: subprocess.Popen[bytes]
    port: int
    limits: Limits
    log_file: Path
    kills: int = 0
    #: Of processes that ended, by id.
    seen: dict[int, float] = field(default_factory=dict)

    def invoke(self, event: Mapping[str, Any]) -> Any:
        if self.limits.memory_mib < _CRAMPED_MIB and "Records" in event:
            threading.Thread(target=self._kill_after_the_claim, daemon=True).start()
        return post(self.port, event, self.limits.timeout_seconds)

    def cpu_seconds(self) -> float:
        """Return the time of the processes that live, and of their children that were waited for."""
        return sum(_cpu_seconds(process) for process in _descendants(self.process.pid))

    def memory_kills(self) -> int:
        return self.kills

    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    def _kill_after_the_claim(self) -> None:
        """Kill Python once it holds a network's worth of memory."""
        while self.process.poll() is None:
            for process in _descendants(self.process.pid):
                if _held_mib(process) > self.limits.memory_mib:
                    self.kills += 1
                    os.kill(process, signal.SIGKILL)
                    return
            time.sleep(0.005)


def _environment(own: Mapping[str, str]) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "HOME") if name in os.environ}
    image = {
        "ORT_DISABLE_TELEMETRY": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": str(ROOT / "backend"),
    }
    return kept | image | dict(own)


def _descendants(process: int) -> list[int]:
    found = [process]
    for parent in found:
        # A thread's children are listed with the thread that made them.
        for listed in Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                found += [int(child) for child in listed.read_text().split()]
            except OSError:
                continue
    return found


def _cpu_seconds(process: int) -> float:
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(int(ticks) for ticks in fields[11:15]) / _TICKS


def _held_mib(process: int) -> float:
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
