"""Retries, dead letters, bulk queueing and health, on a real PostgreSQL and a real queue."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.models import ImageProcessingJob as Job
from app.services import bulk_enqueue
from app.services.bulk_enqueue import Enqueued, Picture
from app.services.dead_letters import DeadLetters, Redriven
from app.services.health import Health, health
from app.services.job_queue import JobQueue
from app.services.job_retry import Reopening, retry_job
from lambdas.image_processor.aws import Clients
from lambdas.image_processor.config import AwsSettings
from lambdas.image_processor.domain import Claim, JobMessage
from lambdas.image_processor.errors import FailureCode, PermanentError
from local.aws import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY, Aws
from tests.contract.worlds import PostgresWorld
from tests.fake_sqs import FakeSqs


@pytest.fixture
def world(database: Engine) -> PostgresWorld:
    return PostgresWorld(database)


@pytest.fixture
def db(database: Engine) -> Iterator[Session]:
    with Session(database) as session:
        yield session


def fail(
    world: PostgresWorld, code: FailureCode = FailureCode.RETRIES_EXHAUSTED
) -> tuple[uuid.UUID, int, int]:
    """Return a failed job, its book and its picture."""
    book_id, (image_id,) = world.add_book(1)
    job_id = world.add_job(book_id, image_id)
    claimed = world.store.claim(JobMessage(job_id, book_id, image_id), 60)
    assert isinstance(claimed, Claim)
    world.store.fail(claimed, PermanentError(code), {}, 2)
    return job_id, book_id, image_id


def bodies(aws: Aws, queue_url: str) -> list[dict[str, object]]:
    """Return the bodies of up to ten messages, and leave them."""
    answer = aws.sqs.receive_message(
        QueueUrl=queue_url, MaxNumberOfMessages=10, VisibilityTimeout=0, WaitTimeSeconds=0
    )
    return [json.loads(message["Body"]) for message in answer.get("Messages", [])]


def test_retry_starts_over(world: PostgresWorld, db: Session) -> None:
    """Pending again, the counters at zero, committed, then sent and stamped."""
    sqs = FakeSqs()
    job_id, book_id, image_id = fail(world)
    assert Reopening.REOPENED == retry_job(db, job_id, sqs.queue())
    assert [{"job_id": str(job_id), "book_id": book_id, "image_id": image_id}] == sqs.bodies
    job = db.get_one(Job, job_id)
    assert ("pending", 0, 0, 0, None, None, None) == (
        job.status,
        job.claim_count,
        job.queue_retry_count,
        job.attempt_count,
        job.failure_code,
        job.failure_reason,
        job.completed_at,
    )
    assert job.enqueued_at is not None
    assert isinstance(world.store.claim(JobMessage(job_id, book_id, image_id), 60), Claim)


def test_retry_refusals(world: PostgresWorld, db: Session) -> None:
    """Only a failure is reopened, never beside a live twin, never without its picture."""
    sqs = FakeSqs()
    assert Reopening.NOT_FAILED == retry_job(db, uuid.uuid4(), sqs.queue())
    job_id, book_id, image_id = fail(world)
    twin = world.add_job(book_id, image_id)
    assert Reopening.NOT_FAILED == retry_job(db, twin, sqs.queue())
    assert Reopening.HAS_LIVE_TWIN == retry_job(db, job_id, sqs.queue())
    world.delete_image(image_id)
    assert Reopening.SOURCE_GONE == retry_job(db, job_id, sqs.queue())
    assert ([], "failed") == (sqs.bodies, world.job(job_id).status)


def test_retry_while_sqs_is_down(world: PostgresWorld, db: Session) -> None:
    """The job waits for the reconciler."""
    job_id, _, _ = fail(world)
    assert Reopening.WAITS_FOR_RECONCILER == retry_job(db, job_id, FakeSqs(is_down=True).queue())
    assert "queue_failed" == world.job(job_id).status


@pytest.fixture
def letters(aws: Aws) -> DeadLetters:
    return DeadLetters(aws.sqs, aws.queue_url, aws.dead_letter_url)


def send_dead(aws: Aws, body: str) -> str:
    attribute = {"origin": {"DataType": "String", "StringValue": "import"}}
    return aws.sqs.send_message(
        QueueUrl=aws.dead_letter_url,
        MessageBody=body,
        MessageAttributes=attribute,  # type: ignore[arg-type] # a TypedDict of the stubs'
    )["MessageId"]


def test_looking_leaves_them(aws: Aws, letters: DeadLetters) -> None:
    """Readable ones name their job; poison is shown as it is."""
    job_id = uuid.uuid4()
    ids = {send_dead(aws, json.dumps({"job_id": str(job_id)})), send_dead(aws, "{")}
    found = letters.look(10)
    assert ids == {letter.message_id for letter in found}
    assert {job_id, None} == {letter.job_id for letter in found}
    assert 2 == len(letters.look(10))
    assert 1 == len(letters.look(1))


def test_redrive(aws: Aws, letters: DeadLetters, world: PostgresWorld, db: Session) -> None:
    """Jobs whose cause may have gone are pending before their message is back; the trail is copied."""
    exhausted, refused = fail(world), fail(world, FailureCode.NO_SUBJECT)
    for job_id, book_id, image_id in (exhausted, refused):
        send_dead(aws, json.dumps({"job_id": str(job_id), "book_id": book_id, "image_id": image_id}))
    assert Redriven(2, 1, by_move_task=False) == letters.redrive(db, 100)
    assert ("pending", "failed") == (world.job(exhausted[0]).status, world.job(refused[0]).status)
    assert ((2, 0), (0, 0)) == (aws.depth(), aws.depth(aws.dead_letter_url))
    message = aws.sqs.receive_message(QueueUrl=aws.queue_url, MessageAttributeNames=["All"])["Messages"][0]
    trail = message["MessageAttributes"]
    assert {"origin", "redriven_from_message", "redriven_receive_count"} == set(trail)


def test_purge_one(aws: Aws, letters: DeadLetters) -> None:
    """Exactly the named one goes, and its body is returned."""
    kept, gone = send_dead(aws, "kept"), send_dead(aws, "gone")
    purged = letters.purge_one(gone)
    assert purged is not None
    assert "gone" == purged.body
    assert [kept] == [letter.message_id for letter in letters.look(10)]
    assert letters.purge_one(gone) is None


def test_the_unprocessed(world: PostgresWorld, db: Session) -> None:
    """Books with a cut-out, a live job or a refused photo are left out; the rest name their primary one."""
    fresh, (first, _) = world.add_book(2)
    _, (processed, _) = world.add_book(2)
    world.set_processed(processed)
    busy, (image_id,) = world.add_book(1)
    world.add_job(busy, image_id)
    fail(world, FailureCode.NO_SUBJECT)
    world.add_book(0)
    assert [Picture(fresh, first)] == list(bulk_enqueue.unprocessed_pictures(db))
    assert 1 == bulk_enqueue.count_unprocessed(db)


def test_batches_can_be_resumed(world: PostgresWorld, db: Session, aws: Aws) -> None:
    """Ten in one call; a second time there is nothing left to queue."""
    for _ in range(12):
        world.add_book(1)
    queue = JobQueue(aws.sqs, aws.queue_name)
    pictures = list(bulk_enqueue.unprocessed_pictures(db))
    assert Enqueued(10, 0, 0) == bulk_enqueue.enqueue_batch(db, pictures[:10], queue)
    assert 2 == len(list(bulk_enqueue.unprocessed_pictures(db)))
    assert Enqueued(2, 0, 8) == bulk_enqueue.enqueue_batch(db, pictures[2:], queue)
    assert (12, 0) == aws.depth()
    assert {"job_id", "book_id", "image_id"} == set(bodies(aws, aws.queue_url)[0])


def test_a_batch_that_sqs_refuses_in_part(world: PostgresWorld, db: Session) -> None:
    """The others are stamped; the refused ones are the reconciler's."""
    for _ in range(3):
        world.add_book(1)
    pictures = list(bulk_enqueue.unprocessed_pictures(db))
    sqs = FakeSqs(is_down=True)
    assert Enqueued(0, 2, 0) == bulk_enqueue.enqueue_batch(db, pictures[:2], sqs.queue())
    sqs.is_down = False
    assert Enqueued(1, 0, 0) == bulk_enqueue.enqueue_batch(db, pictures[2:], sqs.queue())
    statuses = sorted(job.status for job in db.query(Job))
    assert ["pending", "queue_failed", "queue_failed"] == statuses


