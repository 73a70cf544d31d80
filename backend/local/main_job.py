"""The main job on the local stack: from the import of a listing to the committed row."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from botocore.exceptions import ClientError
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Base, BookImage, ImageProcessingJob, JobStatus
from app.services.image_processing import queue_image_processing
from local.event_source import Batch
from local.stack import LocalStack, Upload

_ENDED: Final = frozenset({JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.PERMANENTLY_FAILED})
_LOOK_SECONDS: Final = 0.1
_STAGES: Final = dict.fromkeys(
    (
        "download",
        "decode",
        "segment",
        "judge",
        "matte",
        "background",
        "composite",
        "encode",
        "thumbnail",
        "upload",
    )
)

Row = Mapping[str, Any]


class WorkerFailedError(Exception):
    """The worker neither completed nor refused the photo; the message says what it met."""


@dataclass(frozen=True, slots=True)
class JobRun:
    """What a job left behind; rows use the tables' column names, values are JSON's."""

    job: Row
    #: The new picture's row, or None where the photo was refused.
    image: Row | None
    gallery_before: Sequence[Row]
    gallery_after: Sequence[Row]
    #: Key, content type and size of what the job wrote into the bucket.
    objects: Sequence[Row]
    #: Wall seconds by stage, as the worker measured them.
    stages: Mapping[str, float]
    #: The most memory that the worker's process held, in MiB.
    peak_rss_mib: float
    #: Every picture of the gallery, old and new, by `s3_key`.
    pictures: Mapping[str, bytes] = field(repr=False)
    png: bytes | None = field(repr=False)
    thumbnail: bytes | None = field(repr=False)

    @property
    def is_completed(self) -> bool:
        """Whether there is a picture; else the job says why not."""
        return bool(self.job["status"] == JobStatus.COMPLETED)

    @property
    def left_out(self) -> Sequence[str]:
        """Return the recipes that could not run here for want of their weights."""
        trials = (self.job["report"] or {}).get("trials", ())
        return [trial["recipe"] for trial in trials if "weights missing" in (trial.get("note") or "")]


def run(
    stack: LocalStack, title: str, uploads: Sequence[Upload], tell: Callable[[str], None] = lambda _: None
) -> JobRun:
    """Import a book, queue its primary picture, work the queue, and gather what became of it.

    Args:
        stack: a running stack.
        title: the book's.
        uploads: its pictures; the first is primary.
        tell: called with each state the job is seen in.

    Raises:
        WorkerFailedError: the first delivery ended without a verdict.

    """
    book = stack.add_book(title, uploads)
    before = _gallery(stack, book.book_id)
    with stack.event_source() as batches:
        with Session(stack.engine) as session:
            job = queue_image_processing(session, book.book_id, book.image_ids[0], queue=stack.job_queue())
            if job is None:
                raise WorkerFailedError("the picture has a live job already")
            job_id = job.id
        _wait(stack, job_id, batches, tell)
    return _gather(stack, job_id, book.book_id, before)


def _wait(
    stack: LocalStack, job_id: uuid.UUID, batches: Sequence[Batch], tell: Callable[[str], None]
) -> None:
    """Return when the job has ended and its message is acknowledged."""
    told = ""
    while True:
        worked = list(batches)
        status = str(_row(stack, ImageProcessingJob, job_id)["status"])
        if status != told:
            told = status
            tell(status)
        failed = next((batch for batch in worked if batch.failed_ids), None)
        if failed is not None:
            raise WorkerFailedError(
                f"the delivery failed: {failed.error or 'see the last line of its log'}\n"
                + stack.function_log()[-3000:]
            )
        if worked and status in _ENDED:
            return
        time.sleep(_LOOK_SECONDS)


def _gather(stack: LocalStack, job_id: uuid.UUID, book_id: int, before: Sequence[Row]) -> JobRun:
    job = _row(stack, ImageProcessingJob, job_id)
    after = _gallery(stack, book_id)
    image = next((row for row in after if row["id"] == job["processed_image_id"]), None)
    names = [] if image is None else [f"books/{image['s3_key']}", f"books/thumb_{image['s3_key']}"]
    found = [_object(stack, name) for name in names]
    return JobRun(
        job=job,
        image=image,
        gallery_before=before,
        gallery_after=after,
        objects=[facts for facts, _ in found],
        stages=_in_order((job["report"] or {}).get("seconds", {})),
        peak_rss_mib=stack.function.peak_rss_mib,
        pictures={row["s3_key"]: _body(stack, f"books/{row['s3_key']}") for row in after},
        png=found[0][1] if found else None,
        thumbnail=found[1][1] if found else None,
    )


def _in_order(seconds: Mapping[str, float]) -> dict[str, float]:
    """Return the stages as they ran: the database keeps them in an order of its own."""
    known = [name for name in _STAGES if name in seconds]
    return {name: seconds[name] for name in (*known, *sorted(seconds.keys() - _STAGES.keys()))}


def _gallery(stack: LocalStack, book_id: int) -> list[Row]:
    with Session(stack.engine) as session:
        statement = select(BookImage).where(BookImage.book_id == book_id)
        rows = session.scalars(statement.order_by(BookImage.display_order, BookImage.id)).all()
        return [_as_json(row) for row in rows]


def _row(stack: LocalStack, table: type[Base], key: object) -> Row:
    with Session(stack.engine) as session:
        return _as_json(session.get_one(table, key))


def _as_json(row: Base) -> Row:
    values = {column.name: getattr(row, column.key) for column in row.__table__.columns}
    return {name: _plain(value) for name, value in values.items()}


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, uuid.UUID) else value


def _object(stack: LocalStack, key: str) -> tuple[Row, bytes]:
    answer = stack.aws.s3.get_object(Bucket=stack.aws.bucket, Key=key)
    body = answer["Body"].read()
    return {"key": key, "content_type": answer["ContentType"], "bytes": len(body)}, body


def _body(stack: LocalStack, key: str) -> bytes:
    try:
        return _object(stack, key)[1]
    except ClientError:
        return b""
