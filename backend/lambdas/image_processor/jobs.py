"""Jobs in PostgreSQL: two short transactions around the compute, both conditional on the lease.

A claim is one UPDATE; a completion locks the book, then its pictures by id, then the job, so that concurrent
jobs and the API's own reordering queue up instead of deadlocking. Time is the database's `now()`.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from sqlalchemy import Engine, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.constants.image_processing import MAX_CLAIMS
from app.job_conditions import claimable, seconds
from app.models import Book, BookImage, JobStatus
from app.models import ImageProcessingJob as Job
from lambdas.image_processor import gallery, job_rows
from lambdas.image_processor.database import in_transaction
from lambdas.image_processor.domain import Claim, Finished, FinishedPicture, JobMessage
from lambdas.image_processor.errors import FailureCode, LeaseLostError, PermanentError

_T = TypeVar("_T")


def _ignore(step: str) -> None:
    del step


class JobStore:
    """The job table.

    Args:
        engine: a PostgreSQL engine.
        observe: called with the name of each durable step; the crash tests stop the process there.

    """

    def __init__(self, engine: Engine, observe: Callable[[str], None] = _ignore) -> None:
        self._engine = engine
        self._observe = observe

    def claim(self, message: JobMessage, lease_seconds: float) -> Claim | Finished:
        """Lease a job, and choose the picture it cuts.

        Raises:
            UnknownJobError: there is no such row.
            LeaseHeldError: another worker holds a live lease.
            TransientError: the database is unavailable.

        """
        try:
            return self._in_transaction(lambda session: self._claim(session, message, lease_seconds))
        except IntegrityError:
            # A `queue_failed` job would become the second live one of its picture: the other one has it.
            return self._in_transaction(lambda session: job_rows.supersede(session, message))

    def assert_held(self, claim: Claim) -> None:
        """Check the lease by the database's clock.

        Raises:
            LeaseLostError: it ended or was taken over.

        """

        def check(session: Session) -> bool:
            held = select(Job.id).where(job_rows.holds(claim), Job.lease_expires_at > func.now())
            return session.scalar(held) is not None

        if not self._in_transaction(check):
            raise LeaseLostError(f"the lease on job {claim.job_id} is no longer held")

    def complete(self, claim: Claim, picture: FinishedPicture) -> int:
        """Insert the picture, make it primary, reorder the gallery and end the job, all or nothing.

        Returns:
            The new row's id.

        Raises:
            PermanentError: `book_gone` or `source_gone`.
            LeaseLostError: the job was taken over.

        """
        image_id = self._in_transaction(lambda session: self._complete(session, claim, picture))
        self._observe("after_commit")
        return image_id

    def fail(
        self, claim: Claim, error: PermanentError, report: Mapping[str, Any], attempt_count: int = 0
    ) -> None:
        """End the job as failed; the gallery stays as it is.

        Raises:
            LeaseLostError: the job was taken over, or is gone with its book.

        """
        values = {
            "status": JobStatus.FAILED,
            "failure_code": str(error.code),
            "failure_reason": str(error),
            "report": {**job_rows.source_report(claim), **report},
            "attempt_count": attempt_count,
            "completed_at": func.now(),
        }
        self._update_held(claim, values)

    def release(self, claim: Claim, report: Mapping[str, Any]) -> None:
        """Give the lease back after a transient failure; such a claim does not count towards `crash_loop`.

        Raises:
            LeaseLostError: the job was taken over.

        """
        values = {
            "status": JobStatus.PENDING,
            "claim_count": func.greatest(Job.claim_count - 1, 0),
            "report": {**job_rows.source_report(claim), **report},
        }
        self._update_held(claim, values)

    def _update_held(self, claim: Claim, values: Mapping[str, Any]) -> None:
        statement = (
            update(Job)
            .where(job_rows.holds(claim))
            .values(**values, lease_token=None, lease_expires_at=None)
            .returning(Job.id)
        )
        if self._in_transaction(lambda session: session.scalar(statement)) is None:
            raise LeaseLostError(f"job {claim.job_id} was taken over or deleted")

    def _claim(self, session: Session, message: JobMessage, lease_seconds: float) -> Claim | Finished:
        token = uuid.uuid4()
        leased = session.execute(
            update(Job)
            .where(Job.id == message.job_id, claimable(), Job.claim_count < MAX_CLAIMS)
            .values(
                status=JobStatus.PROCESSING,
                lease_token=token,
                lease_expires_at=func.now() + seconds(lease_seconds),
                claim_count=Job.claim_count + 1,
                # It arrived: what the reconciler sent for it so far no longer lengthens its wait.
                queue_retry_count=0,
            )
            .returning(Job.book_id, Job.source_image_id, Job.claim_count)
        ).one_or_none()
        if leased is None:
            return job_rows.why_not(session, message)
        if leased.source_image_id is None:
            return job_rows.end(session, message.job_id, FailureCode.SOURCE_GONE, JobStatus.PROCESSING)
        if (leased.book_id, leased.source_image_id) != (message.book_id, message.image_id):
            return job_rows.end(session, message.job_id, FailureCode.JOB_MISMATCH, JobStatus.PROCESSING)
        images = job_rows.gallery_images(
            session.scalars(select(BookImage).where(BookImage.book_id == leased.book_id)).all()
        )
        source = gallery.choose_source(
            images, message.image_id, job_rows.done_sources(session, leased.book_id)
        )
        if source is None:
            return job_rows.end(session, message.job_id, FailureCode.NO_IMAGES, JobStatus.PROCESSING)
        return Claim(message.job_id, leased.book_id, source, token, leased.claim_count)

    def _complete(self, session: Session, claim: Claim, picture: FinishedPicture) -> int:
        # The book first: whoever inserts or reorders its pictures waits here, and what is read below stays.
        if session.scalar(select(Book.id).where(Book.id == claim.book_id).with_for_update()) is None:
            raise PermanentError(FailureCode.BOOK_GONE)
        rows = session.scalars(
            select(BookImage)
            .where(BookImage.book_id == claim.book_id)
            .order_by(BookImage.id)
            .with_for_update()
        ).all()
        held = session.scalar(select(Job.id).where(job_rows.holds(claim)).with_for_update())
        if held is None:
            raise LeaseLostError(f"job {claim.job_id} was taken over before its picture was committed")
        source = next((row for row in rows if row.id == claim.source.id), None)
        if source is None:
            raise PermanentError(FailureCode.SOURCE_GONE)
        image = _insert(session, claim, picture, source.image_type)
        rows_by_id = {row.id: row for row in (*rows, image)}
        for place in gallery.reorder(job_rows.gallery_images(list(rows_by_id.values())), image.id, source.id):
            row = rows_by_id[place.image_id]
            row.display_order, row.is_primary = place.display_order, place.is_primary
        session.flush()
        session.execute(
            update(Job)
            .where(Job.id == claim.job_id)
            .values(
                status=JobStatus.COMPLETED,
                processed_image_id=image.id,
                model_used=picture.recipe,
                attempt_count=picture.attempt_count,
                report={**job_rows.source_report(claim), **picture.report},
                completed_at=func.now(),
                failure_code=None,
                failure_reason=None,
                lease_token=None,
                lease_expires_at=None,
            )
        )
        self._observe("before_commit")
        return image.id

    def _in_transaction(self, work: Callable[[Session], _T]) -> _T:
        return in_transaction(self._engine, work)


def _insert(session: Session, claim: Claim, picture: FinishedPicture, image_type: str | None) -> BookImage:
    image = BookImage(
        book_id=claim.book_id,
        s3_key=picture.db_key,
        cloudfront_url=picture.cloudfront_url,
        original_filename=picture.db_key,
        content_hash=picture.content_hash,
        image_type=image_type,
        is_background_processed=True,
    )
    session.add(image)
    session.flush()
    return image
