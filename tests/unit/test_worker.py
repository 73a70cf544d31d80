"""The worker, edge to edge on fakes: each outcome of the contract's table."""

from __future__ import annotations

import io
import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from types import MappingProxyType

import pytest
from PIL import Image

from lambdas.image_processor.domain import (
    Claim,
    Delivery,
    Ending,
    FinishedPicture,
    GalleryImage,
    JobMessage,
    Outcome,
    Rejection,
    Rendition,
    Trial,
    Verdict,
)
from lambdas.image_processor.errors import FailureCode, TransientError
from lambdas.image_processor.ports import Deadline
from lambdas.image_processor.storage import object_keys
from lambdas.image_processor.worker import Worker
from tests.fakes import FakeImageStore, FakeJob, FakeJobStore, FakeRenderer

JOB_ID = uuid.UUID("6f9e6f2c-7c57-4a2e-8a3c-0f0d7c5e9b11")
MESSAGE = JobMessage(JOB_ID, book_id=1, image_id=10)
DB_KEY = f"1_processed_{JOB_ID}.png"


def jpeg(width_px: int = 160, height_px: int = 120) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width_px, height_px), (120, 30, 30)).save(buffer, "JPEG")
    return buffer.getvalue()


def rendition(png: bytes = b"png") -> Rendition:
    trials = (
        Trial("u2net-alpha", Verdict(FailureCode.NO_SUBJECT, 0.1, {})),
        Trial("isnet-general-use", Verdict(None, 0.9, {"coverage": 0.4})),
    )
    return Rendition(
        png, b"thumb", "isnet-general-use", "black", 90.0, trials, MappingProxyType({"encode": 0.1})
    )


def rejection(code: FailureCode = FailureCode.NO_SUBJECT) -> Rejection:
    return Rejection(code, (Trial("u2net-alpha", Verdict(code, 0.1, {"coverage": 0.0})),), {})


@dataclass
class World:
    """One book of three pictures with a pending job for the first."""

    jobs: FakeJobStore = field(default_factory=FakeJobStore)
    images: FakeImageStore = field(default_factory=FakeImageStore)
    renderer: FakeRenderer = field(default_factory=lambda: FakeRenderer(rendition()))
    steps: list[str] = field(default_factory=list)
    remaining_seconds: float = 300.0
    seed: int = 1

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        self.jobs.books.add(1)
        for order, image_id in enumerate((10, 11, 12)):
            picture = GalleryImage(image_id, f"1/image_0{order}.jpg", None, order, order == 0, False)
            self.jobs.images[image_id] = (1, picture)
            self.images.objects[f"books/1/image_0{order}.jpg"] = jpeg()
        self.jobs.jobs[JOB_ID] = FakeJob(JOB_ID, 1, 10)

    @property
    def job(self) -> FakeJob:
        return self.jobs.jobs[JOB_ID]

    def deliver(self, receive_count: int = 1, message: JobMessage = MESSAGE) -> Outcome:
        worker = Worker(
            jobs=self.jobs,
            images=self.images,
            renderer=self.renderer,
            name_objects=object_keys,
            public_url=lambda key: f"https://cdn/books/{key}",
            observe=self.steps.append,
            rng=self.rng,
        )
        deadline = Deadline(lambda: self.remaining_seconds)
        return worker.work(message, Delivery("m", "r", receive_count, 5), deadline)

    def assert_untouched(self) -> None:
        """The original is still primary, and nothing was written."""
        assert [(10, True), (11, False), (12, False)] == [
            (image.id, image.is_primary) for image in self.jobs.gallery(1)
        ]
        assert [] == self.images.puts


@pytest.fixture
def world() -> World:
    return World()


def failing(step: str, error: Exception) -> Callable[[str], None]:
    def before(name: str) -> None:
        if name == step:
            raise error

    return before