def test_health(world: PostgresWorld, db: Session, aws: Aws) -> None:
    """Depths from SQS, ages and counts from the database."""
    assert Health(0, 0, None, 0, 0) == health(aws.sqs, db, queue_name=aws.queue_name)
    db.rollback()
    fail(world)
    book_id, (waiting, dead) = world.add_book(2)
    world.add_job(book_id, waiting)
    world.store.claim(JobMessage(world.add_job(book_id, dead), book_id, dead), 5)
    world.pass_time(600)
    send_dead(aws, "{")
    found = health(aws.sqs, db, queue_name=aws.queue_name)
    assert (0, 1, 1, 1) == (found.queue_depth, found.dead_letter_depth, found.stuck, found.failed)
    assert found.oldest_pending_seconds is not None
    assert 600 <= found.oldest_pending_seconds < 660


def test_health_without_sqs(world: PostgresWorld, db: Session) -> None:
    """The database's half still answers."""
    settings = AwsSettings(REGION, ACCESS_KEY_ID, SECRET_ACCESS_KEY, None, "http://127.0.0.1:9")
    clients = Clients(settings)
    fail(world)
    found = health(clients.sqs, db, queue_name="pictures")
    assert Health(None, None, None, 0, 1) == found
    for client in (clients.sqs, clients.s3, clients.secrets):
        client.close()
