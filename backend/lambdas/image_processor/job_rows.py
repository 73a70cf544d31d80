"""The job table's small statements, shared by the worker and the reconciler."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.constants.image_processing import MAX_CLAIMS, STALE_PROCESSING_SECONDS
from app.job_conditions import claimable, seconds
from app.models import BookImage, JobStatus
from app.models import ImageProcessingJob as Job
from lambdas.image_processor.domain import Claim, Finished, GalleryImage, JobMessage
from lambdas.image_processor.errors import FailureCode, LeaseHeldError, UnknownJobError, failure_reason

_ENDED = frozenset({JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.PERMANENTLY_FAILED})


def holds(claim: Claim) -> Any:
    """Return the condition: this claim's token still fences the job."""
    return (Job.id == claim.job_id) & (Job.lease_token == claim.token) & (Job.status == JobStatus.PROCESSING)


def end(session: Session, job_id: uuid.UUID, code: FailureCode, only_from: JobStatus) -> Finished:
    """End a job as failed and say so; the caller holds its row's lock and found it in `only_from`."""
    session.execute(
        update(Job)
        .where(Job.id == job_id, Job.status == only_from)
        .values(
            status=JobStatus.FAILED,
            failure_code=str(code),
            failure_reason=failure_reason(code),
            completed_at=func.now(),
            lease_token=None,
            lease_expires_at=None,
        )
    )
    return Finished(job_id, JobStatus.FAILED, str(code), ended_now=code)


def supersede(session: Session, message: JobMessage) -> Finished:
    """End a `queue_failed` job in favour of its picture's live one; where it moved on meanwhile, say how.

    Raises:
        LeaseHeldError: another worker has it after all.

    """
    waiting = select(Job.id).where(Job.id == message.job_id, Job.status == JobStatus.QUEUE_FAILED)
    if session.scalar(waiting.with_for_update()) is None:
        return why_not(session, message)
    return end(session, message.job_id, FailureCode.SUPERSEDED, JobStatus.QUEUE_FAILED)


def why_not(session: Session, message: JobMessage) -> Finished:
    """Say why a job could not be claimed.

    Raises:
        UnknownJobError: there is no such row.
        LeaseHeldError: another worker holds it.

    """
    expiry = func.coalesce(Job.lease_expires_at, Job.updated_at + seconds(STALE_PROCESSING_SECONDS))
    left = func.extract("epoch", expiry - func.now())
    # Locked: between the failed claim and this look the row may have moved on.
    row = session.execute(
        select(
            Job.status, Job.failure_code, Job.claim_count, claimable().label("claimable"), left.label("left")
        )
        .where(Job.id == message.job_id)
        .with_for_update()
    ).one_or_none()
    if row is None:
        raise UnknownJobError(f"there is no job {message.job_id}")
    if row.status in _ENDED:
        return Finished(message.job_id, row.status, row.failure_code)
    if row.claimable and row.claim_count >= MAX_CLAIMS:
        return end(session, message.job_id, FailureCode.CRASH_LOOP, JobStatus(row.status))
    raise LeaseHeldError(max(float(row.left), 0.0) if row.status == JobStatus.PROCESSING else 0.0)


def done_sources(session: Session, book_id: int) -> set[int]:
    """Return the pictures with a completed job whose cut-out still exists."""
    used = func.coalesce(Job.report["source_image"]["id"].as_integer(), Job.source_image_id)
    finished = select(used).where(
        Job.book_id == book_id, Job.status == JobStatus.COMPLETED, Job.processed_image_id.is_not(None)
    )
    return {image_id for image_id in session.scalars(finished) if image_id is not None}


def gallery_images(rows: Sequence[BookImage]) -> list[GalleryImage]:
    """Return rows as records; a NULL order or flag counts as 0 or false, the columns' defaults."""
    return [
        GalleryImage(
            row.id,
            row.s3_key,
            row.image_type,
            row.display_order or 0,
            bool(row.is_primary),
            bool(row.is_background_processed),
        )
        for row in rows
    ]


def source_report(claim: Claim) -> dict[str, Any]:
    """Return what every report says about the picture that was cut."""
    return {"source_image": {"id": claim.source.id, "s3_key": claim.source.s3_key}}
