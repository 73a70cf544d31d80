"""The queue as its sender sees it."""

from __future__ import annotations

import json
import os
import uuid
from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from app.config import QueueSettings

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

#: The API's request waits at most this long for SQS; the reconciler sends what was not sent.
_IMPATIENT = Config(connect_timeout=2, read_timeout=2, retries={"total_max_attempts": 1})


class QueueUnavailableError(Exception):
    """SQS did not take the message."""


class JobQueue:
    """Sends job messages.

    Args:
        sqs: a boto3 SQS client with a short timeout.
        name: the queue's name.

    """

    def __init__(self, sqs: SQSClient, name: str) -> None:
        self._sqs = sqs
        self._name = name
        self._url: str | None = None

    def send(self, job_id: uuid.UUID, book_id: int, image_id: int) -> None:
        """Send one job's message.

        Raises:
            QueueUnavailableError: SQS did not take it.

        """
        body = json.dumps({"job_id": str(job_id), "book_id": book_id, "image_id": image_id})
        try:
            if self._url is None:
                self._url = self._sqs.get_queue_url(QueueName=self._name)["QueueUrl"]
            self._sqs.send_message(QueueUrl=self._url, MessageBody=body)
        except (BotoCoreError, ClientError, OSError) as exc:
            raise QueueUnavailableError(f"SQS did not take the message: {type(exc).__name__}") from exc


@cache
def default_queue() -> JobQueue:
    """Return the queue that the environment names."""
    settings = QueueSettings.from_env(os.environ)
    sqs = boto3.client(
        "sqs", region_name=settings.region, endpoint_url=settings.endpoint_url, config=_IMPATIENT
    )
    return JobQueue(sqs, settings.queue_name)
