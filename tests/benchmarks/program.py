"""What both measured programs share: one photo per line of input, one measurement per line of output."""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

#: `(photo, path taken: "happy" or "fallback", stopwatch) -> encoded picture`.
Cut = Callable[[bytes, str, "Stopwatch"], bytes]


class Stopwatch:
    """Wall seconds by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Book the block's time under `name`."""
        started = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - started


def peak_rss_mib() -> float:
    """Return the most memory this process ever held, in MiB.

    Not getrusage's: that one begins with what the parent held when it forked.
    """
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def rss_mib() -> float:
    """Return the memory this process holds now, in MiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def serve(cut: Cut) -> None:
    """Answer `{"photo": path, "path": "happy"}` until the input ends; the driver keeps the time between."""
    for line in sys.stdin:
        request = json.loads(line)
        photo = Path(request["photo"]).read_bytes()
        watch = Stopwatch()
        wall, cpu = time.perf_counter(), time.process_time()
        picture = cut(photo, request["path"], watch)
        answer = {
            "wall_seconds": time.perf_counter() - wall,
            "cpu_seconds": time.process_time() - cpu,
            "peak_rss_mib": peak_rss_mib(),
            "rss_mib": rss_mib(),
            "bytes": len(picture),
            "stages": watch.seconds,
        }
        print(json.dumps(answer), flush=True)
