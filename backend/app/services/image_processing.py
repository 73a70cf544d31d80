"""The one call of the API: queue a picture for its background's removal; and the steps it is made of."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Collection

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
    job_id = insert_job(db, book_id, image_id)
    if job_id is None:
        if (
            db.scalar(select(BookImage.id).where(BookImage.id == image_id, BookImage.book_id == book_id))
            is None
        ):
            raise ValueError(f"image {image_id} is not a picture of book {book_id}")
        return None
    db.commit()
    return send_job(db, job_id, book_id, image_id, queue or default_queue())


def send_job(db: Session, job_id: uuid.UUID, book_id: int, image_id: int, queue: JobQueue) -> Job | None:
    """Send a committed job's message and stamp it; a message that cannot be sent leaves it `queue_failed`.

    Returns:
        The job as it then is, or None where it is gone with its book.

    """
    try:
        queue.send(job_id, book_id, image_id)
    except QueueUnavailableError:
        logger.warning(
            "The job waits for the reconciler: SQS did not take its message",
            extra={"action": "queue_failed", "job_id": str(job_id)},
        )
        mark_refused(db, [job_id])
    else:
        mark_sent(db, [job_id])
    db.commit()
    return db.get(Job, job_id, populate_existing=True)


def mark_sent(db: Session, job_ids: Collection[uuid.UUID]) -> None:
    """Stamp jobs whose messages SQS took."""
    db.execute(update(Job).where(Job.id.in_(job_ids)).values(enqueued_at=func.now()))


def mark_refused(db: Session, job_ids: Collection[uuid.UUID]) -> None:
    """Leave jobs to the reconciler.

    Only while they wait: where the time ran out after SQS took the message, a worker may have it by now.
    """
    waiting = update(Job).where(Job.id.in_(job_ids), Job.status == JobStatus.PENDING)
    db.execute(waiting.values(status=JobStatus.QUEUE_FAILED))


def insert_job(db: Session, book_id: int, image_id: int) -> uuid.UUID | None:
    """Insert a job unless the picture has a live one or is not the book's; the index decides races.

    Returns:
        The job's id, or None; nothing is committed yet.

    """
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
