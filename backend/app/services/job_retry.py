"""Failed jobs tried again: the only ways from `failed` back to `pending`."""

from __future__ import annotations

import uuid
from enum import StrEnum
from typing import Final

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.models import ImageProcessingJob as Job
from app.models import JobStatus
from app.services.image_processing import send_job
from app.services.job_queue import JobQueue

_ENDED_BADLY: Final = (JobStatus.FAILED, JobStatus.PERMANENTLY_FAILED)


class Reopening(StrEnum):
    """What became of a job that was to be tried again."""

    REOPENED = "reopened"
    #: No such row, or it does not stand at a failure.
    NOT_FAILED = "not_failed"
    #: Its picture was deleted.
    SOURCE_GONE = "source_gone"
    #: Its picture has a live job already.
    HAS_LIVE_TWIN = "has_live_twin"
    #: It is pending again, but SQS did not take its message: the reconciler sends it.
    WAITS_FOR_RECONCILER = "waits_for_reconciler"


def retry_job(db: Session, job_id: uuid.UUID, queue: JobQueue) -> Reopening:
    """Set a failed job back to `pending` with its counters at zero, commit, then send its message."""
    reopening = reopen(db, job_id)
    if reopening is not Reopening.REOPENED:
        return reopening
    job = db.get_one(Job, job_id, populate_existing=True)
    if job.source_image_id is None:
        return Reopening.SOURCE_GONE
    sent = send_job(db, job_id, job.book_id, job.source_image_id, queue)
    if sent is not None and sent.status == JobStatus.QUEUE_FAILED:
        return Reopening.WAITS_FOR_RECONCILER
    return Reopening.REOPENED


def reopen(db: Session, job_id: uuid.UUID) -> Reopening:
    """Set a failed job back to `pending` with its counters at zero, and commit; nothing is sent."""
    job = db.scalar(
        select(Job).where(Job.id == job_id).with_for_update().execution_options(populate_existing=True)
    )
    if job is None or job.status not in _ENDED_BADLY:
        db.rollback()
        return Reopening.NOT_FAILED
    if job.source_image_id is None:
        db.rollback()
        return Reopening.SOURCE_GONE
    job.status = JobStatus.PENDING
    job.claim_count = job.queue_retry_count = job.attempt_count = 0
    job.failure_code = job.failure_reason = job.completed_at = job.enqueued_at = None
    job.lease_token = job.lease_expires_at = None
    try:
        db.commit()
    except IntegrityError:
        db.rollback()
        return Reopening.HAS_LIVE_TWIN
    return Reopening.REOPENED
