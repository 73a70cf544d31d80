"""The whole line on the local stack, one receipt at a time: queue, poll, look, show the message again.

Real PostgreSQL, a server of S3, SQS and Secrets Manager, the real handler and the real runtime on generated
graphs. The handler is composed in this process (`Line.compose`), or runs in the function's own
(`Line.use_function`).
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from app.models import BookImage, ImageProcessingJob
from app.services.image_processing import queue_image_processing
from lambdas.image_processor.errors import FAILURES, FailureCode
from lambdas.image_processor.handler import build
from lambdas.image_processor.recipes import ModelSpec
from local.event_source import Batch, EventSource, Invoke
from local.function_main import Context
from local.stack import LocalStack, Upload
from tests import graphs, scenes
from tests.contract.worlds import PostgresWorld
from tests.graphs import Sees

Gallery = list[tuple[int, int, bool, bool]]

#: What stands beside the photo that is cut.
_COMPANY = (
    Upload("spine.jpg", scenes.jpeg(scenes.scene())),
    Upload("back.jpg", scenes.jpeg(scenes.scene())),
)


@dataclass(frozen=True)
class Queued:
    """A book of three pictures whose first is queued."""

    job_id: uuid.UUID
    book_id: int
    image_ids: tuple[int, ...]
    #: (id, display order, primary, processed) of each picture before the job.
    gallery: Gallery


@dataclass
class Line:
    """A running stack whose weights and environment a test may change."""

    stack: LocalStack
    #: The folder of the weights.
    weights: Path
    #: Ways to set the scene in the stack's database.
    world: PostgresWorld
    invoke: Invoke
    #: What the function was given, newest last.
    events: list[dict[str, Any]] = field(default_factory=list)

    def use(self, behaviours: Mapping[ModelSpec, Sees]) -> None:
        """Replace the weights by graphs that behave so; models that are not named are missing."""
        for file in self.weights.glob("*.onnx"):
            file.unlink()
        graphs.write(self.weights, behaviours)

    @contextmanager
    def compose(
        self,
        changes: Mapping[str, str] | None = None,
        *,
        remaining_seconds: float = 300.0,
        observe: Callable[[str], None] = lambda _: None,
    ) -> Iterator[None]:
        """Work with a handler of this process, composed from the stack's environment and its changes."""
        handler = build(self.stack.environment() | dict(changes or {}), observe)
        before = self.invoke
        self.invoke = lambda event: handler(event, Context(time.monotonic() + remaining_seconds))
        try:
            yield
        finally:
            self.invoke = before
            handler.engine.dispose()

    @contextmanager
    def use_function(self, changes: Mapping[str, str] | None = None) -> Iterator[None]:
        """Work with the function in a process of its own, cold, on the stack's environment with changes."""
        before = self.invoke
        self.stack.function.kill()
        self.stack.function.configure(self.stack.environment() | dict(changes or {}))
        self.invoke = self.stack.function.invoke
        try:
            yield
        finally:
            self.invoke = before

    def queue(self, photo: bytes, filename: str = "image.jpg") -> Queued:
        """Import a book whose first picture is the photo, and queue that."""
        book = self.stack.add_book("A book", [Upload(filename, photo), *_COMPANY])
        with Session(self.stack.engine) as session:
            job = queue_image_processing(
                session, book.book_id, book.image_ids[0], queue=self.stack.job_queue()
            )
            assert job is not None
            return Queued(job.id, book.book_id, book.image_ids, self.world.gallery(book.book_id))

    def poll(self) -> Batch:
        """Receive one message, work it, and delete or leave it, as Lambda would."""

        def invoke(event: dict[str, Any]) -> Any:
            self.events.append(event)
            return self.invoke(event)

        aws = self.stack.aws
        return EventSource(aws.sqs, aws.queue_url, aws.queue_arn, invoke, wait_seconds=0).poll()

    def discard(self) -> None:
        """Take the next message out of the queue unworked."""
        aws = self.stack.aws
        (message,) = aws.sqs.receive_message(QueueUrl=aws.queue_url)["Messages"]
        aws.sqs.delete_message(QueueUrl=aws.queue_url, ReceiptHandle=message["ReceiptHandle"])

    def show_again(self) -> None:
        """End the wait of the last message, however long the worker asked for."""
        handle = self.events[-1]["Records"][0]["receiptHandle"]
        aws = self.stack.aws
        aws.sqs.change_message_visibility(QueueUrl=aws.queue_url, ReceiptHandle=handle, VisibilityTimeout=0)

    def row(self, job_id: uuid.UUID) -> ImageProcessingJob:
        """Return the job's row."""
        with Session(self.stack.engine) as session:
            return session.get_one(ImageProcessingJob, job_id)

    def picture(self, image_id: int) -> BookImage:
        """Return a picture's row."""
        with Session(self.stack.engine) as session:
            return session.get_one(BookImage, image_id)

    def results(self, queued: Queued) -> list[str]:
        """Return the keys that the job wrote."""
        return [key for key in self.stack.aws.keys("books/") if str(queued.job_id) in key]

    def depths(self) -> tuple[tuple[int, int], int]:
        """Return how many messages are visible and in flight, and how many are dead."""
        aws = self.stack.aws
        return aws.depth(), aws.depth(aws.dead_letter_url)[0]

    def assert_untouched(self, queued: Queued) -> None:
        """The original is still primary, the others stand where they stood, nothing was written."""
        assert queued.gallery == self.world.gallery(queued.book_id)
        assert [] == self.results(queued)

    def assert_failed(self, queued: Queued, code: FailureCode) -> None:
        """The job says why in a sentence, its lease is free, the message is acknowledged, nothing written."""
        row = self.row(queued.job_id)
        assert ("failed", str(code)) == (row.status, row.failure_code)
        assert (row.failure_reason or "").startswith(FAILURES[code].sentence)
        assert (None, None) == (row.lease_token, row.lease_expires_at)
        assert ((0, 0), 0) == self.depths()
        assert [] == self.results(queued)
