"""The job store as a state machine: the fake and PostgreSQL are walked side by side and never differ."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from lambdas.image_processor.domain import Claim, Finished, FinishedPicture, JobMessage
from lambdas.image_processor.errors import (
    FailureCode,
    ImageProcessorError,
    LeaseHeldError,
    PermanentError,
)
from tests.contract.worlds import FakeWorld, PostgresWorld, World

_T = TypeVar("_T")
TYPES = st.sampled_from([None, "spine", "cover", "binding", "title_page"])


@dataclass(frozen=True)
class Twin:
    """One thing in both worlds."""

    fake: Any
    real: Any


@dataclass
class Book:
    """A book in both worlds; pictures by their place in the order of their making."""

    id: Twin
    images: list[Twin] = field(default_factory=list)
    is_deleted: bool = False


@dataclass
class Held:
    """A claim in both worlds."""

    book: Book
    claim: Twin


class JobMachine(RuleBasedStateMachine):
    """Walks both worlds through claims, endings, time, deletions and redeliveries."""

    engine: Engine
    books = Bundle("books")
    jobs = Bundle("jobs")
    claims = Bundle("claims")

    def __init__(self) -> None:
        super().__init__()
        self.fake: World = FakeWorld()
        self.real: World = PostgresWorld(self.engine)
        self.all_books: list[Book] = []
        self.all_jobs: list[tuple[Book, Twin]] = []

    # --- the scene

    @initialize(target=books, pictures=st.integers(1, 3))
    def first_book(self, pictures: int) -> Book:
        return self._add_book(pictures)

    @rule(target=books, pictures=st.integers(1, 3))
    def add_book(self, pictures: int) -> Book:
        return self._add_book(pictures)

    @rule(book=books, index=st.integers(0, 2), kind=TYPES)
    def set_type(self, book: Book, index: int, kind: str | None) -> None:
        image = self._image(book, index)
        if image:
            self._both(lambda world, side: world.set_type(getattr(image, side), kind))

    @rule(
        target=jobs, book=books, index=st.integers(0, 2), status=st.sampled_from(["pending", "queue_failed"])
    )
    def add_job(self, book: Book, index: int, status: str) -> Any:
        """Add a job unless the picture has a live one: the producer's index sees to that."""
        image = self._image(book, index)
        if image is None:
            return multiple()
        try:
            real = self.real.add_job(book.id.real, image.real, status)
        except IntegrityError:
            return multiple()
        job = book, Twin(self.fake.add_job(book.id.fake, image.fake, status), real), image
        self.all_jobs.append(job[:2])
        return job

    @rule(seconds=st.sampled_from([1, 30, 61, 1000]))
    def pass_time(self, seconds: int) -> None:
        self._both(lambda world, _: world.pass_time(seconds))

    @rule(book=books, index=st.integers(0, 3))
    def delete_image(self, book: Book, index: int) -> None:
        image = self._image(book, index)
        if image:
            book.images.remove(image)
            self._both(lambda world, side: world.delete_image(getattr(image, side)))

    @rule(book=books)
    def delete_book(self, book: Book) -> None:
        if not book.is_deleted and len(self.all_books) > 1:
            book.is_deleted = True
            book.images.clear()
            self._both(lambda world, side: world.delete_book(getattr(book.id, side)))

    # --- the store

    @rule(target=claims, job=jobs, lease=st.sampled_from([5, 60]))
    def claim(self, job: tuple[Book, Twin, Twin], lease: int) -> Any:
        book, ids, image = job

        def call(world: World, side: str) -> Claim | Finished:
            message = JobMessage(getattr(ids, side), getattr(book.id, side), getattr(image, side))
            return world.store.claim(message, lease)

        answer = self._agree(call)
        if answer is None:
            return multiple()
        fake, real = answer.fake, answer.real
        if isinstance(fake, Finished):
            assert (fake.status, fake.code, fake.ended_now) == (real.status, real.code, real.ended_now)
            return multiple()
        assert isinstance(real, Claim)
        assert fake.claim_count == real.claim_count
        assert Twin(fake.source.id, real.source.id) in book.images
        return Held(book, answer)

    @rule(held=claims)
    def assert_held(self, held: Held) -> None:
        self._agree(lambda world, side: world.store.assert_held(getattr(held.claim, side)))

    @rule(held=claims)
    def complete(self, held: Held) -> None:
        def call(world: World, side: str) -> int:
            claim = getattr(held.claim, side)
            key = f"{claim.book_id}_processed_{claim.job_id}.png"
            return world.store.complete(claim, FinishedPicture(key, None, "0" * 64, "book-v0", 1, {}))

        answer = self._agree(call)
        if answer is not None:
            held.book.images.append(answer)

    @rule(held=claims, code=st.sampled_from([FailureCode.NO_SUBJECT, FailureCode.RETRIES_EXHAUSTED]))
    def fail(self, held: Held, code: FailureCode) -> None:
        self._agree(
            lambda world, side: world.store.fail(getattr(held.claim, side), PermanentError(code), {}, 2)
        )

    @rule(held=claims)
    def release(self, held: Held) -> None:
        self._agree(lambda world, side: world.store.release(getattr(held.claim, side), {}))

    # --- what must always hold

    @invariant()
    def galleries_agree_and_are_in_order(self) -> None:
        for book in self.all_books:
            fake, real = self.fake.gallery(book.id.fake), self.real.gallery(book.id.real)
            fakes = {image.fake: image for image in book.images}
            assert [fakes[row[0]].real for row in fake] == [row[0] for row in real]
            assert [row[1:] for row in fake] == [row[1:] for row in real]
            assert sum(row[2] for row in real) <= 1

    @invariant()
    def jobs_agree(self) -> None:
        for book, ids in self.all_jobs:
            if book.is_deleted:
                continue
            fake, real = self.fake.job(ids.fake), self.real.job(ids.real)
            assert (
                fake.status, fake.claim_count, fake.attempt_count, fake.model_used, fake.failure_code,
                fake.has_lease, fake.processed_image_id is None,
            ) == (
                real.status, real.claim_count, real.attempt_count, real.model_used, real.failure_code,
                real.has_lease, real.processed_image_id is None,
            )  # fmt: skip
            assert real.has_lease == (real.status == "processing")

    def _add_book(self, pictures: int) -> Book:
        (fake, fakes), (real, reals) = self.fake.add_book(pictures), self.real.add_book(pictures)
        book = Book(Twin(fake, real), [Twin(*ids) for ids in zip(fakes, reals, strict=True)])
        self.all_books.append(book)
        return book

    def _image(self, book: Book, index: int) -> Twin | None:
        return book.images[index] if index < len(book.images) else None

    def _both(self, call: Callable[[World, str], _T]) -> Twin:
        return Twin(call(self.fake, "fake"), call(self.real, "real"))

    def _agree(self, call: Callable[[World, str], object]) -> Twin | None:
        """Call both stores; both return, or both raise the same error with the same code."""
        endings = self._both(lambda world, side: _ending(lambda: call(world, side)))
        fake, real = endings.fake, endings.real
        if isinstance(fake, ImageProcessorError) or isinstance(real, ImageProcessorError):
            assert type(fake) is type(real)
            assert getattr(fake, "code", None) == getattr(real, "code", None)
            if isinstance(fake, LeaseHeldError):
                assert real.seconds_left == pytest.approx(fake.seconds_left, abs=5)
            return None
        return endings

    def teardown(self) -> None:
        for book in self.all_books:
            with suppress(Exception):
                self.real.delete_book(book.id.real)


def _ending(call: Callable[[], object]) -> object:
    try:
        return call()
    except ImageProcessorError as exc:
        return exc


def test_the_fake_and_postgresql_agree(database: Engine) -> None:
    """Forty walks of up to thirty steps."""

    class Machine(JobMachine):
        engine = database

    run_machine(
        Machine,
        settings=settings(
            max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
