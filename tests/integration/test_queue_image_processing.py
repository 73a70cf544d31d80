"""The producer on a real PostgreSQL: commit first, then send, and never two live jobs of one picture."""

from __future__ import annotations

import json
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from app.models import Book, BookImage, ImageProcessingJob
from app.services.image_processing import queue_image_processing
from app.services.job_queue import JobQueue


@dataclass
class FakeSqs:
    """Takes messages, or is down."""

    engine: Engine
    is_down: bool = False
    bodies: list[dict[str, Any]] = field(default_factory=list)
    #: Statuses that another connection saw at the moment of sending.
    committed: list[str | None] = field(default_factory=list)

    def get_queue_url(self, *, QueueName: str) -> dict[str, str]:  # noqa: N803
        return {"QueueUrl": f"https://sqs/{QueueName}"}

    def send_message(self, *, QueueUrl: str, MessageBody: str) -> dict[str, str]:  # noqa: N803
        if self.is_down:
            raise EndpointConnectionError(endpoint_url=QueueUrl)
        body = json.loads(MessageBody)
        with Session(self.engine) as other:
            job = other.get(ImageProcessingJob, uuid.UUID(body["job_id"]))
            self.committed.append(job.status if job else None)
        self.bodies.append(body)
        return {}


@pytest.fixture
def sqs(database: Engine) -> FakeSqs:
    return FakeSqs(database)


@pytest.fixture
def picture(database: Engine) -> tuple[int, int]:
    with Session(database) as db, db.begin():
        book = Book(title="Moxon's Tennyson")
        db.add(book)
        db.flush()
        image = BookImage(book_id=book.id, s3_key="1/image_00.jpg", is_primary=True)
        db.add(image)
        db.flush()
        return book.id, image.id


def queue_of(sqs: FakeSqs) -> JobQueue:
    return JobQueue(sqs, "pictures")  # type: ignore[arg-type] # two methods of boto3's client are all it needs


def test_committed_before_sent(database: Engine, sqs: FakeSqs, picture: tuple[int, int]) -> None:
    """At the moment of sending, another connection sees the job; afterwards the send is stamped."""
    book_id, image_id = picture
    with Session(database) as db:
        job = queue_image_processing(db, book_id, image_id, queue=queue_of(sqs))
        assert job is not None
        assert [{"job_id": str(job.id), "book_id": book_id, "image_id": image_id}] == sqs.bodies
        assert ["pending"] == sqs.committed
        assert ("pending", image_id) == (job.status, job.source_image_id)
        assert job.enqueued_at is not None


def test_a_live_job_is_not_doubled(database: Engine, sqs: FakeSqs, picture: tuple[int, int]) -> None:
    """The second call returns None and sends nothing."""
    with Session(database) as db:
        assert queue_image_processing(db, *picture, queue=queue_of(sqs)) is not None
        assert queue_image_processing(db, *picture, queue=queue_of(sqs)) is None
    assert 1 == len(sqs.bodies)


def test_sqs_down(database: Engine, sqs: FakeSqs, picture: tuple[int, int]) -> None:
    """The job is kept as `queue_failed` for the reconciler, and the caller is told by its status."""
    sqs.is_down = True
    with Session(database) as db:
        job = queue_image_processing(db, *picture, queue=queue_of(sqs))
        assert job is not None
        assert ("queue_failed", None) == (job.status, job.enqueued_at)


def test_done_jobs_do_not_block_a_new_one(database: Engine, sqs: FakeSqs, picture: tuple[int, int]) -> None:
    """ "Do it again" is a new job."""
    with Session(database) as db:
        first = queue_image_processing(db, *picture, queue=queue_of(sqs))
        assert first is not None
        first.status = "completed"
        db.commit()
        second = queue_image_processing(db, *picture, queue=queue_of(sqs))
        assert second is not None
        assert first.id != second.id


def test_another_books_picture_is_refused(database: Engine, sqs: FakeSqs, picture: tuple[int, int]) -> None:
    """The caller's mistake is named at once instead of failing later in the worker."""
    with Session(database) as db, pytest.raises(ValueError, match="is not a picture of book"):
        queue_image_processing(db, picture[0] + 1, picture[1], queue=queue_of(sqs))
    assert [] == sqs.bodies


def test_the_race_of_two_callers(database: Engine, sqs: FakeSqs, picture: tuple[int, int]) -> None:
    """Eight callers at once: one job, one message, no error escapes."""
    start = threading.Barrier(8)

    def call() -> bool:
        with Session(database) as db:
            start.wait()
            return queue_image_processing(db, *picture, queue=queue_of(sqs)) is not None

    with ThreadPoolExecutor(8) as pool:
        made = [future.result() for future in [pool.submit(call) for _ in range(8)]]
    assert 1 == made.count(True)
    assert 1 == len(sqs.bodies)
    with Session(database) as db:
        assert 1 == len(db.scalars(select(ImageProcessingJob.id)).all())