def test_completed(world: World) -> None:
    """Row, gallery, objects and report all say what really ran; the message is acknowledged."""
    outcome = world.deliver()
    assert (Ending.COMPLETED, True) == (outcome.ending, outcome.acknowledged)
    assert ("completed", "isnet-general-use", 2) == (
        world.job.status,
        world.job.model_used,
        world.job.attempt_count,
    )
    gallery = world.jobs.gallery(1)
    assert [world.job.processed_image_id, 11, 12, 10] == [image.id for image in gallery]
    assert [True, False, False, False] == [image.is_primary for image in gallery]
    assert (DB_KEY, True) == (gallery[0].s3_key, gallery[0].is_background_processed)
    assert [f"books/{DB_KEY}", f"books/thumb_{DB_KEY}"] == world.images.puts
    assert ["claimed", "downloaded", "rendered", "token_checked", "png_put", "thumb_put"] == world.steps


def test_redelivered_after_completion(world: World) -> None:
    """A second delivery is acknowledged and changes nothing."""
    world.deliver()
    before = world.jobs.gallery(1)
    outcome = world.deliver(receive_count=2)
    assert (Ending.ALREADY_FINISHED, True) == (outcome.ending, outcome.acknowledged)
    assert before == world.jobs.gallery(1)
    assert 2 == len(world.images.puts)


def test_an_outcome_says_what_ran(world: World) -> None:
    """For the log's last line: recipe, verdict and seconds, accepted or not, finished or given back."""
    facts = world.deliver().facts
    assert (facts["recipe"], facts["verdict"]) == ("isnet-general-use", "accepted")
    assert {"download", "decode", "encode", "upload", "commit"} <= facts["seconds"].keys()
    refused = World()
    refused.renderer.result = rejection()
    facts = refused.deliver().facts
    assert (facts["recipe"], facts["verdict"]) == ("u2net-alpha", "no_subject")
    assert {"download", "decode"} <= facts["seconds"].keys()
    broken = World()
    broken.images.before = failing("put image/png", TransientError("S3 is away"))
    facts = broken.deliver().facts
    assert facts["error"] == "TransientError"
    assert {"download", "decode", "encode"} <= facts["seconds"].keys()


def test_rejected(world: World) -> None:
    """The original stays primary, the row says why in a sentence, the message is acknowledged."""
    world.renderer.result = rejection()
    outcome = world.deliver()
    assert (Ending.FAILED, True, FailureCode.NO_SUBJECT) == (
        outcome.ending,
        outcome.acknowledged,
        outcome.code,
    )
    assert ("failed", "no_subject", 1) == (world.job.status, world.job.failure_code, world.job.attempt_count)
    assert (world.job.failure_reason or "").startswith("No book could be told")
    assert world.job.report is not None
    assert "no_subject" == world.job.report["trials"][0]["reason"]
    world.assert_untouched()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", FailureCode.EMPTY_FILE),
        (b"<html>not found</html>", FailureCode.NOT_AN_IMAGE),
        (jpeg()[:400], FailureCode.TRUNCATED),
        (jpeg(4097, 200), FailureCode.TOO_LARGE),
        (jpeg(40, 40), FailureCode.TOO_SMALL),
    ],
)
def test_bad_files(world: World, data: bytes, code: FailureCode) -> None:
    """A file that can never be cut out fails for good, with its own code."""
    world.images.objects["books/1/image_00.jpg"] = data
    outcome = world.deliver()
    assert (Ending.FAILED, True, code) == (outcome.ending, outcome.acknowledged, outcome.code)
    assert ("failed", str(code)) == (world.job.status, world.job.failure_code)
    world.assert_untouched()


def test_object_missing(world: World) -> None:
    """A row without its object fails for good."""
    del world.images.objects["books/1/image_00.jpg"]
    assert FailureCode.OBJECT_MISSING == world.deliver().code
    assert "object_missing" == world.job.failure_code
    world.assert_untouched()


def test_no_images(world: World) -> None:
    """A book of cut-outs only has nothing to cut."""
    for image_id, (book_id, image) in list(world.jobs.images.items()):
        cut = GalleryImage(image.id, image.s3_key, None, image.display_order, image.is_primary, True)
        world.jobs.images[image_id] = (book_id, cut)
    assert FailureCode.NO_IMAGES == world.deliver().code
    assert "no_images" == world.job.failure_code


