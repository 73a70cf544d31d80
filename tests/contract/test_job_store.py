"""One suite for both job stores: what the fake promises the worker's tests, PostgreSQL keeps."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest

from lambdas.image_processor.domain import Claim, Finished, FinishedPicture, JobMessage
from lambdas.image_processor.errors import (
    FailureCode,
    LeaseHeldError,
    LeaseLostError,
    PermanentError,
    UnknownJobError,
)
from tests.contract.worlds import FakeWorld, PostgresWorld, World


@pytest.fixture(params=["fake", "postgresql"])
def world(request: pytest.FixtureRequest) -> World:
    if request.param == "fake":
        return FakeWorld()
    return PostgresWorld(request.getfixturevalue("database"))


def picture(job_id: uuid.UUID) -> FinishedPicture:
    return FinishedPicture(f"1_processed_{job_id}.png", None, "0" * 64, "book-v0", 1, {"recipe": "book-v0"})


def claim(world: World, job_id: uuid.UUID, book_id: int, image_id: int, lease_seconds: float = 60) -> Claim:
    claimed = world.store.claim(JobMessage(job_id, book_id, image_id), lease_seconds)
    assert isinstance(claimed, Claim)
    return claimed


def test_claim_and_complete(world: World) -> None:
    """The new picture is first and primary, the source last, the order gap-free."""
    book_id, (first, second, third) = world.add_book(3)
    job_id = world.add_job(book_id, first)
    held = claim(world, job_id, book_id, first)
    assert (first, 1) == (held.source.id, held.claim_count)
    assert "processing" == world.job(job_id).status
    world.store.assert_held(held)
    new = world.store.complete(held, picture(job_id))
    assert [
        (new, 0, True, True),
        (second, 1, False, False),
        (third, 2, False, False),
        (first, 3, False, False),
    ] == (world.gallery(book_id))
    row = world.job(job_id)
    assert ("completed", new, "book-v0", 1, False) == (
        row.status,
        row.processed_image_id,
        row.model_used,
        row.attempt_count,
        row.has_lease,
    )


def test_completed_is_never_reopened(world: World) -> None:
    """A redelivery finds the ending, however late."""
    book_id, (first,) = world.add_book(1)
    job_id = world.add_job(book_id, first)
    world.store.complete(claim(world, job_id, book_id, first), picture(job_id))
    world.pass_time(100_000)
    assert Finished(job_id, "completed", None) == world.store.claim(JobMessage(job_id, book_id, first), 60)


def test_unknown_job(world: World) -> None:
    """No row, no work."""
    with pytest.raises(UnknownJobError):
        world.store.claim(JobMessage(uuid.uuid4(), 1, 1), 60)


def test_live_lease_is_respected_and_an_expired_one_taken_over(world: World) -> None:
    """The first claim holds until its lease ends; then its token is worth nothing."""
    book_id, (first,) = world.add_book(1)
    job_id = world.add_job(book_id, first)
    old = claim(world, job_id, book_id, first, lease_seconds=60)
    with pytest.raises(LeaseHeldError) as caught:
        world.store.claim(JobMessage(job_id, book_id, first), 60)
    assert 50 < caught.value.seconds_left <= 60
    world.pass_time(61)
    with pytest.raises(LeaseLostError):
        world.store.assert_held(old)
    new = claim(world, job_id, book_id, first)
    assert 2 == new.claim_count
    for write in (
        lambda: world.store.assert_held(old),
        lambda: world.store.complete(old, picture(job_id)),
        lambda: world.store.fail(old, PermanentError(FailureCode.NO_SUBJECT), {}),
        lambda: world.store.release(old, {}),
    ):
        with pytest.raises(LeaseLostError):
            write()
    world.store.complete(new, picture(job_id))
    assert 2 == len(world.gallery(book_id))


def test_an_expired_lease_that_nobody_took_still_completes(world: World) -> None:
    """The token is the fence: late but alone is not stale."""
    book_id, (first,) = world.add_book(1)
    job_id = world.add_job(book_id, first)
    held = claim(world, job_id, book_id, first, lease_seconds=1)
    world.pass_time(5)
    world.store.complete(held, picture(job_id))
    assert "completed" == world.job(job_id).status


def test_fail(world: World) -> None:
    """The row says why; the gallery stays."""
    book_id, (first, second) = world.add_book(2)
    job_id = world.add_job(book_id, first)
    held = claim(world, job_id, book_id, first)
    world.store.fail(held, PermanentError(FailureCode.FRAGMENTS), {"trials": []}, 2)
    row = world.job(job_id)
    assert ("failed", "fragments", 2, False) == (
        row.status,
        row.failure_code,
        row.attempt_count,
        row.has_lease,
    )
    assert [(first, 0, True, False), (second, 1, False, False)] == world.gallery(book_id)
    assert Finished(job_id, "failed", "fragments") == world.store.claim(
        JobMessage(job_id, book_id, first), 60
    )


def test_release_makes_it_claimable_at_once(world: World) -> None:
    """A released claim does not count towards the crash loop."""
    book_id, (first,) = world.add_book(1)
    job_id = world.add_job(book_id, first)
    for _ in range(7):
        world.store.release(claim(world, job_id, book_id, first), {})
    assert ("pending", 0, False) == (
        world.job(job_id).status,
        world.job(job_id).claim_count,
        world.job(job_id).has_lease,
    )


def test_crash_loop(world: World) -> None:
    """Five claims without a word end the job."""
    book_id, (first,) = world.add_book(1)
    job_id = world.add_job(book_id, first)
    for _ in range(5):
        claim(world, job_id, book_id, first, lease_seconds=10)
        world.pass_time(11)
    ended = world.store.claim(JobMessage(job_id, book_id, first), 60)
    assert Finished(job_id, "failed", "crash_loop", FailureCode.CRASH_LOOP) == ended
    assert "crash_loop" == world.job(job_id).failure_code


@pytest.mark.parametrize(
    ("arrange", "code"),
    [
        (lambda world, first, _: world.delete_image(first), FailureCode.SOURCE_GONE),
        (
            lambda world, first, second: (world.set_processed(first), world.set_processed(second)),
            FailureCode.NO_IMAGES,
        ),
    ],
)
def test_claims_that_end_the_job(
    world: World, arrange: Callable[[World, int, int], object], code: FailureCode
) -> None:
    """A job without a picture to cut fails at its claim."""
    book_id, (first, second) = world.add_book(2)
    job_id = world.add_job(book_id, first)
    arrange(world, first, second)
    ended = world.store.claim(JobMessage(job_id, book_id, first), 60)
    assert Finished(job_id, "failed", str(code), code) == ended
    assert ("failed", str(code), False) == (
        world.job(job_id).status,
        world.job(job_id).failure_code,
        world.job(job_id).has_lease,
    )


def test_mismatch(world: World) -> None:
    """A message about another picture than its job's ends the job."""
    book_id, (first, second) = world.add_book(2)
    job_id = world.add_job(book_id, first)
    ended = world.store.claim(JobMessage(job_id, book_id, second), 60)
    assert Finished(job_id, "failed", "job_mismatch", FailureCode.JOB_MISMATCH) == ended


