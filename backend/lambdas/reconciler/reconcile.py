"""One run of the reconciler: take back expired leases, send what SQS refused, send again what was lost.

One job per transaction, its row locked and skipped where somebody else has it. The message is sent inside
that transaction: where the run dies in between, the row still asks for help and the next run sends a second
message, which the claim makes harmless. The other way round a job would wait for a message that never left.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import ColumnElement, Engine, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.constants.image_processing import MAX_CLAIMS
from app.models import ImageProcessingJob as Job
from app.models import JobStatus
from app.services.job_queue import JobQueue, QueueUnavailableError
from lambdas.image_processor import job_rows
from lambdas.image_processor.database import in_transaction
from lambdas.image_processor.errors import FailureCode, TransientError, failure_reason
from lambdas.reconciler.due import Policy, is_abandoned, is_overdue, is_unsent, oldest
from lambdas.reconciler.tally import Tally

_T = TypeVar("_T")
#: So many rows in a row that the database could not work: it is down, and the next run goes on.
_MAX_OUTAGES = 3
_POLICY = Policy()
#: Changes a locked row and sends its message; returns what it is counted as.
Helper = Callable[[Session, Job], str]

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Reconciler:
    """Helps jobs that nobody else would help.

    Args:
        engine: a PostgreSQL engine.
        queue: the jobs' queue.
        policy: when a job counts as lost.
        observe: called with the name of each step; the crash tests stop the process there.

    """

    engine: Engine
    queue: JobQueue
    policy: Policy = _POLICY
    observe: Callable[[str], None] = lambda _: None
    _outages: int = field(default=0, init=False)

    def run(self, has_time: Callable[[], bool] = lambda: True) -> Tally:
        """Help what needs help, the oldest first.

        Args:
            has_time: asked before each job; False ends the run.

        Raises:
            TransientError: the database is unavailable.

        """
        tally = Tally(depth=self._depth())
        self._outages = 0
        self._each(tally, has_time, is_abandoned(), self._take_back)
        if tally.depth is not None:
            self._each(tally, has_time, is_unsent(), self._send_refused)
        # A deep queue is slow, not lost: sending again would only make it deeper.
        if tally.depth is not None and tally.depth < self.policy.depth_limit:
            self._each(tally, has_time, is_overdue(self.policy), self._send_again)
        return tally

    def _each(
        self, tally: Tally, has_time: Callable[[], bool], condition: ColumnElement[bool], help_: Helper
    ) -> None:
        ids = self._in_transaction(lambda session: oldest(session, condition, self.policy.batch))
        for job_id in ids:
            if not has_time():
                return
            self._help(job_id, tally, condition, help_)

    def _help(self, job_id: uuid.UUID, tally: Tally, condition: ColumnElement[bool], help_: Helper) -> None:
        """Work one row; whatever is wrong with it stays with it."""

        def locked(session: Session) -> str | None:
            row = select(Job).where(Job.id == job_id, condition).with_for_update(skip_locked=True)
            job = session.scalar(row)
            if job is None:
                return None
            return self._end_hopeless(session, job) or (
                help_(session, job) if tally.depth is not None else None
            )

        try:
            tally.count(self._in_transaction(locked))
        except IntegrityError:
            tally.count(self._in_transaction(lambda session: _supersede(session, job_id)))
        except QueueUnavailableError:
            tally.depth = self._depth()
            if tally.depth is not None:
                # The queue answers, so it is this message that it refuses.
                self._push_back(job_id, tally)
        except TransientError:
            tally.count("errors")
            self._outages += 1
            if self._outages >= _MAX_OUTAGES:
                raise
        except Exception:
            logger.exception(
                "The job cannot be helped", extra={"action": "reconcile_failed", "job_id": str(job_id)}
            )
            self._push_back(job_id, tally)
        else:
            self._outages = 0

    def _take_back(self, session: Session, job: Job) -> str:
        job.status, job.lease_token, job.lease_expires_at = JobStatus.PENDING, None, None
        self._send(session, job)
        return "taken_back"

    def _send_refused(self, session: Session, job: Job) -> str:
        job.status, job.queue_retry_count = JobStatus.PENDING, 0
        self._send(session, job)
        return "sent"

    def _send_again(self, session: Session, job: Job) -> str:
        job.queue_retry_count += 1
        self._send(session, job)
        return "republished"

    def _send(self, session: Session, job: Job) -> None:
        job.enqueued_at = func.now()
        # Flushed first: a live twin shows here, before anything is sent.
        session.flush()
        self.observe("row_changed")
        # `_end_hopeless` has seen to it that there is a picture.
        self.queue.send(job.id, job.book_id, job.source_image_id or 0)
        self.observe("sent")

    def _end_hopeless(self, session: Session, job: Job) -> str | None:
        """End a job that no message can help; return what it is counted as."""
        status = JobStatus(job.status)
        if job.claim_count >= MAX_CLAIMS:
            job_rows.end(session, job.id, FailureCode.CRASH_LOOP, status)
            return "crash_loops"
        if job.source_image_id is None:
            job_rows.end(session, job.id, FailureCode.SOURCE_GONE, status)
            return "source_gone"
        if status is JobStatus.QUEUE_FAILED and job.queue_retry_count >= self.policy.max_queue_retries:
            _give_up(job)
            return "given_up"
        return None

    def _push_back(self, job_id: uuid.UUID, tally: Tally) -> None:
        """Let a row that could not be helped wait behind the others; give it up where that happened often."""

        def counted(session: Session) -> str | None:
            job = session.scalar(select(Job).where(Job.id == job_id).with_for_update(skip_locked=True))
            if job is None:
                return None
            job.queue_retry_count += 1
            if job.status != JobStatus.QUEUE_FAILED or job.queue_retry_count < self.policy.max_queue_retries:
                return None
            _give_up(job)
            return "given_up"

        tally.count("errors")
        tally.count(self._in_transaction(counted))

    def _depth(self) -> int | None:
        try:
            return self.queue.depth()
        except QueueUnavailableError as exc:
            logger.warning("Nothing is sent: %s", exc, extra={"action": "queue_unreachable"})
            return None

    def _in_transaction(self, work: Callable[[Session], _T]) -> _T:
        return in_transaction(self.engine, work)


def _supersede(session: Session, job_id: uuid.UUID) -> str | None:
    job = session.scalar(select(Job.id).where(Job.id == job_id, is_unsent()).with_for_update())
    if job is None:
        return None
    job_rows.end(session, job_id, FailureCode.SUPERSEDED, JobStatus.QUEUE_FAILED)
    return "superseded"


def _give_up(job: Job) -> None:
    job.status, job.completed_at = JobStatus.PERMANENTLY_FAILED, func.now()
    job.failure_code = str(FailureCode.RETRIES_EXHAUSTED)
    job.failure_reason = failure_reason(FailureCode.RETRIES_EXHAUSTED)
