"""The work of `image-processor dlq`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from rich.table import Table
from sqlalchemy.orm import Session

from app.services.dead_letters import DeadLetter, DeadLetters
from app.services.health import DEAD_LETTER_SUFFIX
from cli.console import console, fail
from cli.services import clients, database, required


def show_list(limit: int, *, as_json: bool) -> None:
    """Print dead messages."""
    with _dead_letters() as letters:
        found = letters.look(limit)
    if as_json:
        console.print_json(json.dumps([_row(letter) for letter in found]))
        return
    table = Table("message", "sent", "receipts", "job", "body")
    for letter in found:
        sent = f"{letter.sent_at:%Y-%m-%d %H:%M}" if letter.sent_at else ""
        job = str(letter.job_id) if letter.job_id else "none: it cannot be read"
        table.add_row(letter.message_id, sent, str(letter.receive_count), job, letter.body[:80])
    console.print(table)


def redrive(database_url: str | None, limit: int) -> None:
    """Send dead messages back and say how."""
    with database(database_url) as engine, Session(engine) as session, _dead_letters() as letters:
        done = letters.redrive(session, limit)
    how = "by SQS's own move task" if done.by_move_task else "one by one"
    console.print(f"[green]✓[/] {done.messages} messages sent back {how}, {done.reopened} jobs reopened")


def purge_one(message_id: str) -> None:
    """Delete one dead message and print it."""
    with _dead_letters() as letters:
        purged = letters.purge_one(message_id)
    if purged is None:
        fail(f"there is no message {message_id} in the dead-letter queue")
    console.print_json(json.dumps(_row(purged)))


@contextmanager
def _dead_letters() -> Iterator[DeadLetters]:
    name = required("IMAGE_PROCESSING_QUEUE_NAME")
    with clients() as aws:
        try:
            queue_url = aws.sqs.get_queue_url(QueueName=name)["QueueUrl"]
            dead_letter_url = aws.sqs.get_queue_url(QueueName=name + DEAD_LETTER_SUFFIX)["QueueUrl"]
            yield DeadLetters(aws.sqs, queue_url, dead_letter_url)
        except (BotoCoreError, ClientError) as exc:
            fail(f"SQS refused: {exc}")


def _row(letter: DeadLetter) -> dict[str, Any]:
    return {
        "message_id": letter.message_id,
        "job_id": str(letter.job_id) if letter.job_id else None,
        "sent_at": letter.sent_at.isoformat() if letter.sent_at else None,
        "receive_count": letter.receive_count,
        "body": letter.body,
    }
