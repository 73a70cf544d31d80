"""`python -m tests.chaos.run [--kills 600] [--seed 1]`: every run, every mutation, then out/chaos.json."""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from local.postgres import PostgresError, find_binaries
from tests.chaos import faults, kills, mutations
from tests.chaos.stack import ChaosStack, chaos_stack
from tests.chaos.verdict import RECOVERY_BOUND_SECONDS, Verdict

_OUT = Path(__file__).resolve().parents[2] / "out" / "chaos.json"
#: The soak's jobs at the default of 600 kills.
_SOAK_JOBS = 500
_DEFAULT_KILLS = 600


def main() -> int:
    """Run everything and return the exit status: 0 when every promise was kept and every mutation caught."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=_DEFAULT_KILLS, help="processes to kill, at least")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="runs whose name contains this; leaves the mutations out")
    arguments = parser.parse_args()
    try:
        find_binaries()
    except PostgresError as exc:
        print(f"chaos: skipped, {exc}")
        return 0
    started = time.monotonic()
    verdicts: list[Verdict] = []

    def tell(verdict: Verdict) -> None:
        print(_line(verdict), flush=True)

    with chaos_stack(random.Random(arguments.seed)) as stack:
        for name, run in _runs(stack, arguments.kills):
            if arguments.only in name:
                verdicts.append(run())
                tell(verdicts[-1])
        caught = [] if arguments.only else mutations.run_all(stack, tell)
    body = _report(arguments, verdicts, caught, time.monotonic() - started)
    _OUT.parent.mkdir(exist_ok=True)
    _OUT.write_text(json.dumps(body, indent=2) + "\n")
    return _conclude(verdicts, caught, body)


def _runs(stack: ChaosStack, budget: int) -> Iterator[tuple[str, Callable[[], Verdict]]]:
    """Yield every run; the kills are spread over them, the random ones of the soak last."""
    scale = min(budget / _DEFAULT_KILLS, 1.0)
    rounds = max(1, round(3 * scale))
    jobs = max(8, round(40 * scale))
    at_steps = {workers: max(9, round(budget * 0.2)) for workers in (1, 2, 4)}
    yield "duplicated-delayed", lambda: faults.duplicated_and_delayed(stack, jobs)
    yield "same-book", lambda: faults.same_book(stack, max(2, jobs // 8))
    yield "stale-worker", lambda: faults.stale_worker(stack)
    if scale == 1:
        # The soak has a fatal photo as well.
        yield "crash-loop", lambda: kills.crash_loop(stack)
        # A minute of waiting for PostgreSQL's own timeout.
        yield "stopped-in-the-transaction", lambda: faults.stopped_in_the_transaction(stack)
    yield "clock-off", lambda: faults.clock_off(stack, jobs)
    yield "postgres-restarted", lambda: faults.postgres_restarted(stack, jobs)
    yield "connections-cut", lambda: faults.connections_cut(stack, jobs)
    yield "s3-faults", lambda: faults.s3_faults(stack, jobs)
    yield "sqs-faults", lambda: faults.sqs_faults(stack, jobs)
    yield "secrets-throttled", lambda: faults.secrets_throttled(stack, jobs)
    yield "producer-killed", lambda: kills.in_the_producer(stack, rounds)
    yield "reconciler-killed", lambda: kills.in_the_reconciler(stack, rounds)
    for workers, number in at_steps.items():
        yield f"sigkill-{workers}", partial(kills.at_every_step, stack, workers, number)
    soaked = max(10, budget - sum(at_steps.values()) - 14 * rounds)
    yield "soak", lambda: kills.soak(stack, max(30, round(_SOAK_JOBS * scale)), soaked)


def _line(verdict: Verdict) -> str:
    counts = f"lost {verdict.lost}, doubled {verdict.doubled}, stuck {verdict.stuck}, leaked {verdict.leaked}"
    recovery = verdict.as_json()["recovery_seconds"]
    told = f"; recovery {recovery['median']} s, at most {recovery['max']} s" if recovery else ""
    mark = "ok " if verdict.passed else "BAD"
    others = f"{verdict.jobs} jobs, {verdict.kills} kills, {verdict.seconds:.0f} s"
    lines = [f"{mark} {verdict.name}: {counts} ({others}{told})"]
    return "\n".join(lines + ([] if verdict.passed else [f"    {words}" for words in verdict.findings[:5]]))


def _report(
    arguments: argparse.Namespace, verdicts: list[Verdict], caught: list[dict[str, Any]], seconds: float
) -> dict[str, Any]:
    return {
        "kills": sum(verdict.kills for verdict in verdicts),
        "seed": arguments.seed,
        "seconds": round(seconds, 1),
        "recovery_bound_seconds": RECOVERY_BOUND_SECONDS,
        "runs": [verdict.as_json() for verdict in verdicts],
        "mutations": caught,
    }


def _conclude(verdicts: list[Verdict], caught: list[dict[str, Any]], body: dict[str, Any]) -> int:
    for entry in caught:
        print(f"{'ok ' if entry['caught'] else 'BAD'} without the {entry['removed']}: by {entry['by']}")
    passed = all(verdict.passed for verdict in verdicts) and all(entry["caught"] for entry in caught)
    told = f"{len(verdicts)} runs, {body['kills']} kills, {len(caught)} mutations in {body['seconds']:.0f} s"
    print(f"chaos: {told}: {'ok' if passed else 'FAILED'}; {_OUT.relative_to(_OUT.parents[1])}")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
