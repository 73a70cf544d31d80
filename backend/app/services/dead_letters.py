"""The dead-letter queue from the operator's side: look, send back, remove one."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError
from sqlalchemy.orm import Session

from app.models import ImageProcessingJob as Job
from app.models import JobStatus
from app.services.job_retry import Reopening, reopen

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

#: While the operator looks, a message is hidden from other lookers; afterwards it is shown again.
_LOOK_SECONDS: Final = 60
#: So many empty answers in a row mean that the queue is empty: short polls ask only some of SQS's servers.
_EMPTY_ANSWERS: Final = 3
#: Codes whose cause may have gone: another look at the same photo finds the other codes again.
_WORTH_ANOTHER_TRY: Final = frozenset({"retries_exhausted", "crash_loop", "deadline"})

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that failed for good."""

    message_id: str
    body: str
    sent_at: datetime | None
    receive_count: int
    #: None where the body does not name one.
    job_id: uuid.UUID | None
    receipt_handle: str
    #: The sender's own message attributes.
    attributes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Redriven:
    """What a redrive did."""

    messages: int
    #: Failed jobs set back to `pending`.
    reopened: int
    #: Whether SQS moved the messages itself.
    by_move_task: bool


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """The dead-letter queue.

    Args:
        sqs: a boto3 SQS client.
        queue_url: where messages are redriven to.
        dead_letter_url: where they lie.

    """

    sqs: SQSClient
    queue_url: str
    dead_letter_url: str

    def look(self, limit: int) -> list[DeadLetter]:
        """Return up to `limit` messages and leave them where they are."""
        letters = list(self._receive(limit))
        self._show_again(letters)
        return letters

    def redrive(self, db: Session, limit: int) -> Redriven:
        """Set the messages' failed jobs back to `pending`, commit, and send the messages back.

        Only jobs whose failure may have passed are reopened; the others' messages are acknowledged by the
        worker as already finished. Where SQS has no move task, each message is sent, then deleted: killed in
        between, it is there twice, which the claim makes harmless.
        """
        letters = list(self._receive(limit))
        reopened = sum(_reopen(db, letter) for letter in letters)
        self._show_again(letters)
        if self._start_move_task():
            return Redriven(len(letters), reopened, by_move_task=True)
        moved = sum(self._move(letter) for letter in self._receive(limit))
        return Redriven(moved, reopened, by_move_task=False)

    def purge_one(self, message_id: str, limit: int = 1000) -> DeadLetter | None:
        """Delete one message and return it; None where it is not there."""
        letters = list(self._receive(limit))
        found = next((letter for letter in letters if letter.message_id == message_id), None)
        if found is not None:
            self.sqs.delete_message(QueueUrl=self.dead_letter_url, ReceiptHandle=found.receipt_handle)
        self._show_again([letter for letter in letters if letter is not found])
        return found

    def _receive(self, limit: int) -> Iterator[DeadLetter]:
        seen: set[str] = set()
        empty = 0
        while len(seen) < limit and empty < _EMPTY_ANSWERS:
            answer = self.sqs.receive_message(
                QueueUrl=self.dead_letter_url,
                MaxNumberOfMessages=min(limit - len(seen), 10),
                VisibilityTimeout=_LOOK_SECONDS,
                WaitTimeSeconds=0,
                MessageSystemAttributeNames=["All"],
                MessageAttributeNames=["All"],
            )
            fresh = [message for message in answer.get("Messages", []) if message["MessageId"] not in seen]
            empty = 0 if fresh else empty + 1
            for message in fresh:
                seen.add(message["MessageId"])
                yield _letter(message)

    def _show_again(self, letters: list[DeadLetter]) -> None:
        for letter in letters:
            self.sqs.change_message_visibility(
                QueueUrl=self.dead_letter_url, ReceiptHandle=letter.receipt_handle, VisibilityTimeout=0
            )

    def _start_move_task(self) -> bool:
        attributes = self.sqs.get_queue_attributes(QueueUrl=self.dead_letter_url, AttributeNames=["QueueArn"])
        try:
            self.sqs.start_message_move_task(SourceArn=attributes["Attributes"]["QueueArn"])
        except (BotoCoreError, ClientError) as exc:
            # An emulator without it, or a queue that no other one names: one by one works everywhere.
            logger.info("SQS moves nothing by itself: %s", exc, extra={"action": "no_move_task"})
            return False
        return True

    def _move(self, letter: DeadLetter) -> bool:
        trail = {
            **letter.attributes,
            "redriven_from_message": {"DataType": "String", "StringValue": letter.message_id},
            "redriven_receive_count": {"DataType": "Number", "StringValue": str(letter.receive_count)},
        }
        self.sqs.send_message(
            QueueUrl=self.queue_url,
            MessageBody=letter.body,
            MessageAttributes=trail,
        )
        self.sqs.delete_message(QueueUrl=self.dead_letter_url, ReceiptHandle=letter.receipt_handle)
        return True


def _letter(message: MessageTypeDef) -> DeadLetter:
    attributes: Any = message.get("Attributes", {})
    sent = attributes.get("SentTimestamp")
    return DeadLetter(
        message_id=message["MessageId"],
        body=message["Body"],
        sent_at=datetime.fromtimestamp(int(sent) / 1000, UTC) if sent else None,
        receive_count=int(attributes.get("ApproximateReceiveCount", 0)),
        job_id=_job_id(message["Body"]),
        receipt_handle=message["ReceiptHandle"],
        attributes=message.get("MessageAttributes", {}),
    )


def _job_id(body: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(json.loads(body)["job_id"])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _reopen(db: Session, letter: DeadLetter) -> bool:
    job = db.get(Job, letter.job_id, populate_existing=True) if letter.job_id else None
    if job is None or job.status != JobStatus.FAILED or job.failure_code not in _WORTH_ANOTHER_TRY:
        return False
    return reopen(db, job.id) is Reopening.REOPENED
