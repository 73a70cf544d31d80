"""One book with pictures and jobs, over the fake and over PostgreSQL, behind one face."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from sqlalchemy import Engine, delete, func, select, update
from sqlalchemy.orm import Session

from app.models import Book, BookImage, ImageProcessingJob
from lambdas.image_processor.domain import GalleryImage
from lambdas.image_processor.jobs import JobStore
from lambdas.image_processor.ports import JobStore as JobStorePort
from tests.fakes import FakeJob, FakeJobStore


@dataclass(frozen=True)
class JobRow:
    """What both stores must agree on."""

    status: str
    claim_count: int
    attempt_count: int
    model_used: str | None
    processed_image_id: int | None
    failure_code: str | None
    report: Mapping[str, Any] | None
    has_lease: bool


class World(Protocol):
    """A store and the ways a test sets the scene around it."""

    @property
    def store(self) -> JobStorePort: ...

    def add_book(self, pictures: int) -> tuple[int, list[int]]: ...

    def set_type(self, image_id: int, image_type: str | None) -> None: ...

    def add_job(self, book_id: int, image_id: int, status: str = "pending") -> uuid.UUID: ...

    def job(self, job_id: uuid.UUID) -> JobRow: ...

    def gallery(self, book_id: int) -> list[tuple[int, int, bool, bool]]: ...

    def pass_time(self, seconds: float) -> None: ...

    def set_claims(self, job_id: uuid.UUID, claim_count: int) -> None: ...

    def set_processed(self, image_id: int) -> None: ...

    def delete_image(self, image_id: int) -> None: ...

    def delete_book(self, book_id: int) -> None: ...


class FakeWorld:
    """The fake's scene."""

    def __init__(self) -> None:
        self.store = FakeJobStore()

    def add_book(self, pictures: int) -> tuple[int, list[int]]:
        self.store.last_book_id = book_id = self.store.last_book_id + 1
        self.store.books.add(book_id)
        first = max([self.store.last_image_id, *self.store.images]) + 1
        ids = list(range(first, first + pictures))
        self.store.last_image_id = first + pictures - 1
        for order, image_id in enumerate(ids):
            image = GalleryImage(image_id, f"{book_id}/image_{order:02d}.jpg", None, order, order == 0, False)
            self.store.images[image_id] = (book_id, image)
        return book_id, ids

    def add_job(self, book_id: int, image_id: int, status: str = "pending") -> uuid.UUID:
        job = FakeJob(uuid.uuid4(), book_id, image_id, status)
        self.store.jobs[job.id] = job
        return job.id

    def job(self, job_id: uuid.UUID) -> JobRow:
        job = self.store.jobs[job_id]
        return JobRow(
            job.status,
            job.claim_count,
            job.attempt_count,
            job.model_used,
            job.processed_image_id,
            job.failure_code,
            job.report,
            job.lease_token is not None,
        )

    def gallery(self, book_id: int) -> list[tuple[int, int, bool, bool]]:
        return [
            (image.id, image.display_order, image.is_primary, image.is_background_processed)
            for image in self.store.gallery(book_id)
        ]

    def pass_time(self, seconds: float) -> None:
        self.store.now += seconds

    def set_claims(self, job_id: uuid.UUID, claim_count: int) -> None:
        self.store.jobs[job_id].claim_count = claim_count

    def set_processed(self, image_id: int) -> None:
        book_id, image = self.store.images[image_id]
        self.store.images[image_id] = (book_id, replace(image, is_background_processed=True))

    def set_type(self, image_id: int, image_type: str | None) -> None:
        book_id, image = self.store.images[image_id]
        self.store.images[image_id] = (book_id, replace(image, image_type=image_type))

    def delete_image(self, image_id: int) -> None:
        self.store.delete_image(image_id)

    def delete_book(self, book_id: int) -> None:
        self.store.delete_book(book_id)


class PostgresWorld:
    """The real store's scene."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.store = JobStore(engine)

    def add_book(self, pictures: int) -> tuple[int, list[int]]:
        with Session(self.engine) as db, db.begin():
            book = Book(title="A book")
            db.add(book)
            db.flush()
            rows = [
                BookImage(
                    book_id=book.id,
                    s3_key=f"{book.id}/image_{order:02d}.jpg",
                    display_order=order,
                    is_primary=order == 0,
                )
                for order in range(pictures)
            ]
            db.add_all(rows)
            db.flush()
            return book.id, [row.id for row in rows]

    def add_job(self, book_id: int, image_id: int, status: str = "pending") -> uuid.UUID:
        with Session(self.engine) as db, db.begin():
            job = ImageProcessingJob(book_id=book_id, source_image_id=image_id, status=status)
            db.add(job)
            db.flush()
            return job.id

    def job(self, job_id: uuid.UUID) -> JobRow:
        with Session(self.engine) as db:
            job = db.get_one(ImageProcessingJob, job_id)
            return JobRow(
                job.status,
                job.claim_count,
                job.attempt_count,
                job.model_used,
                job.processed_image_id,
                job.failure_code,
                job.report,
                job.lease_token is not None,
            )

    def gallery(self, book_id: int) -> list[tuple[int, int, bool, bool]]:
        with Session(self.engine) as db:
            rows = db.scalars(
                select(BookImage)
                .where(BookImage.book_id == book_id)
                .order_by(BookImage.display_order, BookImage.id)
            )
            return [
                (row.id, row.display_order or 0, bool(row.is_primary), row.is_background_processed)
                for row in rows
            ]

    def pass_time(self, seconds: float) -> None:
        shift = func.make_interval(0, 0, 0, 0, 0, 0, seconds)
        with Session(self.engine) as db, db.begin():
            db.execute(
                update(ImageProcessingJob).values(
                    lease_expires_at=ImageProcessingJob.lease_expires_at - shift,
                    created_at=ImageProcessingJob.created_at - shift,
                    updated_at=ImageProcessingJob.updated_at - shift,
                    enqueued_at=ImageProcessingJob.enqueued_at - shift,
                )
            )

    def set_claims(self, job_id: uuid.UUID, claim_count: int) -> None:
        statement = update(ImageProcessingJob).where(ImageProcessingJob.id == job_id)
        with Session(self.engine) as db, db.begin():
            db.execute(statement.values(claim_count=claim_count))

    def set_processed(self, image_id: int) -> None:
        with Session(self.engine) as db, db.begin():
            db.execute(update(BookImage).where(BookImage.id == image_id).values(is_background_processed=True))

    def set_type(self, image_id: int, image_type: str | None) -> None:
        with Session(self.engine) as db, db.begin():
            db.execute(update(BookImage).where(BookImage.id == image_id).values(image_type=image_type))

    def delete_image(self, image_id: int) -> None:
        with Session(self.engine) as db, db.begin():
            db.execute(delete(BookImage).where(BookImage.id == image_id))

    def delete_book(self, book_id: int) -> None:
        with Session(self.engine) as db, db.begin():
            db.execute(delete(Book).where(Book.id == book_id))

    def abandon_like_the_old_version(self, job_id: uuid.UUID) -> None:
        """Leave a `processing` row without a lease, as the deployed version does."""
        with Session(self.engine) as db, db.begin():
            db.execute(
                update(ImageProcessingJob)
                .where(ImageProcessingJob.id == job_id)
                .values(status="processing", lease_token=None, lease_expires_at=None)
            )
