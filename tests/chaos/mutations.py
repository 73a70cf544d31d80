"""The promises' supports, sawn off one by one in a copy of the source: the suite must notice each time."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.chaos import faults, kills
from tests.chaos.stack import ChaosStack
from tests.chaos.verdict import Verdict

BACKEND = Path(__file__).resolve().parents[2] / "backend"
_LIMIT_SECONDS = 20.0
#: Without leases the killed jobs never end: there is nothing to wait for.
_KILLS_LIMIT_SECONDS = 10.0


@dataclass(frozen=True)
class Mutation:
    """One support, and the run that leans on it most."""

    removed: str
    file: str
    before: str
    after: str
    first: str
    #: What its absence must show as; anything else may be a slow machine.
    signs: tuple[str, ...]


MUTATIONS = (
    Mutation(
        "fence",
        "lambdas/image_processor/job_rows.py",
        "(Job.id == claim.job_id) & (Job.lease_token == claim.token) & (Job.status == JobStatus.PROCESSING)",
        "Job.id == claim.job_id",
        "stale-worker",
        ("doubled", "stale_writes"),
    ),
    Mutation(
        "lease",
        "app/job_conditions.py",
        "return (Job.lease_expires_at <= func.now()) | abandoned",
        "return Job.id.is_(None)",
        "sigkill",
        ("stuck",),
    ),
    Mutation(
        "conditional claim",
        "lambdas/image_processor/jobs.py",
        ".where(Job.id == message.job_id, claimable(), Job.claim_count < MAX_CLAIMS)",
        ".where(Job.id == message.job_id)",
        "duplicated-delayed",
        ("doubled", "overlapping"),
    ),
    Mutation(
        "book lock",
        "lambdas/image_processor/jobs.py",
        "if session.scalar(select(Book.id).where(Book.id == claim.book_id).with_for_update()) is None:",
        "if session.scalar(select(Book.id).where(Book.id == claim.book_id)) is None:",
        "same-book",
        ("doubled",),
    ),
)


def run_all(stack: ChaosStack, tell: Callable[[Verdict], None]) -> list[dict[str, Any]]:
    """Run over an unchanged copy first, then over each mutated one; return what caught which."""
    control = faults.same_book(stack, 2, _copy(stack, "control"), _LIMIT_SECONDS)
    control.name = "in an unchanged copy: same-book"
    tell(control)
    if not control.passed:
        return [
            {"removed": mutation.removed, "caught": False, "by": "the control run failed"}
            for mutation in MUTATIONS
        ]
    entries = []
    for mutation in MUTATIONS:
        verdicts = _suite(stack, _mutate(stack, mutation), mutation.first)
        last = verdicts[-1]
        last.name = f"without the {mutation.removed}: {last.name}"
        tell(last)
        # The mutated workers must have worked: one that cannot even start proves nothing.
        did_work = last.extra["workers_ready"] > 0 and last.stuck < last.jobs
        shows = any(getattr(last, sign) for sign in mutation.signs)
        entries.append(
            {
                "removed": mutation.removed,
                "caught": shows and did_work,
                "by": last.name,
                "findings": last.findings[:3],
            }
        )
    return entries


def _suite(stack: ChaosStack, backend: Path, first: str) -> Sequence[Verdict]:
    """Run the small suite, the named run first; stop at the first failure."""
    runs: dict[str, Callable[[], Verdict]] = {
        "sigkill": lambda: kills.at_every_step(stack, 2, 4, backend, _KILLS_LIMIT_SECONDS),
        "stale-worker": lambda: faults.stale_worker(stack, backend, _LIMIT_SECONDS),
        "duplicated-delayed": lambda: faults.duplicated_and_delayed(stack, 6, backend, _LIMIT_SECONDS),
        "same-book": lambda: faults.same_book(stack, 2, backend, _LIMIT_SECONDS),
    }
    verdicts = []
    for name in sorted(runs, key=lambda name: name != first):
        verdicts.append(runs[name]())
        if not verdicts[-1].passed:
            break
    return verdicts


def _copy(stack: ChaosStack, name: str) -> Path:
    target = stack.folder / "mutations" / name / "backend"
    shutil.copytree(BACKEND, target, ignore=shutil.ignore_patterns("__pycache__", "training"))
    return target


def _mutate(stack: ChaosStack, mutation: Mutation) -> Path:
    target = _copy(stack, mutation.removed.replace(" ", "-"))
    path = target / mutation.file
    source = path.read_text()
    if source.count(mutation.before) != 1:
        raise AssertionError(f"{mutation.file} no longer has the line that holds the {mutation.removed}")
    path.write_text(source.replace(mutation.before, mutation.after))
    return target
