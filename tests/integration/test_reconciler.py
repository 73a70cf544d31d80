"""The reconciler on a real PostgreSQL: what is lost is found, what is only slow is left alone."""

from __future__ import annotations

import json
import uuid
from collections import deque
from dataclasses import dataclass, field

import pytest
from sqlalchemy import URL, Engine, create_engine, func, select, text, update
from sqlalchemy.orm import Session

from app.models import ImageProcessingJob as Job
from lambdas.image_processor.domain import Claim, JobMessage
from lambdas.image_processor.errors import TransientError
from lambdas.reconciler import handler
from lambdas.reconciler.reconcile import Reconciler
from lambdas.reconciler.tally import Tally
from local.aws import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY, Aws
from tests.contract.worlds import PostgresWorld
from tests.fake_sqs import FakeSqs

MINUTE = 60.0


@dataclass
class Scene:
    """A database with jobs, and a queue to send to."""

    engine: Engine
    sqs: FakeSqs = field(default_factory=FakeSqs)

    def __post_init__(self) -> None:
        self.world = PostgresWorld(self.engine)

    def job(self, status: str = "pending") -> uuid.UUID:
        """Add a job of a book of its own."""
        book_id, (image_id,) = self.world.add_book(1)
        return self.world.add_job(book_id, image_id, status)

    def claim(self, job_id: uuid.UUID, lease_seconds: float) -> Claim:
        row = self.row(job_id)
        message = JobMessage(job_id, row.book_id, row.source_image_id or 0)
        claimed = self.world.store.claim(message, lease_seconds)
        assert isinstance(claimed, Claim)
        return claimed

    def run(self) -> Tally:
        return Reconciler(self.engine, self.sqs.queue()).run()

    def row(self, job_id: uuid.UUID) -> Job:
        with Session(self.engine, expire_on_commit=False) as session:
            return session.get_one(Job, job_id)

    def sent(self) -> list[str]:
        return [body["job_id"] for body in self.sqs.bodies]


@pytest.fixture
def scene(database: Engine) -> Scene:
    return Scene(database)


def test_a_lost_message_is_sent_again_after_half_an_hour(scene: Scene) -> None:
    """Killed between commit and send, the API leaves a job without a message."""
    job_id = scene.job()
    scene.world.pass_time(29 * MINUTE)
    assert Tally(depth=0) == scene.run()
    scene.world.pass_time(2 * MINUTE)
    assert Tally(depth=0, republished=1) == scene.run()
    row = scene.row(job_id)
    body = {"job_id": str(job_id), "book_id": row.book_id, "image_id": row.source_image_id}
    assert ([body], "pending", 1) == (scene.sqs.bodies, row.status, row.queue_retry_count)


def test_the_wait_doubles(scene: Scene) -> None:
    """30, 60, 120 minutes ... up to 16 hours; a claim starts it over."""
    job_id = scene.job()
    for wait in (30, 60, 120, 240, 480, 960, 960):
        scene.world.pass_time((wait - 1) * MINUTE)
        assert 0 == scene.run().republished
        scene.world.pass_time(2 * MINUTE)
        assert 1 == scene.run().republished
    scene.world.store.release(scene.claim(job_id, 60), {})
    assert 0 == scene.row(job_id).queue_retry_count


def test_a_deep_queue_is_slow_and_not_lost(scene: Scene) -> None:
    """At 50 visible messages nothing pending is sent; below, at most 50 a run."""
    for _ in range(60):
        scene.job()
    scene.world.pass_time(31 * MINUTE)
    scene.sqs.says_depth = 50
    assert Tally(depth=50) == scene.run()
    scene.sqs.says_depth = 49
    assert Tally(depth=49, republished=50) == scene.run()


def test_an_expired_lease_is_taken_back_and_sent(scene: Scene) -> None:
    """A worker that died is replaced without waiting for its message; a living one is left alone."""
    dead, alive = scene.job(), scene.job()
    old = scene.claim(dead, 10)
    scene.claim(alive, 1000)
    scene.world.pass_time(11)
    scene.sqs.says_depth = 5000
    assert Tally(depth=5000, taken_back=1) == scene.run()
    assert [str(dead)] == scene.sent()
    assert ("pending", None) == (scene.row(dead).status, scene.row(dead).lease_token)
    assert "processing" == scene.row(alive).status
    assert 2 == scene.claim(dead, 60).claim_count
    assert old.token != scene.row(dead).lease_token


