"""The queue as its senders see it."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from app.config import QueueSettings

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

_DEPTH: Final = "ApproximateNumberOfMessages"
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
        with _unavailable("SQS did not take the message"):
            self._sqs.send_message(QueueUrl=self._address(), MessageBody=_body(job_id, book_id, image_id))

    def send_batch(self, jobs: Sequence[tuple[uuid.UUID, int, int]]) -> set[uuid.UUID]:
        """Send up to ten jobs' messages in one call.

        Args:
            jobs: each one's id, book and image.

        Returns:
            The jobs whose messages SQS took; none of them where it could not be asked.

        """
        entries: list[SendMessageBatchRequestEntryTypeDef] = [
            {"Id": str(number), "MessageBody": _body(*job)} for number, job in enumerate(jobs)
        ]
        try:
            with _unavailable("SQS did not take the messages"):
                answer = self._sqs.send_message_batch(QueueUrl=self._address(), Entries=entries)
        except QueueUnavailableError:
            return set()
        return {jobs[int(taken["Id"])][0] for taken in answer.get("Successful", ())}

    def depth(self) -> int:
        """Return how many messages wait to be received, as far as SQS knows.

        Raises:
            QueueUnavailableError: SQS did not answer.

        """
        with _unavailable("SQS did not say how deep the queue is"):
            answer = self._sqs.get_queue_attributes(QueueUrl=self._address(), AttributeNames=[_DEPTH])
        return int(answer["Attributes"][_DEPTH])

    def _address(self) -> str:
        if self._url is None:
            self._url = self._sqs.get_queue_url(QueueName=self._name)["QueueUrl"]
        return self._url


def _body(job_id: uuid.UUID, book_id: int, image_id: int) -> str:
    return json.dumps({"job_id": str(job_id), "book_id": book_id, "image_id": image_id})


@contextmanager
def _unavailable(told: str) -> Iterator[None]:
    try:
        yield
    except (BotoCoreError, ClientError, OSError) as exc:
        raise QueueUnavailableError(f"{told}: {type(exc).__name__}") from exc


@cache
def default_queue() -> JobQueue:
    """Return the queue that the environment names."""
    settings = QueueSettings.from_env(os.environ)
    sqs = boto3.client(
        "sqs", region_name=settings.region, endpoint_url=settings.endpoint_url, config=_IMPATIENT
    )
    return JobQueue(sqs, settings.queue_name)
