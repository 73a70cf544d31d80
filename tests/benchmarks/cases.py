"""What is measured, and how a measured program is driven."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
METRICS: Final = ("wall_seconds", "cpu_seconds", "peak_rss_mib")
PROGRAMS: Final = ("reference", "ours")


@dataclass(frozen=True, slots=True)
class Case:
    """One line of the report."""

    name: str
    #: A photo of photos.py.
    photo: str
    #: "happy": u2net is accepted; "fallback": it is refused and isnet asked.
    path: str = "happy"
    #: Whether process start and imports are measured too, with an empty numba cache as on Lambda.
    is_cold: bool = False
    #: Photos in a row per process; the last one is measured, the ones before warm it.
    in_a_row: int = 2
    #: How often the case is repeated, at most: the reference's largest cases take minutes.
    repetitions: int = 5


CASES: Final = (
    Case("happy-1600", "1600"),
    Case("happy-3000", "3000"),
    Case("happy-4096", "4096", repetitions=3),
    Case("fallback-1600", "1600", path="fallback"),
    Case("fallback-3000", "3000", path="fallback", repetitions=3),
    Case("cold-1600", "1600", is_cold=True, in_a_row=1),
    Case("wide-band", "wide-band"),
    Case("row-24", "1600", in_a_row=24, repetitions=1),
)


class ProgramFailedError(Exception):
    """A measured program ended without an answer; the message carries its last words."""


def measure(program: str, case: Case, photo: Path, weights: Path) -> dict[str, Any]:
    """Run one program over one case in a fresh process.

    Returns:
        The last photo's measurement; for a cold case wall is from the process's start to its first answer,
        and CPU seconds are the whole process's. Further keys: `stages` (seconds), `first` and `last` resident
        MiB after a photo.

    """
    request = json.dumps({"photo": str(photo), "path": case.path}) + "\n"
    with _environment(is_cold=case.is_cold) as environment, tempfile.TemporaryFile("w+") as told:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        started = time.perf_counter()
        with subprocess.Popen(
            [sys.executable, "-m", f"tests.benchmarks.{program}", str(weights)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=told, text=True, cwd=ROOT, env=environment,
        ) as process:  # fmt: skip
            first = _ask(process, request)
            wall = time.perf_counter() - started
            rest, _ = process.communicate(request * (case.in_a_row - 1))
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        told.seek(0)
        last_words = told.read()[-1500:]
    answers = [json.loads(line) for line in (first + rest).splitlines()]
    if process.returncode != 0 or len(answers) != case.in_a_row:
        raise ProgramFailedError(f"{program} on {case.name}: {last_words}")
    found = dict(answers[-1])
    if case.is_cold:
        cpu = (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)
        found |= {"wall_seconds": wall, "cpu_seconds": cpu}
    if case.name.startswith("row"):
        found |= {name: sum(answer[name] for answer in answers) for name in ("wall_seconds", "cpu_seconds")}
    settled = answers[min(9, len(answers) - 1)]
    return found | {"first": settled["rss_mib"], "last": answers[-1]["rss_mib"]}


def _ask(process: subprocess.Popen[str], request: str) -> str:
    """Return the answer to one photo; empty when the process died of it."""
    if process.stdin is None or process.stdout is None:
        raise TypeError("both ends of the process are needed")
    try:
        process.stdin.write(request)
        process.stdin.flush()
    except BrokenPipeError:
        return ""
    return process.stdout.readline()


@contextmanager
def _environment(*, is_cold: bool) -> Iterator[Mapping[str, str]]:
    """Yield equal threads for both programs; for a cold start also a numba cache that is empty."""
    threads = str(len(os.sched_getaffinity(0)))
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
    paths = {"PYTHONPATH": os.pathsep.join((str(ROOT / "backend"), str(ROOT)))}
    environment = os.environ | dict.fromkeys(names, threads) | {"ORT_DISABLE_TELEMETRY": "1"} | paths
    with tempfile.TemporaryDirectory(prefix="numba-") as cache:
        yield environment | ({"NUMBA_CACHE_DIR": cache} if is_cold else {})