def test_crash_loop_is_ended_and_never_sent(scene: Scene) -> None:
    """Five deaths: the job says so, and no message brings the photo back."""
    job_id = scene.job()
    for _ in range(5):
        scene.claim(job_id, 10)
        scene.world.pass_time(11)
    assert Tally(depth=0, crash_loops=1) == scene.run()
    row = scene.row(job_id)
    assert ("failed", "crash_loop") == (row.status, row.failure_code)
    assert row.completed_at is not None
    scene.world.pass_time(1000 * MINUTE)
    assert Tally(depth=0) == scene.run()
    assert [] == scene.sent()


def test_rows_of_the_deployed_version_are_taken_back(scene: Scene) -> None:
    """`processing` without a lease, untouched for 15 minutes: its worker is gone."""
    job_id = scene.job()
    scene.world.abandon_like_the_old_version(job_id)
    scene.world.pass_time(14 * MINUTE)
    assert 0 == scene.run().taken_back
    scene.world.pass_time(2 * MINUTE)
    assert 1 == scene.run().taken_back


def test_refused_messages_are_sent_at_last(scene: Scene) -> None:
    """What SQS did not take from the API goes out at once, and counts as freshly sent."""
    job_id = scene.job("queue_failed")
    assert Tally(depth=0, sent=1) == scene.run()
    row = scene.row(job_id)
    assert ("pending", 0) == (row.status, row.queue_retry_count)
    assert row.enqueued_at is not None


def test_an_outage_of_sqs_costs_no_try(scene: Scene) -> None:
    """While the queue does not answer nothing is counted, however long it lasts."""
    refused, abandoned, lost = scene.job("queue_failed"), scene.job(), scene.job()
    scene.claim(abandoned, 10)
    scene.sqs.is_down = True
    for _ in range(10):
        scene.world.pass_time(31 * MINUTE)
        assert Tally(depth=None) == scene.run()
    assert ("queue_failed", 0) == (scene.row(refused).status, scene.row(refused).queue_retry_count)
    scene.sqs.is_down = False
    assert Tally(depth=0, sent=1, taken_back=1, republished=1) == scene.run()
    assert {str(refused), str(abandoned), str(lost)} == set(scene.sent())


def test_a_refused_message_blocks_no_other_and_is_given_up(scene: Scene) -> None:
    """The poison row is counted and stands behind the others; after three refusals it is over."""
    poison, other = scene.job("queue_failed"), scene.job("queue_failed")
    scene.sqs.refused = {str(poison)}
    assert Tally(depth=0, sent=1, errors=1) == scene.run()
    assert [str(other)] == scene.sent()
    assert 1 == scene.run().errors
    assert Tally(depth=1, errors=1, given_up=1) == scene.run()
    row = scene.row(poison)
    assert ("permanently_failed", "retries_exhausted") == (row.status, row.failure_code)
    assert Tally(depth=1) == scene.run()


def test_refused_beside_a_live_twin_is_superseded(scene: Scene) -> None:
    """The API queued the picture anew meanwhile: the older job gives way, the others go on."""
    book_id, (image_id,) = scene.world.add_book(1)
    old = scene.world.add_job(book_id, image_id, "queue_failed")
    scene.world.add_job(book_id, image_id)
    other = scene.job("queue_failed")
    assert Tally(depth=0, sent=1, superseded=1) == scene.run()
    assert ("failed", "superseded") == (scene.row(old).status, scene.row(old).failure_code)
    assert [str(other)] == scene.sent()


def test_a_job_without_its_picture_is_ended(scene: Scene) -> None:
    """No message could name the picture."""
    book_id, (image_id,) = scene.world.add_book(1)
    job_id = scene.world.add_job(book_id, image_id)
    scene.world.delete_image(image_id)
    scene.world.pass_time(31 * MINUTE)
    assert Tally(depth=0, source_gone=1) == scene.run()
    assert "source_gone" == scene.row(job_id).failure_code


def test_a_locked_row_is_skipped(scene: Scene) -> None:
    """Somebody else has it just now: the others do not wait."""
    locked, free = scene.job("queue_failed"), scene.job("queue_failed")
    with Session(scene.engine) as session:
        session.execute(select(Job.id).where(Job.id == locked).with_for_update())
        assert 1 == scene.run().sent
    assert [str(free)] == scene.sent()
    assert 1 == scene.run().sent


class Killed(BaseException):
    """Stands for SIGKILL: nothing catches it."""


