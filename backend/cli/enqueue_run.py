"""The work of `image-processor enqueue`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy.orm import Session

from app.services import bulk_enqueue
from app.services.bulk_enqueue import BATCH_SIZE, Picture
from app.services.job_queue import JobQueue
from cli.console import EXIT_FAILED, EXIT_OK, EXIT_USAGE, complaints, console, fail
from cli.services import clients, database, required


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which pictures are queued."""

    book_ids: Sequence[int]
    image_ids: Sequence[int]
    all_unprocessed: bool

    @property
    def ways(self) -> int:
        """Return in how many ways pictures were named."""
        return sum(map(bool, (self.book_ids, self.image_ids, self.all_unprocessed)))


def enqueue_all(database_url: str | None, wanted: Wanted, limit: int | None, *, dry_run: bool) -> int:
    """Queue the pictures, show how far it is, and return the exit status."""
    if wanted.ways != 1:
        fail("say what to queue: --book, --image or --all-unprocessed, one of them", EXIT_USAGE)
    queue_name = required("IMAGE_PROCESSING_QUEUE_NAME") if not dry_run else ""
    with database(database_url) as engine, Session(engine) as session, Session(engine) as reader:
        total = min(_total(reader, wanted), limit if limit is not None else _total(reader, wanted))
        pictures = islice(_pictures(reader, wanted), limit)
        if dry_run:
            for picture in pictures:
                console.print(f"book {picture.book_id}, image {picture.image_id}")
            console.print(f"{total} would be queued at most; live jobs are skipped")
            return EXIT_OK
        with clients() as aws:
            return _send(session, pictures, total, JobQueue(aws.sqs, queue_name))


def _send(session: Session, pictures: Iterator[Picture], total: int, queue: JobQueue) -> int:
    sent = refused = skipped = 0
    columns = (TextColumn("queueing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=complaints, transient=True) as progress:
        bar = progress.add_task("", total=total)
        while batch := list(islice(pictures, BATCH_SIZE)):
            done = bulk_enqueue.enqueue_batch(session, batch, queue)
            sent, refused, skipped = sent + done.sent, refused + done.refused, skipped + done.skipped
            progress.advance(bar, len(batch))
    console.print(
        f"[green]✓[/] {sent} queued, {skipped} skipped (live job), {refused} left to the reconciler"
    )
    return EXIT_FAILED if refused else EXIT_OK


def _total(session: Session, wanted: Wanted) -> int:
    if wanted.all_unprocessed:
        return bulk_enqueue.count_unprocessed(session)
    return len(wanted.book_ids) + len(wanted.image_ids)


def _pictures(session: Session, wanted: Wanted) -> Iterator[Picture]:
    if wanted.all_unprocessed:
        yield from bulk_enqueue.unprocessed_pictures(session)
    for book_id in wanted.book_ids:
        yield _existing(
            bulk_enqueue.primary_picture(session, book_id), f"book {book_id} has no picture to cut"
        )
    for image_id in wanted.image_ids:
        yield _existing(bulk_enqueue.picture(session, image_id), f"there is no picture {image_id}")


def _existing(picture: Picture | None, otherwise: str) -> Picture:
    if picture is None:
        fail(otherwise)
    return picture
