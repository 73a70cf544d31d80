"""Which jobs need the reconciler: conditions, and the order in which they are helped."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Double, cast, func, select
from sqlalchemy.orm import Session

from app.constants.image_processing import MAX_QUEUE_RETRIES
from app.job_conditions import seconds, stuck
from app.models import ImageProcessingJob as Job
from app.models import JobStatus


@dataclass(frozen=True, slots=True)
class Policy:
    """When a job counts as lost, and how much is sent at a time."""

    #: A pending job whose last sending is older than this has probably lost its message.
    republish_after_seconds: float = 30 * 60
    #: Each sending doubles that wait, up to this many times (32 x 30 min = 16 h).
    max_doublings: int = 5
    #: At this many waiting messages the queue is only slow: nothing pending is sent again.
    depth_limit: int = 50
    #: Rows of each kind that one run takes.
    batch: int = 50
    #: Refused sendings after which a `queue_failed` job is given up.
    max_queue_retries: int = MAX_QUEUE_RETRIES


def is_overdue(policy: Policy) -> ColumnElement[bool]:
    """Return the condition: a `pending` job whose message is probably lost."""
    doublings = func.least(Job.queue_retry_count, policy.max_doublings)
    wait = policy.republish_after_seconds * func.power(cast(2, Double), doublings)
    sent_at = func.coalesce(Job.enqueued_at, Job.created_at)
    condition: ColumnElement[bool] = (Job.status == JobStatus.PENDING) & (
        sent_at < func.now() - seconds(wait)
    )
    return condition


def is_unsent() -> ColumnElement[bool]:
    """Return the condition: SQS did not take the job's message."""
    return Job.status == JobStatus.QUEUE_FAILED


def is_abandoned() -> ColumnElement[bool]:
    """Return the condition: the job's worker is gone and its lease over."""
    condition: ColumnElement[bool] = stuck()
    return condition


def oldest(session: Session, condition: ColumnElement[bool], limit: int) -> Sequence[uuid.UUID]:
    """Return the ids of jobs that meet a condition; what went wrong before stands behind what did not."""
    waiting_since = func.coalesce(Job.enqueued_at, Job.created_at)
    statement = select(Job.id).where(condition).order_by(Job.queue_retry_count, waiting_since, Job.id)
    return session.scalars(statement.limit(limit)).all()
