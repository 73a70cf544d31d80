"""Runs in which what surrounds the workers fails, repeats itself, comes late, or tells another time."""

from __future__ import annotations

import signal
import time
import uuid
from collections.abc import Sequence
from contextlib import suppress
from os import kill
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import BookImage, JobStatus
from app.models import ImageProcessingJob as Job
from app.services.job_queue import JobQueue
from app.services.job_retry import retry_job
from lambdas.image_processor.storage import object_keys
from tests.chaos.parts import LEASE_SECONDS
from tests.chaos.scenes import Scene, scene
from tests.chaos.stack import ChaosStack
from tests.chaos.verdict import Verdict

#: Where a worker is paused beyond its lease; inside the final transaction it would hold the row's lock.
PAUSES = ("claimed", "downloaded", "rendered", "token_checked", "png_put", "thumb_put")


def postgres_restarted(stack: ChaosStack, jobs: int) -> Verdict:
    """The database is restarted politely, then crashes, while workers commit."""
    with scene(stack, "postgres-restarted") as run:
        run.enqueue(jobs)
        run.crew.keep_workers(4)
        for ending in (signal.SIGINT, signal.SIGQUIT):
            run.wait_for_steps("claimed", run.steps("claimed") + jobs // 4)
            stack.postgres.restart(ending)
        run.wait_until_ended(90)
    return run.verdict


def connections_cut(stack: ChaosStack, jobs: int) -> Verdict:
    """Every connection is cut again and again, also between the statements of a transaction."""
    with scene(stack, "connections-cut") as run:
        run.enqueue(jobs)
        run.crew.keep_workers(4)
        for _ in range(jobs):
            if run.all_ended():
                break
            time.sleep(stack.rng.uniform(0.1, 0.5))
            stack.cut_connections()
        run.wait_until_ended(90)
    return run.verdict


def s3_faults(stack: ChaosStack, jobs: int) -> Verdict:
    """S3 refuses, dawdles, resets before and after it did what was asked, and cuts bodies short."""
    with scene(stack, "s3-faults") as run:
        run.enqueue(jobs)
        stack.proxy.faults.set("s3", refused=0.15, slow=0.1, reset=0.1, lost=0.15, cut=0.1)
        run.crew.keep_workers(4)
        run.wait_for(run.all_ended, 3 + jobs / 2)
        stack.proxy.faults.clear()
        run.wait_until_ended(60)
    return _with_faults(run)


def sqs_faults(stack: ChaosStack, jobs: int) -> Verdict:
    """SQS refuses, resets, or does what was asked and does not say so: for callers, workers, reconciler."""
    with scene(stack, "sqs-faults") as run:
        stack.proxy.faults.set("sqs", refused=0.25, reset=0.15, lost=0.25)
        pictures = [(book, images[0]) for book, images in (stack.add_book(2) for _ in range(jobs))]
        run.crew.spawn("producer", pictures=pictures)
        run.crew.plans.extend([{"die_at": "downloaded"}] * 2)
        run.crew.keep_workers(3)
        run.wait_for(lambda: "producer" not in {run.crew.roles[pid] for pid in list(run.crew.alive)}, 60)
        with Session(stack.engine) as session:
            books = [book for book, _ in pictures]
            committed = session.scalars(select(Job.id).where(Job.book_id.in_(books))).all()
        run.expected |= dict.fromkeys(committed, "completed")
        run.verdict.lost += jobs - len(committed)
        run.wait_for(run.all_ended, 20)
        stack.proxy.faults.clear()
        run.wait_until_ended(90)
        run.verdict.extra["given_up"] = _retry_unsent(stack, committed)
        run.wait_until_ended(90)
    return _with_faults(run)


def _retry_unsent(stack: ChaosStack, job_ids: Sequence[uuid.UUID]) -> int:
    """Do what an operator does about jobs whose message SQS refused at every try; return how many.

    Such a job must end `permanently_failed`, never claimed; and it must be there to be tried again.
    """
    with Session(stack.engine) as session:
        unsent = session.scalars(
            select(Job.id).where(
                Job.id.in_(job_ids), Job.status == JobStatus.PERMANENTLY_FAILED, Job.claim_count == 0
            )
        ).all()
        for job_id in unsent:
            retry_job(session, job_id, JobQueue(stack.aws.sqs, stack.aws.queue_name))
    return len(unsent)


def secrets_throttled(stack: ChaosStack, jobs: int) -> Verdict:
    """Secrets Manager throttles while the password is rotated and connections are cut."""
    with scene(stack, "secrets-throttled") as run:
        run.enqueue(jobs)
        stack.proxy.faults.set("secretsmanager", refused=0.6, reset=0.1)
        run.crew.keep_workers(3)
        for _ in range(6):
            if run.wait_for(run.all_ended, 1.0):
                break
            stack.rotate_password()
            stack.cut_connections()
        stack.proxy.faults.clear()
        run.wait_until_ended(60)
    return _with_faults(run)


def duplicated_and_delayed(
    stack: ChaosStack, jobs: int, backend: Path | None = None, limit: float = 60
) -> Verdict:
    """Each message comes two to eight times, at once or late, also after the job has ended."""
    with scene(stack, "duplicated-delayed", backend=backend) as run:
        for number, (job_id, book_id, image_id) in enumerate(run.enqueue(jobs)):
            body = f'{{"job_id": "{job_id}", "book_id": {book_id}, "image_id": {image_id}}}'
            for copy in range(1 + number % 7):
                stack.aws.sqs.send_message(
                    QueueUrl=stack.aws.queue_url,
                    MessageBody=body,
                    DelaySeconds=0 if copy % 2 else 1 + copy % 3,
                )
        run.crew.keep_workers(4)
        run.wait_until_ended(limit)
    return run.verdict


def same_book(stack: ChaosStack, books: int, backend: Path | None = None, limit: float = 60) -> Verdict:
    """Four jobs of one book end at once: each lingers before its commit, the others meet its locks."""
    with scene(stack, "same-book", backend=backend) as run:
        run.enqueue(books, jobs_per_book=4)
        run.crew.plans.extend([{"hold_at": "before_commit", "hold_seconds": 0.25}] * 4)
        run.crew.keep_workers(4)
        run.wait_until_ended(limit)
    return run.verdict


def clock_off(stack: ChaosStack, jobs: int) -> Verdict:
    """One worker's clock is ten minutes fast, another's slow; kills show that leases do not mind."""
    with scene(stack, "clock-off") as run:
        run.enqueue(jobs)
        run.crew.plans.extend(
            [
                {"clock_offset": 600},
                {"clock_offset": -600},
                {"die_at": "rendered", "clock_offset": 600},
                {"die_at": "png_put", "clock_offset": -600},
            ]
        )
        run.crew.keep_workers(4)
        run.wait_until_ended(60)
    return run.verdict


def stale_worker(stack: ChaosStack, backend: Path | None = None, limit: float = 60) -> Verdict:
    """Workers of another version are paused beyond their lease, overtaken, and resumed: nothing changes."""
    with scene(stack, "stale-worker", backend=backend) as run:
        paused = []
        for number, step in enumerate(PAUSES, 1):
            pid = run.crew.spawn("worker", stop_at=step, once=True, other_version=True)
            run.enqueue(1)
            run.wait_for_steps("stopped", number)
            paused.append(pid)
        time.sleep(LEASE_SECONDS)
        run.crew.keep_workers(2)
        if not run.wait_until_ended(limit):
            return run.verdict
        before = _everything(run)
        for pid in paused:
            with suppress(ProcessLookupError):
                kill(pid, signal.SIGCONT)
        run.wait_for(lambda: not set(paused) & run.crew.alive, 20)
        after = _everything(run)
        for name in sorted(before.keys() | after.keys()):
            if before.get(name) != after.get(name):
                run.verdict.stale_writes += 1
                run.verdict.findings.append(f"stale_writes: {name} changed")
        run.verdict.extra["resumed"] = len(paused)
    return run.verdict


def stopped_in_the_transaction(stack: ChaosStack) -> Verdict:
    """A worker is paused with its last transaction open: PostgreSQL ends it, another one does the job."""
    with scene(stack, "stopped-in-the-transaction") as run:
        paused = run.crew.spawn("worker", stop_at="before_commit", once=True, other_version=True)
        run.enqueue(1)
        run.wait_for_steps("stopped", 1)
        run.enqueue(3)
        run.crew.keep_workers(2)
        # The session's idle_in_transaction_session_timeout, the lease and the reconciler's period.
        run.wait_until_ended(120)
        with suppress(ProcessLookupError):
            kill(paused, signal.SIGCONT)
        run.wait_for(lambda: paused not in run.crew.alive, 20)
    return run.verdict


def _everything(run: Scene) -> dict[str, Any]:
    """Return every row and object that the run's jobs have."""
    found: dict[str, Any] = {}
    stack = run.stack
    with Session(stack.engine) as session:
        for job in session.scalars(select(Job).where(Job.id.in_(run.expected))):
            found[f"job {job.id}"] = {
                column.key: getattr(job, column.key) for column in Job.__table__.columns
            }
            for image in session.scalars(select(BookImage).where(BookImage.book_id == job.book_id)):
                columns = BookImage.__table__.columns
                found[f"image {image.id}"] = {column.key: getattr(image, column.key) for column in columns}
            found |= _objects(stack, job.id, job.book_id)
    return found


def _objects(stack: ChaosStack, job_id: uuid.UUID, book_id: int) -> dict[str, Any]:
    keys = object_keys(book_id, job_id)
    found: dict[str, Any] = {}
    for key in (keys.image_key, keys.thumbnail_key):
        with suppress(stack.aws.s3.exceptions.ClientError):
            head = stack.aws.s3.head_object(Bucket=stack.aws.bucket, Key=key)
            found[key] = head["ETag"], head["LastModified"]
    return found


def _with_faults(run: Scene) -> Verdict:
    run.verdict.extra["faults"] = dict(run.stack.proxy.faults.counts)
    run.stack.proxy.faults.counts.clear()
    return run.verdict
