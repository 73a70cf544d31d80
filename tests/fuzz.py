"""Throws damaged files of every format at the decoder: `python -m tests.fuzz [--cases N] [--seed S]`.

The cases run in a process of its own under a hard limit of address space, so that a crash, a hang and a
hunger for memory are all seen. The file at work is kept in out/fuzz/case.bin: after a crash, the culprit.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

_OUT = Path(__file__).resolve().parent.parent / "out" / "fuzz"
_CEILING_MIB = 1228.8
_CASE_SECONDS = 20.0
#: Each thread of a linear algebra library would reserve address space of its own.
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def main() -> int:
    """Run the cases and return the exit status."""
    options = _options()
    if options.inside:
        return _inside(options.cases, options.seed)
    _OUT.mkdir(parents=True, exist_ok=True)
    seed = int.from_bytes(os.urandom(4), "big") if options.seed is None else options.seed
    print(
        f"fuzz: {options.cases} cases, seed {seed}, address space limited to {_CEILING_MIB:.0f} MiB",
        flush=True,
    )
    command = [
        sys.executable,
        "-m",
        "tests.fuzz",
        "--inside",
        "--cases",
        str(options.cases),
        "--seed",
        str(seed),
    ]
    log = _OUT / "decoders.log"
    # The decoders themselves write what they think of the files.
    with log.open("wb") as complaints:
        status = subprocess.run(
            command, env=os.environ | _ONE_THREAD, stderr=complaints, check=False
        ).returncode
    if status:
        print(log.read_text(errors="replace")[-6000:])
        told = f"CRASHED by signal {-status}" if status < 0 else "FAILED"
        print(f"fuzz: {told}; the last file is {_OUT / 'case.bin'}")
    return int(status != 0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.fuzz")
    parser.add_argument("--cases", type=int, default=20_000)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def _inside(cases: int, seed: int) -> int:
    ceiling = int(_CEILING_MIB * 2**20)
    resource.setrlimit(resource.RLIMIT_AS, (ceiling, ceiling))
    # Imported under the limit: what the libraries take counts.
    from hypothesis import HealthCheck, Phase, given, settings  # noqa: PLC0415
    from hypothesis import seed as seeded  # noqa: PLC0415

    from tests.mutations import damaged_files, outcome  # noqa: PLC0415
    from tests.pictures import full_size_files  # noqa: PLC0415

    outcomes: Counter[str] = Counter()
    slowest = [0.0]

    @seeded(seed)
    @settings(
        max_examples=cases,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(damaged_files())
    def survives(data: bytes) -> None:
        (_OUT / "case.bin").write_bytes(data)
        started = time.perf_counter()
        outcomes[outcome(data)] += 1
        slowest[0] = max(slowest[0], time.perf_counter() - started)
        assert slowest[0] < _CASE_SECONDS, f"a file took {slowest[0]:.0f} s"

    for name, data in full_size_files():
        # The largest that are taken must fit under the limit, too.
        found = outcome(data)
        assert found == "decoded", f"{name}: {found}"
    survives()
    return _tell(outcomes, slowest[0], cases)


def _tell(outcomes: Counter[str], slowest_seconds: float, cases: int) -> int:
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    facts: dict[str, Any] = {
        "cases": outcomes.total(),
        "outcomes": dict(outcomes.most_common()),
        "crashes": 0,
        "unclassified_errors": 0,
        "peak_rss_mib": round(peak_mib, 1),
        "ceiling_mib": _CEILING_MIB,
        "slowest_seconds": round(slowest_seconds, 3),
    }
    (_OUT.parent / "fuzz.json").write_text(json.dumps(facts, indent=2) + "\n")
    print(json.dumps(facts))
    return int(outcomes.total() < cases or peak_mib > _CEILING_MIB)


if __name__ == "__main__":
    sys.exit(main())
