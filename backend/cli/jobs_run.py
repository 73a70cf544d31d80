"""The work of `image-processor jobs`."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich.table import Table
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import ImageProcessingJob as Job
from app.models import JobStatus
from app.services.job_queue import JobQueue
from app.services.job_retry import Reopening, retry_job
from cli.console import EXIT_FAILED, EXIT_OK, EXIT_USAGE, console, fail
from cli.services import clients, database, required
from lambdas.image_processor.errors import FAILURES, FailureCode

_FAILED = (JobStatus.FAILED, JobStatus.PERMANENTLY_FAILED)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which jobs are listed."""

    statuses: Sequence[JobStatus]
    code: str | None
    book_id: int | None
    limit: int

    def jobs(self, session: Session) -> Sequence[Job]:
        """Return them, the newest first."""
        statement = select(Job).order_by(Job.created_at.desc(), Job.id).limit(self.limit)
        if self.statuses:
            statement = statement.where(Job.status.in_(self.statuses))
        if self.code:
            statement = statement.where(Job.failure_code == self.code)
        if self.book_id is not None:
            statement = statement.where(Job.book_id == self.book_id)
        return session.scalars(statement).all()


def show_list(database_url: str | None, wanted: Filter, *, as_json: bool) -> None:
    """Print the jobs as a table or as JSON."""
    with database(database_url) as engine, Session(engine) as session:
        jobs = wanted.jobs(session)
        if as_json:
            console.print_json(json.dumps([_as_json(job) for job in jobs]))
            return
    table = Table("job", "book", "image", "status", "code", "claims", "recipe", "created")
    for job in jobs:
        image = "–" if job.source_image_id is None else str(job.source_image_id)
        created = f"{job.created_at:%Y-%m-%d %H:%M}"
        recipe, code = job.model_used or "", job.failure_code or ""
        table.add_row(
            str(job.id), str(job.book_id), image, job.status, code, str(job.claim_count), recipe, created
        )
    console.print(table)


def show_one(database_url: str | None, job_id: uuid.UUID, *, as_json: bool) -> None:
    """Print one job's row, its report, and the advice that belongs to its failure."""
    with database(database_url) as engine, Session(engine) as session:
        job = session.get(Job, job_id)
        if job is None:
            fail(f"there is no job {job_id}")
        row = _as_json(job)
    if as_json:
        console.print_json(json.dumps(row))
        return
    report = row.pop("report")
    for name, value in row.items():
        if value is not None:
            console.print(f"{name:<20}{value}", markup=False)
    if row["failure_code"] in set(FailureCode):
        console.print(f"{'what to do':<20}{FAILURES[FailureCode(str(row['failure_code']))].advice}")
    if report:
        console.print_json(json.dumps(report))


def retry_all(database_url: str | None, job_ids: Sequence[uuid.UUID], code: str | None, limit: int) -> int:
    """Reopen jobs, say what became of each, and return the exit status."""
    if bool(job_ids) == bool(code):
        fail("name jobs, or a failure code with --code", EXIT_USAGE)
    queue_name = required("IMAGE_PROCESSING_QUEUE_NAME")
    with database(database_url) as engine, clients() as aws, Session(engine) as session:
        wanted = Filter(_FAILED, code, None, limit)
        chosen = list(job_ids) or [job.id for job in wanted.jobs(session)]
        session.rollback()
        queue = JobQueue(aws.sqs, queue_name)
        endings = [(job_id, retry_job(session, job_id, queue)) for job_id in chosen]
    for job_id, ending in endings:
        mark = "[green]✓[/]" if _is_on_its_way(ending) else "[red]✗[/]"
        console.print(f"{mark} {job_id} {ending.replace('_', ' ')}")
    if not endings:
        console.print(f"no job failed with {code}")
    return EXIT_OK if all(_is_on_its_way(ending) for _, ending in endings) else EXIT_FAILED


def _is_on_its_way(ending: Reopening) -> bool:
    return ending in (Reopening.REOPENED, Reopening.WAITS_FOR_RECONCILER)


def _as_json(job: Job) -> dict[str, Any]:
    row = {column.name: getattr(job, column.key) for column in Job.__table__.columns}
    return {name: _plain(value) for name, value in row.items() if name != "lease_token"}


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, uuid.UUID) else value
