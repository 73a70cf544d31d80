"""The poller between a queue and a function, with the promises of Lambda's event source mapping for SQS."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

#: Takes an event, returns the function's answer; raises whatever the function raises, also when it is killed.
Invoke = Callable[[dict[str, Any]], Any]

_RECEIVE_RETRY_SECONDS: Final = 1.0

logger = logging.getLogger(__name__)


class BadAnswerError(Exception):
    """The function's answer is not a batch response; Lambda takes the whole batch as failed."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What became of one receipt."""

    #: In the order received.
    message_ids: tuple[str, ...] = ()
    #: Left in the queue, to be seen again.
    failed_ids: frozenset[str] = frozenset()
    #: Why the whole batch failed, or None.
    error: Exception | None = None


class EventSource:
    """Polls a queue: receive, invoke, delete what succeeded, leave what failed.

    A failed message keeps its visibility timeout (or the one that the function gave it), is received again
    with a higher count, and lands in the dead-letter queue by the queue's own redrive policy.

    Args:
        sqs: a boto3 SQS client whose read timeout is longer than `wait_seconds`.
        queue_url: the queue.
        queue_arn: as the records name it.
        invoke: the function.
        wait_seconds: the long poll, 0..20.
        batch_size: messages per invocation, 1..10.

    """

    def __init__(
        self,
        sqs: SQSClient,
        queue_url: str,
        queue_arn: str,
        invoke: Invoke,
        *,
        wait_seconds: int = 20,
        batch_size: int = 1,
    ) -> None:
        self._sqs = sqs
        self._queue_url = queue_url
        self._queue_arn = queue_arn
        self._invoke = invoke
        self._wait_seconds = wait_seconds
        self._batch_size = batch_size

    def poll(self) -> Batch:
        """Receive once and work what came; an empty batch when nothing did."""
        answer = self._sqs.receive_message(
            QueueUrl=self._queue_url,
            MaxNumberOfMessages=self._batch_size,
            WaitTimeSeconds=self._wait_seconds,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        messages = answer.get("Messages", [])
        if not messages:
            return Batch()
        ids = tuple(message["MessageId"] for message in messages)
        try:
            failed = failed_ids(self._invoke(sqs_event(messages, self._queue_arn)), ids)
        except Exception as exc:  # noqa: BLE001 (whatever the function raises fails the batch)
            return Batch(ids, frozenset(ids), exc)
        self._delete([message for message in messages if message["MessageId"] not in failed])
        return Batch(ids, failed)

    def run(self, stop: threading.Event, observe: Callable[[Batch], None] = lambda _: None) -> None:
        """Poll until `stop` is set; an unreachable queue is tried again every second.

        Args:
            stop: ends the loop after the current batch; at most `wait_seconds` later when the queue is empty.
            observe: called with every batch that is not empty.

        """
        while not stop.is_set():
            try:
                batch = self.poll()
            except (BotoCoreError, ClientError, OSError) as exc:
                if not stop.wait(_RECEIVE_RETRY_SECONDS):
                    logger.warning("The queue cannot be polled: %s", exc)
                continue
            if batch.error is not None:
                logger.warning("The invocation failed: %s: %s", type(batch.error).__name__, batch.error)
            if batch.message_ids:
                observe(batch)

    def _delete(self, messages: Sequence[MessageTypeDef]) -> None:
        for message in messages:
            self._sqs.delete_message(QueueUrl=self._queue_url, ReceiptHandle=message["ReceiptHandle"])


def sqs_event(messages: Sequence[MessageTypeDef], queue_arn: str) -> dict[str, Any]:
    """Return the event that Lambda makes of received messages."""
    region = queue_arn.split(":")[3]
    return {
        "Records": [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": dict(message.get("Attributes", {})),
                "messageAttributes": {
                    name: _attribute(value) for name, value in message.get("MessageAttributes", {}).items()
                },
                "md5OfBody": message["MD5OfBody"],
                "eventSource": "aws:sqs",
                "eventSourceARN": queue_arn,
                "awsRegion": region,
            }
            for message in messages
        ]
    }


def failed_ids(answer: object, message_ids: Sequence[str]) -> frozenset[str]:
    """Return the messages that a function's answer reports as failed; nothing reported: none.

    Raises:
        BadAnswerError: the answer is malformed or names a message that was not in the batch.

    """
    if answer is None or answer == {}:
        return frozenset()
    failures = answer.get("batchItemFailures", ()) if isinstance(answer, Mapping) else None
    if failures is None:
        failures = () if isinstance(answer, Mapping) else None
    if not isinstance(failures, (list, tuple)):
        raise BadAnswerError(f"not a batch response: {json.dumps(answer, default=str)[:200]}")
    found = [failure.get("itemIdentifier") if isinstance(failure, Mapping) else None for failure in failures]
    unknown = [name for name in found if name not in message_ids]
    if unknown:
        raise BadAnswerError(f"itemIdentifier {unknown[0]!r} is not in the batch")
    return frozenset(str(name) for name in found)


def _attribute(value: Mapping[str, Any]) -> dict[str, Any]:
    names = {"StringValue": "stringValue", "BinaryValue": "binaryValue", "DataType": "dataType"}
    body = {names[name]: content for name, content in value.items() if name in names}
    return body | {"stringListValues": [], "binaryListValues": []}
