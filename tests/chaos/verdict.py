"""What a run left behind, counted: lost, doubled, stuck, leaked, and how long a dead worker's job waited."""

from __future__ import annotations

import hashlib
import statistics
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from botocore.exceptions import ClientError
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import BookImage
from app.models import ImageProcessingJob as Job
from lambdas.image_processor.storage import object_keys, parse_result_key
from lambdas.reconciler.sweep import Sweep
from tests.chaos.events import Event
from tests.chaos.parts import LEASE_SECONDS, RECONCILER_PERIOD_SECONDS
from tests.chaos.stack import ChaosStack

ENDED = frozenset({"completed", "failed", "permanently_failed"})
RECOVERY_BOUND_SECONDS = LEASE_SECONDS + RECONCILER_PERIOD_SECONDS
_OVERLAP_TOLERANCE_SECONDS = 0.2
#: Help has come for a dead worker's job: a new message, or another worker.
_RESCUES = frozenset({"claimed", "message_sent"})
#: The lease is about to be given up, or the run is over.
_ENDS = frozenset({"ending", "released", "after_commit", "before_ack"})


@dataclass
class Verdict:
    """One run's counts; all but `jobs`, `kills` and the times must be zero."""

    name: str
    jobs: int = 0
    kills: int = 0
    lost: int = 0
    doubled: int = 0
    stuck: int = 0
    leaked: int = 0
    #: Claims of a job whose lease another living worker held.
    overlapping: int = 0
    #: Rows or bytes that a stale worker changed.
    stale_writes: int = 0
    #: Objects that the sweep removed.
    swept: int = 0
    dead_lettered: int = 0
    seconds: float = 0.0
    recovery: list[float] = field(default_factory=list)
    #: What was found, in words, for the one who has to understand it.
    findings: list[str] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether every promise was kept."""
        broken = self.lost, self.doubled, self.stuck, self.leaked, self.overlapping, self.stale_writes
        return not any(broken)

    def as_json(self) -> dict[str, Any]:
        """Return the run's entry in chaos.json."""
        recovery = None
        if self.recovery:
            recovery = {
                "median": round(statistics.median(self.recovery), 2),
                "max": round(max(self.recovery), 2),
                "bound": RECOVERY_BOUND_SECONDS,
                "within_bound": sum(seconds <= RECOVERY_BOUND_SECONDS for seconds in self.recovery),
                "n": len(self.recovery),
            }
        body = {
            name: value
            for name, value in vars(self).items()
            if name not in {"recovery", "extra", "findings", "seconds"}
        }
        return body | {
            "seconds": round(self.seconds, 1),
            "recovery_seconds": recovery,
            "findings": self.findings[:20],
            **self.extra,
        }


def judge_rows(verdict: Verdict, stack: ChaosStack, expected: Mapping[uuid.UUID, str]) -> None:
    """Compare the jobs, pictures and objects with what must have become of them.

    Args:
        verdict: counts are added.
        stack: the scene.
        expected: job id -> "completed", or the failure code that it must have.

    """
    verdict.jobs = len(expected)
    with Session(stack.engine) as session:
        jobs = {job.id: job for job in session.scalars(select(Job).where(Job.id.in_(expected)))}
        for job_id, wanted in expected.items():
            _judge_job(verdict, stack, session, jobs.get(job_id), wanted)
        for book_id in {job.book_id for job in jobs.values()}:
            _judge_gallery(verdict, session, book_id)


def _judge_job(verdict: Verdict, stack: ChaosStack, session: Session, job: Job | None, wanted: str) -> None:
    if job is None:
        _find(verdict, "lost", "a job's row is gone")
        return
    if job.status not in ENDED:
        _find(verdict, "stuck", f"job {job.id} is {job.status} after {job.claim_count} claims")
        return
    found = "completed" if job.status == "completed" else str(job.failure_code)
    if found != wanted:
        _find(verdict, "lost", f"job {job.id} is {found} instead of {wanted}: {job.failure_reason}")
        return
    keys = object_keys(job.book_id, job.id)
    rows = session.scalars(select(BookImage).where(BookImage.s3_key == keys.db_key)).all()
    if wanted != "completed":
        if rows:
            _find(verdict, "doubled", f"failed job {job.id} has a picture")
        return
    if len(rows) > 1:
        _find(verdict, "doubled", f"job {job.id} has {len(rows)} pictures", len(rows) - 1)
    if not rows or job.processed_image_id not in {row.id for row in rows}:
        _find(verdict, "lost", f"completed job {job.id} has no picture")
        return
    body = _body(stack, keys.image_key)
    if body is None or _body(stack, keys.thumbnail_key) is None:
        _find(verdict, "lost", f"completed job {job.id} lacks an object")
    elif hashlib.sha256(body).hexdigest() != rows[0].content_hash:
        _find(verdict, "lost", f"job {job.id}'s picture is not the one its row describes")


