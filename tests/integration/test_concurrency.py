"""Many workers and the API on one book at once, on a real PostgreSQL: one effect each, no deadlock out."""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, create_engine, func, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.models import BookImage
from app.models import ImageProcessingJob as Job
from lambdas.image_processor.domain import Claim, Finished, FinishedPicture, JobMessage
from lambdas.image_processor.errors import LeaseHeldError, TransientError
from lambdas.image_processor.jobs import JobStore
from tests.contract.worlds import PostgresWorld


@pytest.fixture
def wide(database: Engine) -> Iterator[Engine]:
    """An engine with a connection for each thread."""
    engine = create_engine(database.url, pool_size=16, max_overflow=4)
    yield engine
    engine.dispose()


def picture(job_id: uuid.UUID, book_id: int) -> FinishedPicture:
    return FinishedPicture(f"{book_id}_processed_{job_id}.png", None, "0" * 64, "book-v0", 1, {})


def work(store: JobStore, message: JobMessage) -> str:
    """Claim and complete as a worker does; say how it ended."""
    try:
        claimed = store.claim(message, 60)
    except LeaseHeldError:
        return "held"
    if isinstance(claimed, Finished):
        return "finished"
    assert isinstance(claimed, Claim)
    try:
        store.assert_held(claimed)
        store.complete(claimed, picture(message.job_id, message.book_id))
    except TransientError:
        # Unlucky in every try: the queue delivers it again.
        store.release(claimed, {})
        return work(store, message)
    return "completed"


def assert_in_order(engine: Engine, book_id: int, pictures: int) -> None:
    """One primary, the first; the order gap-free."""
    with Session(engine) as session:
        rows = session.scalars(
            select(BookImage).where(BookImage.book_id == book_id).order_by(BookImage.display_order)
        ).all()
    assert pictures == len(rows)
    assert list(range(pictures)) == [row.display_order for row in rows]
    assert [True] + [False] * (pictures - 1) == [row.is_primary for row in rows]


@pytest.mark.parametrize("deliveries", range(2, 9))
def test_concurrent_deliveries_of_one_message(wide: Engine, deliveries: int) -> None:
    """Exactly one of them does the work."""
    world = PostgresWorld(wide)
    book_id, images = world.add_book(3)
    message = JobMessage(world.add_job(book_id, images[0]), book_id, images[0])
    start = threading.Barrier(deliveries)

    def deliver() -> str:
        start.wait()
        return work(JobStore(wide), message)

    with ThreadPoolExecutor(deliveries) as pool:
        endings = [future.result() for future in [pool.submit(deliver) for _ in range(deliveries)]]
    assert 1 == endings.count("completed")
    assert_in_order(wide, book_id, 4)


def test_jobs_of_one_book_while_the_api_inserts_and_reorders(wide: Engine) -> None:
    """Six jobs of one book end at once, each with its picture; the API's own writes interleave."""
    world = PostgresWorld(wide)
    book_id, images = world.add_book(6)
    messages = [JobMessage(world.add_job(book_id, image), book_id, image) for image in images]
    start = threading.Barrier(8)
    rng = random.Random(5)

    def deliver(message: JobMessage) -> str:
        start.wait()
        return work(JobStore(wide, lambda _: time.sleep(0.01)), message)

    def upload() -> str:
        start.wait()
        for number in range(10):
            with Session(wide) as session, session.begin():
                session.add(
                    BookImage(book_id=book_id, s3_key=f"{book_id}/new_{number}.jpg", display_order=99)
                )
        return "uploaded"

    def reorder() -> str:
        start.wait()
        for _ in range(10):
            _reorder_as_the_api_does(wide, book_id, rng)
        return "reordered"

    with ThreadPoolExecutor(8) as pool:
        futures = [pool.submit(deliver, message) for message in messages]
        futures += [pool.submit(upload), pool.submit(reorder)]
        endings = [future.result() for future in futures]
    assert 6 == endings.count("completed")
    # Whatever the API did last: the next completion puts the whole gallery in order.
    last, (image,) = world.add_job(book_id, images[0]), images[:1]
    assert "completed" == work(JobStore(wide), JobMessage(last, book_id, image))
    assert_in_order(wide, book_id, 6 + 6 + 10 + 1)
    with Session(wide) as session:
        assert 7 == session.scalar(select(func.count()).where(Job.status == "completed"))


def _reorder_as_the_api_does(engine: Engine, book_id: int, rng: random.Random) -> None:
    """Update every picture's place one by one, in the user's order; a deadlock is the API's to repeat."""
    for _ in range(20):
        try:
            with Session(engine) as session, session.begin():
                ids = list(session.scalars(select(BookImage.id).where(BookImage.book_id == book_id)))
                rng.shuffle(ids)
                for order, image_id in enumerate(ids):
                    session.execute(
                        update(BookImage).where(BookImage.id == image_id).values(display_order=order)
                    )
        except OperationalError as exc:
            if "deadlock" not in str(exc):
                raise
        else:
            return
    raise AssertionError("the API never got through")


def test_a_queue_failed_job_whose_twin_ends_just_then_is_not_called_superseded(wide: Engine) -> None:
    """Between the index's refusal and the second look, another worker may have claimed it."""
    world = PostgresWorld(wide)
    book_id, (image,) = world.add_book(1)
    old = world.add_job(book_id, image, "queue_failed")
    twin = world.add_job(book_id, image)
    message = JobMessage(old, book_id, image)

    class Raced(JobStore):
        """Lets the twin end, and another worker in, after the first refusal."""

        def _claim(self, session: Session, message: JobMessage, lease_seconds: float) -> Claim | Finished:
            try:
                return super()._claim(session, message, lease_seconds)
            except Exception:
                session.rollback()
                assert "completed" == work(JobStore(wide), JobMessage(twin, book_id, image))
                assert isinstance(JobStore(wide).claim(message, 60), Claim)
                raise

    with pytest.raises(LeaseHeldError):
        Raced(wide).claim(message, 60)
    assert "processing" == world.job(old).status
