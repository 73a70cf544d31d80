"""SQS from the worker's side: when a message is seen again. Best effort: the VPC may have no route to it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from lambdas.image_processor.domain import Delivery

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_MAX_VISIBILITY_SECONDS = 43_200

logger = logging.getLogger(__name__)


class Queue:
    """The worker's queue.

    Args:
        sqs: a boto3 SQS client with a short timeout and one try (aws.py).
        name: the queue's name.

    """

    def __init__(self, sqs: SQSClient, name: str) -> None:
        self._sqs = sqs
        self._name = name
        self._url: str | None = None

    def url(self) -> str:
        """Return the queue's address, asked for once."""
        if self._url is None:
            self._url = self._sqs.get_queue_url(QueueName=self._name)["QueueUrl"]
        return self._url

    def retry_in(self, delivery: Delivery, seconds: float) -> None:
        """Make a failed message visible again after `seconds`; if SQS cannot be asked, its default holds."""
        try:
            self._sqs.change_message_visibility(
                QueueUrl=self.url(),
                ReceiptHandle=delivery.receipt_handle,
                VisibilityTimeout=min(max(round(seconds), 0), _MAX_VISIBILITY_SECONDS),
            )
        except (BotoCoreError, ClientError, OSError) as exc:
            logger.warning(
                "The message keeps the queue's default visibility",
                extra={"action": "visibility_unchanged", "error": type(exc).__name__},
            )
