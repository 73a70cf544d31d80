"""The function among its neighbours: PostgreSQL, a bucket, a queue with its dead letters, and the poller."""

from __future__ import annotations

import secrets
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.orm import Session

from app.models import BookImage, ImageProcessingJob
from app.services.image_processing import queue_image_processing
from local.aws import create_resources
from local.event_source import Batch, EventSource
from local.stack import LocalStack, Upload
from tests.acceptance.runtime import Limits, Running, Runtime

#: Longer than a delivery takes, shorter than anyone wants to wait for the next.
VISIBILITY_SECONDS: Final = 25
_LIVE: Final = frozenset({"pending", "processing"})


@dataclass(frozen=True, slots=True)
class Queued:
    """A book of two pictures whose first is queued."""

    job_id: uuid.UUID
    book_id: int
    image_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class World:
    """A running stack, and a way to run the function beside it."""

    stack: LocalStack
    runtime: Runtime

    @contextmanager
    def function(
        self, limits: Limits | None = None, changes: Mapping[str, str] | None = None
    ) -> Iterator[Running]:
        """Start the function on the stack's environment, as a deployed one has it, with changes."""
        environment = self.stack.environment() | {
            "ENVIRONMENT": "staging",
            "EMBEDDED_MODEL_FALLBACK": "false",
            "U2NET_HOME": "/opt/u2net",
            **(changes or {}),
        }
        with self.runtime.start(environment, limits or Limits()) as running:
            yield running

    @contextmanager
    def fresh(self) -> Iterator[None]:
        """Give the block a bucket, queues and a secret of its own: one failed case must not fail the next."""
        before = self.stack.aws
        name = f"acceptance-{secrets.token_hex(4)}"
        self.stack.aws = create_resources(before.endpoint_url, name, visibility_seconds=VISIBILITY_SECONDS)
        self.stack.aws.store_credentials(self.stack.database)
        try:
            yield
        finally:
            self.stack.aws.close()
            self.stack.aws = before

    def queue(self, photo: bytes, filename: str = "image.jpg") -> Queued:
        """Import a book whose first picture is the photo, and queue that as the API does."""
        book = self.stack.add_book("A book", [Upload(filename, photo), Upload("spine.jpg", photo)])
        with Session(self.stack.engine) as session:
            job = queue_image_processing(
                session, book.book_id, book.image_ids[0], queue=self.stack.job_queue()
            )
            assert job is not None
            return Queued(job.id, book.book_id, book.image_ids)

    def deliver(self, running: Running) -> Batch:
        """Receive one message, if there is one, and invoke the function with it, as Lambda's poller would."""
        aws = self.stack.aws

        def invoke(event: Mapping[str, Any]) -> Any:
            return running.invoke(event)

        return EventSource(aws.sqs, aws.queue_url, aws.queue_arn, invoke, wait_seconds=1).poll()

    def work(self, running: Running, queued: Queued, within_seconds: float = 60) -> ImageProcessingJob:
        """Deliver until the job has ended, and return its row."""
        ends_at = time.monotonic() + within_seconds
        while (row := self.row(queued)).status in _LIVE:
            assert time.monotonic() < ends_at, f"the job is still {row.status} after {within_seconds:.0f} s"
            batch = self.deliver(running)
            assert batch.error is None, f"{batch.error}\n{running.log()[-3000:]}"
        return row

    def row(self, queued: Queued) -> ImageProcessingJob:
        """Return the job's row."""
        with Session(self.stack.engine) as session:
            return session.get_one(ImageProcessingJob, queued.job_id)

    def gallery(self, queued: Queued) -> list[tuple[int, bool, bool]]:
        """Return the book's pictures in order: id, primary, processed."""
        with Session(self.stack.engine) as session:
            rows = (
                session.query(BookImage).filter_by(book_id=queued.book_id).order_by(BookImage.display_order)
            )
            return [(row.id, bool(row.is_primary), row.is_background_processed) for row in rows]

    def results(self, queued: Queued) -> list[str]:
        """Return the keys that the job wrote."""
        return [key for key in self.stack.aws.keys("books/") if str(queued.job_id) in key]

    def depths(self) -> tuple[int, int]:
        """Return how many messages there are, visible or not, and how many are dead."""
        aws = self.stack.aws
        return sum(aws.depth()), aws.depth(aws.dead_letter_url)[0]