def test_source_deleted_before_the_claim(world: World) -> None:
    """A job whose picture is gone says so."""
    world.jobs.delete_image(10)
    assert FailureCode.SOURCE_GONE == world.deliver().code
    assert "source_gone" == world.job.failure_code


def test_source_deleted_while_rendering(world: World) -> None:
    """The final transaction looks again."""
    world.jobs.before = lambda name: world.jobs.delete_image(10) if name == "complete" else None
    outcome = world.deliver()
    assert (Ending.FAILED, FailureCode.SOURCE_GONE) == (outcome.ending, outcome.code)
    assert "source_gone" == world.job.failure_code


def test_book_deleted_while_rendering(world: World) -> None:
    """The job's row went with its book: the message is acknowledged, the log has the code."""
    world.jobs.before = lambda name: world.jobs.delete_book(1) if name == "complete" else None
    outcome = world.deliver()
    assert (Ending.FAILED, FailureCode.BOOK_GONE, True) == (
        outcome.ending,
        outcome.code,
        outcome.acknowledged,
    )


@pytest.mark.parametrize("message", [JobMessage(JOB_ID, 2, 10), JobMessage(JOB_ID, 1, 11)])
def test_job_mismatch(world: World, message: JobMessage) -> None:
    """A message about another book or picture than its job's is refused."""
    assert FailureCode.JOB_MISMATCH == world.deliver(message=message).code
    assert "job_mismatch" == world.job.failure_code
    world.assert_untouched()


def test_unknown_job(world: World) -> None:
    """Looked for once more after 30 s, then let go."""
    message = JobMessage(uuid.uuid4(), 1, 10)
    first, second = world.deliver(1, message), world.deliver(2, message)
    assert (Ending.UNKNOWN_JOB, 30.0) == (first.ending, first.retry_in_seconds)
    assert (Ending.UNKNOWN_JOB, True) == (second.ending, second.acknowledged)


def test_live_lease(world: World) -> None:
    """The message comes back after the other worker's lease; on its last receipt it is let go."""
    world.jobs.claim(MESSAGE, 100)
    outcome = world.deliver()
    assert Ending.LEASE_HELD == outcome.ending
    assert outcome.retry_in_seconds is not None
    assert 100 < outcome.retry_in_seconds <= 110
    assert world.deliver(receive_count=5).acknowledged
    assert "processing" == world.job.status


def test_expired_lease_is_taken_over(world: World) -> None:
    """A crashed worker's job is done by the next delivery."""
    world.jobs.claim(MESSAGE, 100)
    world.jobs.now = 101
    assert Ending.COMPLETED == world.deliver(receive_count=2).ending


def test_crash_loop(world: World) -> None:
    """A photo that killed five workers is not given a sixth."""
    for _ in range(5):
        world.jobs.claim(MESSAGE, 1)
        world.jobs.now += 2
    outcome = world.deliver()
    assert (Ending.FAILED, FailureCode.CRASH_LOOP, True) == (
        outcome.ending,
        outcome.code,
        outcome.acknowledged,
    )
    assert "crash_loop" == world.job.failure_code
    world.assert_untouched()


@pytest.mark.parametrize("step", ["get", "put image/png", "put image/jpeg"])
def test_storage_outage(world: World, step: str) -> None:
    """A passing failure gives the lease back and returns the message with back-off."""
    world.images.before = failing(step, TransientError("S3 is down"))
    outcome = world.deliver(receive_count=2)
    assert Ending.RETRY == outcome.ending
    assert outcome.retry_in_seconds is not None
    assert 240 <= outcome.retry_in_seconds <= 360
    assert ("pending", 0) == (world.job.status, world.job.claim_count)
    world.images.before = lambda _: None
    assert Ending.COMPLETED == world.deliver(receive_count=3).ending


@pytest.mark.parametrize("step", ["claim", "assert_held", "complete"])
def test_database_outage(world: World, step: str) -> None:
    """Wherever the database goes away, the next delivery finishes the job."""
    world.jobs.before = failing(step, TransientError("the database is down"))
    assert Ending.RETRY == world.deliver().ending
    world.jobs.before = lambda _: None
    world.jobs.now += 400
    assert Ending.COMPLETED == world.deliver(receive_count=2).ending