def _judge_gallery(verdict: Verdict, session: Session, book_id: int) -> None:
    rows = session.scalars(
        select(BookImage).where(BookImage.book_id == book_id).order_by(BookImage.display_order, BookImage.id)
    ).all()
    primaries = [row.id for row in rows if row.is_primary]
    if len(primaries) != 1 or primaries[0] != rows[0].id:
        _find(verdict, "doubled", f"book {book_id} has the primary pictures {primaries}")
    if [row.display_order for row in rows] != list(range(len(rows))):
        _find(verdict, "doubled", f"book {book_id}'s order is {[row.display_order for row in rows]}")
    cuts = Counter(row.s3_key for row in rows if row.is_background_processed)
    jobs = set(
        session.scalars(
            select(Job.processed_image_id).where(Job.book_id == book_id, Job.status == "completed")
        )
    )
    strangers = [row.id for row in rows if row.is_background_processed and row.id not in jobs]
    if strangers and max(cuts.values()) == 1:
        _find(verdict, "doubled", f"book {book_id} has pictures of no job: {strangers}", len(strangers))


def judge_objects(verdict: Verdict, stack: ChaosStack) -> None:
    """Sweep without the age guard, then count what is left and named by no row."""
    sweep = Sweep(stack.aws.s3, stack.aws.bucket, stack.engine, min_age=timedelta(seconds=-5))
    verdict.swept = sum(sweep.delete(orphan) for orphan in list(sweep.orphans()))
    with Session(stack.engine) as session:
        named = set(session.scalars(select(BookImage.s3_key).where(BookImage.is_background_processed)))
        live = set(session.scalars(select(Job.id).where(Job.status.not_in(ENDED))))
    for key in stack.aws.keys("books/"):
        result = parse_result_key(key)
        if result and object_keys(*result).db_key not in named and result[1] not in live:
            _find(verdict, "leaked", f"nothing names {key}")


def judge_events(verdict: Verdict, events: Sequence[Event]) -> None:
    """Count kills, overlapping leases, and how long killed workers' jobs waited for help."""
    verdict.kills = sum(event.step == "killed" for event in events)
    held: dict[str, Event] = {}
    working: dict[int, str] = {}
    waiting: dict[str, float] = {}
    gone: set[int] = set()
    for event in events:
        if event.step == "killed":
            gone.add(event.pid)
            if event.pid in working:
                waiting[working.pop(event.pid)] = event.at
        if event.job_id is None:
            continue
        if event.step in _RESCUES and event.job_id in waiting:
            verdict.recovery.append(event.at - waiting.pop(event.job_id))
        if event.step == "claimed":
            _judge_claim(verdict, held.get(event.job_id), event, gone)
            # Whoever had it before has it no longer: his death is nobody's loss.
            working = {pid: job_id for pid, job_id in working.items() if job_id != event.job_id}
            held[event.job_id], working[event.pid] = event, event.job_id
        elif event.step in _ENDS:
            if event.job_id in held and held[event.job_id].pid == event.pid:
                del held[event.job_id]
            if event.step != "ending":
                working.pop(event.pid, None)
    verdict.extra["unrescued"] = len(waiting)


def _judge_claim(verdict: Verdict, before: Event | None, event: Event, gone: set[int]) -> None:
    if before is not None and before.pid not in gone and _is_live(before, event):
        _find(verdict, "overlapping", f"job {event.job_id} was claimed twice within one lease")


def _is_live(before: Event, event: Event) -> bool:
    return event.at - before.at < LEASE_SECONDS - _OVERLAP_TOLERANCE_SECONDS


def _find(verdict: Verdict, count: str, words: str, number: int = 1) -> None:
    setattr(verdict, count, getattr(verdict, count) + number)
    verdict.findings.append(f"{count}: {words}")


def _body(stack: ChaosStack, key: str) -> bytes | None:
    try:
        return stack.aws.s3.get_object(Bucket=stack.aws.bucket, Key=key)["Body"].read()
    except ClientError:
        return None