@pytest.mark.parametrize("step", ["row_changed", "sent"])
@pytest.mark.parametrize("status", ["pending", "queue_failed", "processing"])
def test_killed_between_its_steps_it_loses_nothing(scene: Scene, step: str, status: str) -> None:
    """The row still asks for help, and the next run gives it: at worst a second message."""
    job_id = scene.job("queue_failed" if status == "queue_failed" else "pending")
    if status == "processing":
        scene.claim(job_id, 10)
    scene.world.pass_time(31 * MINUTE)

    def die(name: str) -> None:
        if name == step:
            raise Killed

    with pytest.raises(Killed):
        Reconciler(scene.engine, scene.sqs.queue(), observe=die).run()
    tally = scene.run()
    assert 1 == tally.republished + tally.sent + tally.taken_back
    assert {str(job_id)} == set(scene.sent())
    scene.claim(job_id, 60)


def test_the_end_of_its_time_ends_the_run(scene: Scene) -> None:
    """What is left is the next run's."""
    for _ in range(3):
        scene.job("queue_failed")
    times = iter([True, True, False])
    assert 2 == Reconciler(scene.engine, scene.sqs.queue()).run(lambda: next(times, False)).sent


def test_database_away(postgres_server: URL) -> None:
    """The run fails as a whole, and the schedule's next one goes on."""
    engine = create_engine(postgres_server.set(database="not_there"))
    with pytest.raises(TransientError):
        Reconciler(engine, FakeSqs().queue()).run()
    engine.dispose()


def test_ten_thousand_jobs_behind_one_slow_worker(scene: Scene) -> None:
    """The backlog takes half a day; the reconciler adds at most a tenth to its messages.

    It begins with 45 minutes in which every message is hidden in its back-off, so that the queue looks empty,
    and ends with a worker so slow that the last hundreds take hours.
    """
    jobs, period_seconds = 10_000, 5 * MINUTE
    waiting = deque(_ten_thousand(scene.engine, jobs))
    done: set[str] = set()
    extra = periods = 0
    while len(done) < jobs:
        periods += 1
        is_hidden = periods <= 9
        scene.sqs.says_depth, scene.sqs.bodies = 0 if is_hidden else len(waiting), []
        extra += scene.run().republished
        waiting += scene.sent()
        speed = 150 if len(waiting) > 300 else 7
        worked = {waiting.popleft() for _ in range(0 if is_hidden else min(speed, len(waiting)))}
        done |= worked
        _complete_and_wait(scene.engine, worked, period_seconds)
    assert 0 < extra <= jobs / 10


def _ten_thousand(engine: Engine, jobs: int) -> list[str]:
    """Insert jobs that were sent just now; return their ids."""
    statements = (
        "INSERT INTO books (id, title) VALUES (1, 'x')",
        "INSERT INTO book_images (id, book_id, s3_key) SELECT n, 1, n FROM generate_series(1, :jobs) n",
        (
            "INSERT INTO image_processing_jobs (book_id, source_image_id, enqueued_at) "
            "SELECT 1, n, now() FROM generate_series(1, :jobs) n"
        ),
    )
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement), {"jobs": jobs})
        return [str(job_id) for job_id in connection.execute(select(Job.id)).scalars()]


def _complete_and_wait(engine: Engine, worked: set[str], seconds: float) -> None:
    """Complete jobs, then let time pass for the others."""
    shift = func.make_interval(0, 0, 0, 0, 0, 0, seconds)
    with Session(engine) as session, session.begin():
        session.execute(update(Job).where(Job.id.in_(worked)).values(status="completed"))
        waits = update(Job).where(Job.status == "pending")
        session.execute(waits.values(enqueued_at=Job.enqueued_at - shift, created_at=Job.created_at - shift))


def test_the_lambda(database: Engine, database_url: URL, aws: Aws) -> None:
    """Composed from its environment, on a real queue: counts come back, the message is there."""
    aws.store_credentials(database_url)
    scene = Scene(database)
    job_id = scene.job("queue_failed")
    reconcile = handler.build(
        {
            "DATABASE_SECRET_ARN": aws.secret_arn,
            "ENVIRONMENT": "local",
            "IMAGE_PROCESSING_QUEUE_NAME": aws.queue_name,
            "AWS_ENDPOINT_URL": aws.endpoint_url,
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        }
    )
    try:
        counts = reconcile({}, Invocation())
    finally:
        reconcile.reconciler.engine.dispose()
    assert (1, 0, 0) == (counts["sent"], counts["errors"], counts["depth"])
    message = aws.sqs.receive_message(QueueUrl=aws.queue_url)["Messages"][0]
    assert str(job_id) == json.loads(message["Body"])["job_id"]


class Invocation:
    """Lambda's context with plenty of time."""

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


def test_metrics() -> None:
    """Every count is a metric; an unknown depth is none."""
    line = json.loads(handler.metrics_line(Tally(taken_back=2), "staging"))
    assert ([2.0], "staging") == (line["LeasesTakenBack"], line["environment"])
    assert "VisibleMessages" not in line
