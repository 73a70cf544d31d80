"""The states of a job, for whoever needs their names and no database."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class JobStatus(StrEnum):
    """The states of a job; docs/jobs.md draws who may move one where."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    QUEUE_FAILED = "queue_failed"
    PERMANENTLY_FAILED = "permanently_failed"


#: States that hold the partial unique index: at most one such job per picture.
LIVE_STATUSES: Final = (JobStatus.PENDING, JobStatus.PROCESSING)