def test_source_and_book_deleted_before_the_completion(world: World) -> None:
    """The final transaction looks again under its locks."""
    book_id, (first, second) = world.add_book(2)
    job_id = world.add_job(book_id, first)
    held = claim(world, job_id, book_id, first)
    world.delete_image(first)
    with pytest.raises(PermanentError) as caught:
        world.store.complete(held, picture(job_id))
    assert FailureCode.SOURCE_GONE == caught.value.code
    assert [(second, 1, False, False)] == world.gallery(book_id)
    world.delete_book(book_id)
    with pytest.raises(PermanentError) as caught:
        world.store.complete(held, picture(job_id))
    assert FailureCode.BOOK_GONE == caught.value.code


def test_done_sources_rank_last(world: World) -> None:
    """The picture that has its cut-out is not cut again while another one waits."""
    book_id, (first, second) = world.add_book(2)
    done = world.add_job(book_id, first)
    world.store.complete(claim(world, done, book_id, first), picture(done))
    again = world.add_job(book_id, first)
    assert second == claim(world, again, book_id, first).source.id


def test_queue_failed_is_claimable(world: World) -> None:
    """Where the send timed out after SQS took the message, the worker may be first."""
    book_id, (first,) = world.add_book(1)
    job_id = world.add_job(book_id, first, "queue_failed")
    claim(world, job_id, book_id, first)
    assert "processing" == world.job(job_id).status


def test_queue_failed_beside_a_live_twin_is_superseded(world: World) -> None:
    """Two live jobs of one picture cannot be: the older one gives way."""
    book_id, (first,) = world.add_book(1)
    old = world.add_job(book_id, first, "queue_failed")
    new = world.add_job(book_id, first)
    ended = world.store.claim(JobMessage(old, book_id, first), 60)
    assert Finished(old, "failed", "superseded", FailureCode.SUPERSEDED) == ended
    assert ("failed", "superseded") == (world.job(old).status, world.job(old).failure_code)
    claim(world, new, book_id, first)


def test_rows_of_the_deployed_version(request: pytest.FixtureRequest) -> None:
    """A `processing` row without a lease is left alone for 15 minutes, then taken over."""
    world = PostgresWorld(request.getfixturevalue("database"))
    book_id, (first,) = world.add_book(1)
    job_id = world.add_job(book_id, first)
    world.abandon_like_the_old_version(job_id)
    with pytest.raises(LeaseHeldError) as caught:
        world.store.claim(JobMessage(job_id, book_id, first), 60)
    assert 890 < caught.value.seconds_left <= 900
    world.pass_time(901)
    claim(world, job_id, book_id, first)
