"""Many pictures queued at once, ten by ten; whatever interrupts it, the next run goes on where it ended."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, Select, exists, func, select
from sqlalchemy.orm import Session, aliased

from app.models import BookImage, JobStatus
from app.models import ImageProcessingJob as Job
from app.services.image_processing import insert_job, mark_refused, mark_sent
from app.services.job_queue import JobQueue

#: The most messages that one SQS call takes.
BATCH_SIZE: Final = 10
_PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture to be queued."""

    book_id: int
    image_id: int


@dataclass(frozen=True, slots=True)
class Enqueued:
    """What became of one batch."""

    #: Jobs created, with a message in the queue.
    sent: int
    #: Jobs created whose message SQS did not take: the reconciler sends it.
    refused: int
    #: Pictures with a live job, or deleted meanwhile.
    skipped: int


def picture(db: Session, image_id: int) -> Picture | None:
    """Return one picture, or None where there is no such row."""
    book_id = db.scalar(select(BookImage.book_id).where(BookImage.id == image_id))
    return None if book_id is None else Picture(book_id, image_id)


def primary_picture(db: Session, book_id: int) -> Picture | None:
    """Return a book's first picture that is not a cut-out, or None where it has none."""
    found = db.scalar(
        select(BookImage.id)
        .where(BookImage.book_id == book_id, ~BookImage.is_background_processed)
        .order_by(func.coalesce(BookImage.is_primary, False).desc(), BookImage.display_order, BookImage.id)
        .limit(1)
    )
    return None if found is None else Picture(book_id, found)


def unprocessed_pictures(db: Session) -> Iterator[Picture]:
    """Yield the primary picture of each book that has no cut-out and was not refused one, by book.

    A book with a live job is left out, and so is one whose job failed: its photo would fail again
    (`jobs retry` tries it anyway).
    """
    last = 0
    while True:
        books = db.scalars(_unprocessed_books().where(BookImage.book_id > last).limit(_PAGE)).all()
        for book_id in books:
            found = primary_picture(db, book_id)
            if found is not None:
                yield found
        if len(books) < _PAGE:
            return
        last = books[-1]


def count_unprocessed(db: Session) -> int:
    """Return how many books `unprocessed_pictures` would yield."""
    return db.scalar(select(func.count()).select_from(_unprocessed_books().subquery())) or 0


def enqueue_batch(db: Session, pictures: Sequence[Picture], queue: JobQueue) -> Enqueued:
    """Create up to ten jobs in one transaction, then send their messages in one call.

    Killed in between, it leaves pending jobs that the reconciler sends; none is created twice.
    """
    jobs: list[tuple[uuid.UUID, int, int]] = []
    for wanted in pictures[:BATCH_SIZE]:
        job_id = insert_job(db, wanted.book_id, wanted.image_id)
        if job_id is not None:
            jobs.append((job_id, wanted.book_id, wanted.image_id))
    db.commit()
    sent = queue.send_batch(jobs) if jobs else set()
    refused = {job[0] for job in jobs} - sent
    mark_sent(db, sent)
    mark_refused(db, refused)
    db.commit()
    return Enqueued(len(sent), len(refused), len(pictures) - len(jobs))


def _unprocessed_books() -> Select[int]:
    image, job = aliased(BookImage), aliased(Job)
    has_cut_out = exists().where(image.book_id == BookImage.book_id, image.is_background_processed)
    has_job = exists().where(job.book_id == BookImage.book_id, _stands_in_the_way(job))
    return (
        select(BookImage.book_id)
        .where(~has_cut_out, ~has_job)
        .group_by(BookImage.book_id)
        .order_by(BookImage.book_id)
    )


def _stands_in_the_way(job: type[Job]) -> ColumnElement[bool]:
    condition: ColumnElement[bool] = job.status.in_(
        (JobStatus.PENDING, JobStatus.PROCESSING, JobStatus.QUEUE_FAILED, JobStatus.FAILED)
    )
    return condition
