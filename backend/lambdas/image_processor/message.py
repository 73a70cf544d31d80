"""An SQS record -> JobMessage and Delivery. Pure."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

from lambdas.image_processor.domain import Delivery, JobMessage
from lambdas.image_processor.errors import PoisonMessageError

#: The largest value of a PostgreSQL integer, the type of both ids.
_MAX_ID = 2**31 - 1


def parse_message(record: Mapping[str, Any]) -> JobMessage:
    """Return the job that an SQS record's body names.

    Unknown further keys are allowed, so that the sender may grow.

    Raises:
        PoisonMessageError: the body is not a JSON object with `job_id` (a UUID), `book_id` and `image_id`
            (integers >= 1).

    """
    try:
        body = json.loads(record["body"])
    except (KeyError, TypeError, ValueError, RecursionError) as exc:
        raise PoisonMessageError(f"the message body is not JSON: {type(exc).__name__}") from exc
    if not isinstance(body, dict):
        raise PoisonMessageError("the message body is not a JSON object")
    return JobMessage(
        job_id=_job_id(body.get("job_id")),
        book_id=_row_id(body, "book_id"),
        image_id=_row_id(body, "image_id"),
    )


def parse_delivery(record: Mapping[str, Any], max_receive_count: int) -> Delivery:
    """Return what SQS says about this receipt; a record without attributes counts as the first."""
    attributes = record.get("attributes") or {}
    try:
        receive_count = int(attributes.get("ApproximateReceiveCount", 1))
    except (TypeError, ValueError):
        receive_count = 1
    return Delivery(
        message_id=str(record.get("messageId", "")),
        receipt_handle=str(record.get("receiptHandle", "")),
        receive_count=receive_count,
        max_receive_count=max_receive_count,
    )


def _job_id(value: object) -> uuid.UUID:
    if not isinstance(value, str):
        raise PoisonMessageError("`job_id` is not a string")
    try:
        return uuid.UUID(value)
    except ValueError as exc:
        raise PoisonMessageError("`job_id` is not a UUID") from exc


def _row_id(body: Mapping[str, Any], name: str) -> int:
    value = body.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= _MAX_ID:
        raise PoisonMessageError(f"`{name}` is not an integer from 1 to {_MAX_ID}")
    return value
