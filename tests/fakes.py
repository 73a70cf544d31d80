"""Hand-written stand-ins for the worker's ports: they keep the same promises, in memory."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from app.constants.image_processing import MAX_CLAIMS
from lambdas.image_processor import gallery
from lambdas.image_processor.domain import (
    Claim,
    Finished,
    FinishedPicture,
    GalleryImage,
    JobMessage,
    Photo,
    Rejection,
    Rendition,
)
from lambdas.image_processor.errors import (
    FailureCode,
    LeaseHeldError,
    LeaseLostError,
    PermanentError,
    UnknownJobError,
    failure_reason,
)

_ENDED = {"completed", "failed", "permanently_failed"}


@dataclass
class FakeJob:
    """A row of image_processing_jobs."""

    id: uuid.UUID
    book_id: int
    source_image_id: int | None
    status: str = "pending"
    claim_count: int = 0
    attempt_count: int = 0
    lease_token: uuid.UUID | None = None
    lease_ends: float = 0.0
    processed_image_id: int | None = None
    #: The picture that was really cut.
    done_source_id: int | None = None
    model_used: str | None = None
    failure_code: str | None = None
    failure_reason: str | None = None
    report: Mapping[str, Any] | None = None


@dataclass
class FakeJobStore:
    """Books, pictures and jobs in dictionaries; time moves when the test moves it."""

    books: set[int] = field(default_factory=set)
    images: dict[int, tuple[int, GalleryImage]] = field(default_factory=dict)
    jobs: dict[uuid.UUID, FakeJob] = field(default_factory=dict)
    now: float = 0.0
    #: Ids are never given out twice, as a sequence does.
    last_book_id: int = 0
    last_image_id: int = 0
    #: Called at the start of each call with its name; a test makes the database fail here.
    before: Callable[[str], None] = lambda _: None

    def claim(self, message: JobMessage, lease_seconds: float) -> Claim | Finished:
        self.before("claim")
        job = self.jobs.get(message.job_id)
        if job is None:
            raise UnknownJobError("there is no such job")
        if job.status in _ENDED:
            return Finished(job.id, job.status, job.failure_code)
        if job.status == "processing" and job.lease_ends > self.now:
            raise LeaseHeldError(job.lease_ends - self.now)
        if job.claim_count >= MAX_CLAIMS:
            return self._end(job, FailureCode.CRASH_LOOP)
        if job.status == "queue_failed" and self._has_live_twin(job):
            return self._end(job, FailureCode.SUPERSEDED)
        job.status, job.claim_count = "processing", job.claim_count + 1
        job.lease_token, job.lease_ends = uuid.uuid4(), self.now + lease_seconds
        if job.source_image_id is None:
            return self._end(job, FailureCode.SOURCE_GONE)
        if (job.book_id, job.source_image_id) != (message.book_id, message.image_id):
            return self._end(job, FailureCode.JOB_MISMATCH)
        source = gallery.choose_source(self.gallery(job.book_id), message.image_id, self._done(job.book_id))
        if source is None:
            return self._end(job, FailureCode.NO_IMAGES)
        return Claim(job.id, job.book_id, source, job.lease_token, job.claim_count)

    def assert_held(self, claim: Claim) -> None:
        self.before("assert_held")
        if self._held(claim).lease_ends <= self.now:
            raise LeaseLostError("the lease ended")

    def complete(self, claim: Claim, picture: FinishedPicture) -> int:
        self.before("complete")
        if claim.book_id not in self.books:
            raise PermanentError(FailureCode.BOOK_GONE)
        job = self._held(claim)
        if claim.source.id not in self.images:
            raise PermanentError(FailureCode.SOURCE_GONE)
        self.last_image_id = image_id = max([self.last_image_id, *self.images]) + 1
        new = GalleryImage(image_id, picture.db_key, claim.source.image_type, 0, True, True)
        self.images[image_id] = (claim.book_id, new)
        for place in gallery.reorder(self.gallery(claim.book_id), image_id, claim.source.id):
            book_id, image = self.images[place.image_id]
            placed = replace(image, display_order=place.display_order, is_primary=place.is_primary)
            self.images[place.image_id] = (book_id, placed)
        job.status, job.processed_image_id, job.model_used = "completed", image_id, picture.recipe
        job.attempt_count, job.report, job.lease_token = picture.attempt_count, picture.report, None
        job.done_source_id, job.failure_code, job.failure_reason = claim.source.id, None, None
        return image_id

    def fail(
        self, claim: Claim, error: PermanentError, report: Mapping[str, Any], attempt_count: int = 0
    ) -> None:
        self.before("fail")
        job = self._held(claim)
        job.status, job.failure_code, job.failure_reason = "failed", str(error.code), str(error)
        job.report, job.attempt_count, job.lease_token = report, attempt_count, None

    def release(self, claim: Claim, report: Mapping[str, Any]) -> None:
        self.before("release")
        job = self._held(claim)
        job.status, job.lease_token, job.report = "pending", None, report
        job.claim_count = max(job.claim_count - 1, 0)

    def gallery(self, book_id: int) -> list[GalleryImage]:
        """Return a book's pictures in their order."""
        mine = [image for owner, image in self.images.values() if owner == book_id]
        return sorted(mine, key=lambda image: (image.display_order, image.id))

    def delete_book(self, book_id: int) -> None:
        """Delete a book with its pictures and jobs."""
        self.books.discard(book_id)
        self.images = {key: value for key, value in self.images.items() if value[0] != book_id}
        self.jobs = {key: job for key, job in self.jobs.items() if job.book_id != book_id}

    def delete_image(self, image_id: int) -> None:
        """Delete a picture; jobs forget it."""
        del self.images[image_id]
        for job in self.jobs.values():
            job.source_image_id = None if job.source_image_id == image_id else job.source_image_id
            job.processed_image_id = None if job.processed_image_id == image_id else job.processed_image_id

    def _held(self, claim: Claim) -> FakeJob:
        job = self.jobs.get(claim.job_id)
        if job is None or job.status != "processing" or job.lease_token != claim.token:
            raise LeaseLostError("the job was taken over")
        return job

    def _end(self, job: FakeJob, code: FailureCode) -> Finished:
        job.status, job.failure_code, job.failure_reason = "failed", str(code), failure_reason(code)
        job.lease_token = None
        return Finished(job.id, "failed", str(code), ended_now=code)

    def _done(self, book_id: int) -> set[int]:
        return {
            job.done_source_id
            for job in self.jobs.values()
            if job.book_id == book_id
            and job.status == "completed"
            and job.processed_image_id is not None
            and job.done_source_id is not None
        }

    def _has_live_twin(self, job: FakeJob) -> bool:
        return any(
            other.id != job.id
            and job.source_image_id is not None
            and (other.book_id, other.source_image_id) == (job.book_id, job.source_image_id)
            and other.status in {"pending", "processing"}
            for other in self.jobs.values()
        )


@dataclass
class FakeImageStore:
    """A bucket in a dictionary; `puts` keeps the order of writes."""

    objects: dict[str, bytes] = field(default_factory=dict)
    puts: list[str] = field(default_factory=list)
    before: Callable[[str], None] = lambda _: None

    def get(self, db_key: str) -> bytes:
        self.before("get")
        try:
            return self.objects["books/" + db_key]
        except KeyError:
            raise PermanentError(FailureCode.OBJECT_MISSING) from None

    def put(self, key: str, body: bytes, content_type: str, still_held: Callable[[], None]) -> None:
        self.before(f"put {content_type}")
        if key in self.objects and self.objects[key] != body:
            still_held()
        self.objects[key] = body
        self.puts.append(key)


@dataclass
class FakeRenderer:
    """Answers with what the test gives it."""

    result: Rendition | Rejection | Exception
    photos: list[Photo] = field(default_factory=list)

    def prepare(self) -> None:
        """Nothing to load."""

    def render(self, photo: Photo, checkpoint: Callable[[], None]) -> Rendition | Rejection:
        checkpoint()
        self.photos.append(photo)
        if isinstance(self.result, Exception):
            raise self.result
        return self.result
