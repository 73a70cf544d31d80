"""The sweep on a real bucket and a real PostgreSQL: orphans go, everything else stays."""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from app.models import BookImage
from app.models import ImageProcessingJob as Job
from lambdas.image_processor.domain import Claim, FinishedPicture, JobMessage
from lambdas.image_processor.storage import PROBE_KEY, object_keys
from lambdas.reconciler.sweep import Sweep
from local.aws import Aws
from tests.contract.worlds import PostgresWorld


@dataclass
class Scene:
    """A bucket with results, and the jobs that they belong to."""

    engine: Engine
    aws: Aws

    def __post_init__(self) -> None:
        self.world = PostgresWorld(self.engine)

    def sweep(self, min_age: timedelta = timedelta(0)) -> Sweep:
        return Sweep(self.aws.s3, self.aws.bucket, self.engine, min_age)

    def found(self, min_age: timedelta = timedelta(0)) -> list[str]:
        return sorted(orphan.key for orphan in self.sweep(min_age).orphans())

    def put(self, *keys: str) -> None:
        for key in keys:
            self.aws.s3.put_object(Bucket=self.aws.bucket, Key=key, Body=b"x")

    def results(self, status: str) -> tuple[uuid.UUID, list[str]]:
        """Put both results of a job that ended in a state."""
        book_id, (image_id,) = self.world.add_book(1)
        job_id = self.world.add_job(book_id, image_id)
        keys = object_keys(book_id, job_id)
        self.put(keys.image_key, keys.thumbnail_key)
        if status == "completed":
            claimed = self.world.store.claim(JobMessage(job_id, book_id, image_id), 60)
            assert isinstance(claimed, Claim)
            self.world.store.complete(claimed, FinishedPicture(keys.db_key, None, "0" * 64, "book-v0", 1, {}))
        else:
            with Session(self.engine) as session, session.begin():
                session.execute(update(Job).where(Job.id == job_id).values(status=status))
        return job_id, [keys.image_key, keys.thumbnail_key]


@pytest.fixture
def scene(database: Engine, aws: Aws) -> Scene:
    return Scene(database, aws)


@pytest.mark.parametrize("status", ["pending", "processing", "queue_failed", "completed"])
def test_what_a_row_names_or_a_live_job_may_commit_stays(scene: Scene, status: str) -> None:
    """Both results stay, the thumbnail because its picture does."""
    scene.results(status)
    assert [] == scene.found()


@pytest.mark.parametrize("status", ["failed", "permanently_failed"])
def test_what_a_failed_job_left_is_an_orphan(scene: Scene, status: str) -> None:
    """Crashed after its PUTs, then given up."""
    _, keys = scene.results(status)
    assert sorted(keys) == scene.found()
    for orphan in scene.sweep().orphans():
        assert scene.sweep().delete(orphan)
    assert [] == scene.aws.keys()


def test_results_of_a_deleted_book_and_of_a_deleted_picture_are_orphans(scene: Scene) -> None:
    """No row names them any more."""
    _, of_book = scene.results("completed")
    _, of_picture = scene.results("completed")
    with Session(scene.engine) as session, session.begin():
        pictures = session.scalars(
            select(BookImage).where(BookImage.is_background_processed).order_by(BookImage.id)
        ).all()
        scene.world.delete_book(pictures[0].book_id)
        scene.world.delete_image(pictures[1].id)
    assert sorted(of_book + of_picture) == scene.found()


def test_young_orphans_stay(scene: Scene) -> None:
    """The default guard is a day."""
    scene.results("failed")
    assert [] == scene.found(timedelta(hours=24))
    assert timedelta(hours=24) == Sweep(scene.aws.s3, scene.aws.bucket, scene.engine).min_age


def test_everything_else_in_the_bucket_stays(scene: Scene) -> None:
    """Originals, their thumbnails, the probe, strangers."""
    others = [
        PROBE_KEY,
        "books/1/image_00.jpg",
        "books/thumb_1_image_00.jpg",
        f"books/x_processed_{uuid.uuid4()}.png",
        f"backup/1_processed_{uuid.uuid4()}.png",
        f"books/1_processed_{uuid.uuid4()}.jpg",
    ]
    scene.put(*others)
    assert [] == scene.found()


def test_a_prefixed_row_key_counts(scene: Scene) -> None:
    """Rows with the prefix in their key exist."""
    _, keys = scene.results("completed")
    with Session(scene.engine) as session, session.begin():
        session.execute(update(BookImage).where(BookImage.is_background_processed).values(s3_key=keys[0]))
    assert [] == scene.found()


def test_a_job_retried_after_the_listing_keeps_its_results(scene: Scene) -> None:
    """The look before the deletion is under the row's lock."""
    job_id, keys = scene.results("failed")
    orphans = list(scene.sweep().orphans())
    with Session(scene.engine) as session, session.begin():
        session.execute(update(Job).where(Job.id == job_id).values(status="pending"))
    assert [False, False] == [scene.sweep().delete(orphan) for orphan in orphans]
    assert sorted(keys) == scene.aws.keys()


def test_a_retry_waits_for_a_deletion_in_progress(scene: Scene) -> None:
    """Until the object is gone the job cannot become live; its next run then writes it again."""
    job_id, _ = scene.results("failed")
    orphan = next(iter(scene.sweep().orphans()))
    retried = threading.Event()

    def retry() -> None:
        with Session(scene.engine) as session, session.begin():
            session.execute(update(Job).where(Job.id == job_id).values(status="pending"))
        retried.set()

    with Session(scene.engine) as session, session.begin():
        session.execute(select(Job.id).where(Job.id == job_id).with_for_update())
        deleting = threading.Thread(target=scene.sweep().delete, args=(orphan,))
        deleting.start()
        retrying = threading.Thread(target=retry)
        retrying.start()
        assert not retried.wait(0.2)
    deleting.join()
    retrying.join()
    assert retried.is_set()
