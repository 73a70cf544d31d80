"""How the image processor is doing, for the API's health page and the operator."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.config import QueueSettings
from app.job_conditions import stuck
from app.models import ImageProcessingJob as Job
from app.models import JobStatus
from app.services.job_queue import JobQueue, QueueUnavailableError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

#: The dead-letter queue's name follows from the queue's.
DEAD_LETTER_SUFFIX: Final = "-dlq"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Health:
    """A look at the queue and the jobs; None where SQS did not answer or the caller may not ask it."""

    #: Messages waiting to be received.
    queue_depth: int | None
    #: Messages that failed for good.
    dead_letter_depth: int | None
    #: Age of the oldest job that nobody works on, in seconds; None: there is none.
    oldest_pending_seconds: float | None
    #: Jobs whose worker is gone and that the reconciler has not taken back yet.
    stuck: int
    #: Jobs that ended `failed` or `permanently_failed`.
    failed: int


def health(sqs: SQSClient, db: Session, *, queue_name: str | None = None) -> Health:
    """Return the depth of both queues, the oldest waiting job's age, and the stuck and failed counts.

    Args:
        sqs: a boto3 SQS client with a short timeout; its role needs GetQueueUrl and GetQueueAttributes.
        db: a session; it only reads.
        queue_name: by default the queue that the environment names.

    """
    name = queue_name or QueueSettings.from_env(os.environ).queue_name
    waiting = Job.status.in_((JobStatus.PENDING, JobStatus.QUEUE_FAILED))
    ended = Job.status.in_((JobStatus.FAILED, JobStatus.PERMANENTLY_FAILED))
    oldest, stuck_count, failed_count = db.execute(
        select(
            func.extract("epoch", func.now() - func.min(Job.created_at).filter(waiting)),
            func.count().filter(stuck()),
            func.count().filter(ended),
        ).select_from(Job)
    ).one()
    return Health(
        queue_depth=_depth(sqs, name),
        dead_letter_depth=_depth(sqs, name + DEAD_LETTER_SUFFIX),
        oldest_pending_seconds=None if oldest is None else float(oldest),
        stuck=stuck_count,
        failed=failed_count,
    )


def _depth(sqs: SQSClient, name: str) -> int | None:
    try:
        return JobQueue(sqs, name).depth()
    except (QueueUnavailableError, BotoCoreError, ClientError) as exc:
        logger.warning("The depth of %s is unknown: %s", name, exc, extra={"action": "depth_unknown"})
        return None
