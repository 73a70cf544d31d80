"""The operator's commands, each on a real PostgreSQL and real queues, through the command line."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import URL, Engine
from typer.testing import CliRunner

from cli.main import app
from lambdas.image_processor.domain import Claim, JobMessage
from lambdas.image_processor.errors import FailureCode, PermanentError
from lambdas.image_processor.storage import object_keys
from local.aws import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY, Aws
from tests.contract.worlds import PostgresWorld


@dataclass
class Desk:
    """An operator's shell: the environment that production's has, and what stands behind it."""

    world: PostgresWorld
    aws: Aws
    environment: dict[str, str]

    def run(self, *arguments: str, status: int = 0, **environment: str) -> str:
        """Run a command, assert its exit status, and return what it printed."""
        done = CliRunner(env=self.environment | environment).invoke(app, list(arguments))
        assert status == done.exit_code, (done.output, done.exception)
        return done.output

    def json(self, *arguments: str, status: int = 0) -> Any:
        return json.loads(self.run(*arguments, "--json", status=status))

    def failed_job(self, code: FailureCode) -> tuple[uuid.UUID, int, int]:
        """Return a failed job with its book and picture."""
        book_id, (image_id,) = self.world.add_book(1)
        job_id = self.world.add_job(book_id, image_id)
        claimed = self.world.store.claim(JobMessage(job_id, book_id, image_id), 60)
        assert isinstance(claimed, Claim)
        self.world.store.fail(claimed, PermanentError(code), {"trials": []}, 2)
        return job_id, book_id, image_id


@pytest.fixture
def desk(database: Engine, database_url: URL, aws: Aws) -> Desk:
    environment = {
        "DATABASE_URL": database_url.render_as_string(hide_password=False),
        "IMAGE_PROCESSING_QUEUE_NAME": aws.queue_name,
        "IMAGES_BUCKET": aws.bucket,
        "AWS_ENDPOINT_URL": aws.endpoint_url,
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        "COLUMNS": "200",
    }
    return Desk(PostgresWorld(database), aws, environment)


def test_jobs_list_and_show(desk: Desk) -> None:
    """What failed and what to do about it; filters narrow the list."""
    job_id, book_id, _ = desk.failed_job(FailureCode.NO_SUBJECT)
    desk.failed_job(FailureCode.CRASH_LOOP)
    assert {"no_subject", "crash_loop"} == {row["failure_code"] for row in desk.json("jobs", "list")}
    assert [str(job_id)] == [row["id"] for row in desk.json("jobs", "list", "--code", "no_subject")]
    assert [str(job_id)] == [row["id"] for row in desk.json("jobs", "list", "--book", str(book_id))]
    assert [] == desk.json("jobs", "list", "--status", "completed")
    assert str(job_id) in desk.run("jobs", "list")
    shown = desk.run("jobs", "show", str(job_id))
    assert "No book could be told from the background." in shown
    assert "Photograph it on a plain, contrasting surface." in shown
    row = desk.json("jobs", "show", str(job_id))
    assert ("failed", 2) == (row["status"], row["attempt_count"])
    assert "lease_token" not in row
    assert "there is no job" in desk.run("jobs", "show", str(uuid.uuid4()), status=1)


def test_jobs_retry(desk: Desk) -> None:
    """By id or by code; a job that is not failed makes the command fail and stays as it is."""
    by_id, by_code = desk.failed_job(FailureCode.TRUNCATED), desk.failed_job(FailureCode.RETRIES_EXHAUSTED)
    assert "reopened" in desk.run("jobs", "retry", str(by_id[0]))
    assert "reopened" in desk.run("jobs", "retry", "--code", "retries_exhausted")
    assert ("pending", "pending") == tuple(desk.world.job(job[0]).status for job in (by_id, by_code))
    assert (2, 0) == desk.aws.depth()
    assert "not failed" in desk.run("jobs", "retry", str(by_id[0]), status=1)
    assert (2, 0) == desk.aws.depth()
    desk.run("jobs", "retry", status=2)
    desk.run("jobs", "retry", str(by_id[0]), "--code", "truncated", status=2)


def test_dead_letters(desk: Desk) -> None:
    """Looked at, sent back with their jobs reopened, or removed one by one."""
    job_id, book_id, image_id = desk.failed_job(FailureCode.RETRIES_EXHAUSTED)
    body = json.dumps({"job_id": str(job_id), "book_id": book_id, "image_id": image_id})
    for text in (body, "{poison"):
        desk.aws.sqs.send_message(QueueUrl=desk.aws.dead_letter_url, MessageBody=text)
    listed = desk.json("dlq", "list")
    assert {str(job_id), None} == {row["job_id"] for row in listed}
    assert "it cannot be read" in desk.run("dlq", "list")
    poison = next(row["message_id"] for row in listed if row["job_id"] is None)
    assert "{poison" == json.loads(desk.run("dlq", "purge-one", poison))["body"]
    assert "there is no message" in desk.run("dlq", "purge-one", poison, status=1)
    assert "1 messages sent back one by one, 1 jobs reopened" in desk.run("dlq", "redrive")
    assert ("pending", (1, 0)) == (desk.world.job(job_id).status, desk.aws.depth())


def test_enqueue(desk: Desk) -> None:
    """A dry run changes nothing; afterwards each unprocessed book has one job, however often it is run."""
    books = [desk.world.add_book(2) for _ in range(12)]
    assert "12 would be queued" in desk.run("enqueue", "--all-unprocessed", "--dry-run")
    assert (0, 0) == desk.aws.depth()
    assert "5 queued, 0 skipped" in desk.run("enqueue", "--all-unprocessed", "--limit", "5")
    assert "7 queued, 0 skipped" in desk.run("enqueue", "--all-unprocessed")
    assert "0 queued" in desk.run("enqueue", "--all-unprocessed")
    assert (12, 0) == desk.aws.depth()
    book_id, (first, second) = books[0]
    assert "1 queued" in desk.run("enqueue", "--image", str(second))
    assert "0 queued, 1 skipped" in desk.run("enqueue", "--book", str(book_id))
    assert first == desk.json("jobs", "list", "--book", str(book_id))[-1]["source_image_id"]
    assert "there is no picture" in desk.run("enqueue", "--image", "999999", status=1)
    desk.run("enqueue", status=2)
    desk.run("enqueue", "--book", "1", "--all-unprocessed", status=2)


def test_enqueue_while_sqs_is_away(desk: Desk) -> None:
    """The jobs are there, the command says who sends them, and the reconciler does."""
    book_id, _ = desk.world.add_book(1)
    told = desk.run("enqueue", "--book", str(book_id), status=1, AWS_ENDPOINT_URL="http://127.0.0.1:9")
    assert "1 left to the reconciler" in told
    assert 1 == desk.json("reconcile")["sent"]
    assert (1, 0) == desk.aws.depth()


def test_reconcile(desk: Desk) -> None:
    """Counts in words; a silent SQS is said and fails the command."""
    assert "nothing to do" in desk.run("reconcile")
    book_id, (image_id,) = desk.world.add_book(1)
    desk.world.store.claim(JobMessage(desk.world.add_job(book_id, image_id), book_id, image_id), 5)
    desk.world.pass_time(10)
    assert "SQS did not answer" in desk.run("reconcile", status=1, AWS_ENDPOINT_URL="http://127.0.0.1:9")
    assert "taken back 1" in desk.run("reconcile")


def test_sweep(desk: Desk) -> None:
    """Nothing young is listed; the guard cannot be lowered."""
    job_id, book_id, _ = desk.failed_job(FailureCode.RETRIES_EXHAUSTED)
    key = object_keys(book_id, job_id).image_key
    desk.aws.s3.put_object(Bucket=desk.aws.bucket, Key=key, Body=b"x")
    assert {"deleted": False, "objects": []} == desk.json("sweep")
    assert "0 objects, 0.0 MiB, deleted" in desk.run("sweep", "--delete")
    desk.run("sweep", "--min-age-hours", "1", status=2)
    assert [key] == desk.aws.keys()
    assert "cannot be swept" in desk.run("sweep", status=1, IMAGES_BUCKET="no-such-bucket")


def test_health(desk: Desk) -> None:
    """Well: 0; dead letters, stuck jobs or a silent SQS: 1."""
    assert "stuck" in desk.run("health")
    desk.aws.sqs.send_message(QueueUrl=desk.aws.dead_letter_url, MessageBody="{")
    assert 1 == desk.json("health", status=1)["dead_letter_depth"]
    assert "unknown" in desk.run("health", status=1, AWS_ENDPOINT_URL="http://127.0.0.1:9")


@pytest.mark.parametrize("command", [["reconcile"], ["dlq", "list"], ["health"], ["enqueue", "--book", "1"]])
def test_a_missing_variable_is_named(desk: Desk, command: list[str]) -> None:
    """Exit status 2, and the variable's name."""
    assert "IMAGE_PROCESSING_QUEUE_NAME" in desk.run(*command, status=2, IMAGE_PROCESSING_QUEUE_NAME="")


def test_an_unreachable_database_is_a_sentence(desk: Desk) -> None:
    """No traceback, no password."""
    url = "postgresql://somebody:hush@127.0.0.1:9/books"
    told = desk.run("jobs", "list", status=1, DATABASE_URL=url)
    assert "the database cannot be reached" in told
    assert "hush" not in told
