"""The job table's conditions, once: shared by the worker, the reconciler and the API's side."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, func

from app.constants.image_processing import STALE_PROCESSING_SECONDS
from app.models import ImageProcessingJob as Job
from app.models import JobStatus


def seconds(number: float | ColumnElement[float]) -> Any:
    """Return an SQL interval of so many seconds; a number or an SQL expression."""
    return func.make_interval(0, 0, 0, 0, 0, 0, number)


def lease_over() -> Any:
    """Return the condition: a `processing` row's worker is gone.

    Rows of the deployed version have no lease; they count as abandoned when long untouched.
    """
    abandoned = Job.lease_expires_at.is_(None) & (
        Job.updated_at < func.now() - seconds(STALE_PROCESSING_SECONDS)
    )
    return (Job.lease_expires_at <= func.now()) | abandoned


def stuck() -> Any:
    """Return the condition: a job that nobody works on although its row says so."""
    return (Job.status == JobStatus.PROCESSING) & lease_over()


def claimable() -> Any:
    """Return the condition: nobody works on this job and it has not ended."""
    return Job.status.in_((JobStatus.PENDING, JobStatus.QUEUE_FAILED)) | stuck()