def test_database_away_when_the_lease_is_given_back(world: World) -> None:
    """The lease then ends by itself."""

    def before(name: str) -> None:
        if name in {"complete", "release"}:
            raise TransientError("the database is down")

    world.jobs.before = before
    assert Ending.RETRY == world.deliver().ending
    assert "processing" == world.job.status
    world.jobs.before = lambda _: None
    world.jobs.now += 400
    assert Ending.COMPLETED == world.deliver(receive_count=2).ending


@pytest.mark.parametrize("receive_count", [1, 5])
def test_a_commit_whose_answer_is_lost(world: World, receive_count: int) -> None:
    """The job is completed: its message is acknowledged even on the last receipt, not dead-lettered."""
    complete = world.jobs.complete

    def committed_but_unanswered(claim: Claim, picture: FinishedPicture) -> int:
        complete(claim, picture)
        raise TransientError("the connection broke")

    world.jobs.complete = committed_but_unanswered  # type: ignore[method-assign] # the fake is the test's own
    outcome = world.deliver(receive_count)
    assert (Ending.LEASE_LOST, True) == (outcome.ending, outcome.acknowledged)
    assert ("completed", None) == (world.job.status, world.job.failure_code)
    assert 1 == sum(image.is_primary for image in world.jobs.gallery(1))


def test_verdict_that_cannot_be_written_is_not_lost(world: World) -> None:
    """A rejection whose row cannot be written comes back."""
    world.renderer.result = rejection()
    world.jobs.before = failing("fail", TransientError("the database is down"))
    assert Ending.RETRY == world.deliver().ending


def test_last_receipt_of_an_outage(world: World) -> None:
    """The job says that retries are exhausted, and the item still fails: the dead-letter queue keeps it."""
    world.images.before = failing("get", TransientError("S3 is down"))
    outcome = world.deliver(receive_count=5)
    assert (Ending.RETRY, FailureCode.RETRIES_EXHAUSTED) == (outcome.ending, outcome.code)
    assert not outcome.acknowledged
    assert ("failed", "retries_exhausted") == (world.job.status, world.job.failure_code)
    world.assert_untouched()


@pytest.mark.parametrize("error", [ValueError("a bug"), MemoryError(), KeyError("x")])
def test_bug_is_retried_and_logged(world: World, error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    """A bug never loses the message; its traceback is in the log, its text not in the row."""
    world.renderer.result = error
    assert Ending.RETRY == world.deliver().ending
    assert "pending" == world.job.status
    assert any(record.levelname == "ERROR" and record.exc_info for record in caplog.records)


def test_deadline(world: World) -> None:
    """With the invocation's end near nothing is begun; the lease is free for the next one."""
    world.remaining_seconds = 5
    outcome = world.deliver()
    assert (Ending.RETRY, "pending") == (outcome.ending, world.job.status)
    assert world.job.report is not None
    assert "deadline" == world.job.report["last_error"]["code"]
    world.assert_untouched()


def test_stale_worker_writes_nothing(world: World) -> None:
    """Paused beyond its lease before its first PUT, a worker neither writes objects nor rows."""
    world.jobs.before = lambda name: _overtake(world) if name == "assert_held" else None
    outcome = world.deliver()
    assert (Ending.LEASE_LOST, True) == (outcome.ending, outcome.acknowledged)
    world.assert_untouched()


def test_worker_overtaken_after_the_token_check(world: World) -> None:
    """Paused between the check and the PUT, it leaves its successor's bytes alone."""
    successor = b"the successor's bytes"

    def before(name: str) -> None:
        if name == "put image/png":
            _overtake(world)
            world.images.objects[f"books/{DB_KEY}"] = successor

    world.images.before = before
    assert Ending.LEASE_LOST == world.deliver().ending
    assert successor == world.images.objects[f"books/{DB_KEY}"]


def _overtake(world: World) -> None:
    world.jobs.before = lambda _: None
    world.jobs.now += 1000
    world.jobs.claim(MESSAGE, 100)
