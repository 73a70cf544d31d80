"""The one call of the API: queue a picture for its background's removal."""

from __future__ import annotations

import logging
import uuid

from sqlalchemy import func, literal, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.models import BookImage, JobStatus
from app.models import ImageProcessingJob as Job
from app.services.job_queue import JobQueue, QueueUnavailableError, default_queue

logger = logging.getLogger(__name__)


def queue_image_processing(
    db: Session, book_id: int, image_id: int, *, queue: JobQueue | None = None
) -> Job | None:
    """Create a job for a picture and send its message.

    The job is committed before its message is sent, so that no worker meets an unknown job; a message that
    cannot be sent leaves the job `queue_failed`, and the reconciler sends it later. Costs the caller at most
    two SQS timeouts of 2 s.

    Args:
        db: a session; whatever it holds is committed with the job.
        book_id: the book.
        image_id: one of its pictures.
        queue: where to send; by default the queue that the environment names.

    Returns:
        The job, or None when the picture has a live one already.

    Raises:
        ValueError: the picture is not one of the book's.

    """
    job_id = _insert(db, book_id, image_id)
    if job_id is None:
        if (
            db.scalar(select(BookImage.id).where(BookImage.id == image_id, BookImage.book_id == book_id))
            is None
        ):
            raise ValueError(f"image {image_id} is not a picture of book {book_id}")
        return None
    db.commit()
    try:
        (queue or default_queue()).send(job_id, book_id, image_id)
    except QueueUnavailableError:
        logger.warning(
            "The job waits for the reconciler: SQS did not take its message",
            extra={"action": "queue_failed", "job_id": str(job_id)},
        )
        # Only while it waits: where the time ran out after SQS took the message, a worker may have it by now.
        db.execute(
            update(Job)
            .where(Job.id == job_id, Job.status == JobStatus.PENDING)
            .values(status=JobStatus.QUEUE_FAILED)
        )
    else:
        db.execute(update(Job).where(Job.id == job_id).values(enqueued_at=func.now()))
    db.commit()
    return db.get(Job, job_id, populate_existing=True)


def _insert(db: Session, book_id: int, image_id: int) -> uuid.UUID | None:
    """Insert the job unless the picture has a live one or is not the book's; the index decides races."""
    picture = select(
        literal(uuid.uuid4()), BookImage.book_id, BookImage.id, literal(str(JobStatus.PENDING))
    ).where(BookImage.id == image_id, BookImage.book_id == book_id)
    statement = (
        insert(Job)
        .from_select(["id", "book_id", "source_image_id", "status"], picture, include_defaults=False)
        .on_conflict_do_nothing(
            index_elements=["book_id", "source_image_id"],
            index_where=text("status IN ('pending', 'processing')"),
        )
        .returning(Job.id)
    )
    return db.scalar(statement)
