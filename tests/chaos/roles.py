"""What a forked process is: a worker behind its event source, the reconciler, or a caller of the API.

Everything is composed from the product's own parts. Only times are shortened, and steps are reported; where a
plan says so, the process kills or stops itself at a step.
"""

from __future__ import annotations

import json
import os
import random
import signal
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import botocore.auth
from botocore.exceptions import BotoCoreError, ClientError
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from app.services.image_processing import queue_image_processing
from app.services.job_queue import JobQueue
from lambdas.image_processor.aws import Clients
from lambdas.image_processor.config import AwsSettings
from lambdas.image_processor.domain import Claim, Delivery, FinishedPicture, Photo, Rejection, Rendition
from lambdas.image_processor.errors import PermanentError, TransientError
from lambdas.image_processor.handler import Handler, build
from lambdas.image_processor.jobs import JobStore
from lambdas.image_processor.ports import Timing
from lambdas.image_processor.sqs import Queue
from lambdas.reconciler import handler as reconciler_handler
from lambdas.reconciler.due import Policy
from local.aws import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY
from local.event_source import EventSource
from tests.chaos.events import Journal

LEASE_SECONDS = 3.0
RECONCILER_PERIOD_SECONDS = 1.0
#: An outage's back-off of minutes becomes seconds; waits for a lease keep their length, up to a cap.
_BACKOFF_SCALE = 60.0
_LONGEST_LEASE_WAIT_SECONDS = 4.0
#: So often a plan may kill one job: two claims stay until `crash_loop`.
_MOST_DEATHS = 3
_GRACE_SECONDS = 0.5


@dataclass
class Self:
    """This process: its plan, and the job it works on."""

    role: str
    plan: Mapping[str, Any]
    journal: Journal
    prepared: Prepared
    job_id: str | None = None

    def observe(self, step: str) -> None:
        """Report a step, and end, stop or linger there where the plan says so."""
        self.journal.write(self.role, step, self.job_id)
        if step == self.plan.get("hold_at"):
            time.sleep(float(self.plan["hold_seconds"]))
        if step == self.plan.get("stop_at"):
            self.journal.write(self.role, "stopped", self.job_id)
            os.kill(os.getpid(), signal.SIGSTOP)
        if self._dies_at(step):
            self.journal.write(self.role, "killed", self.job_id)
            os.kill(os.getpid(), signal.SIGKILL)

    def _dies_at(self, step: str) -> bool:
        if self.job_id is not None and self.job_id in self.plan.get("fatal_jobs", ()):
            return step == "downloaded"
        if step != self.plan.get("die_at"):
            return False
        deaths = Path(self.plan["deaths"])
        before = len(list(deaths.glob(f"{self.job_id}.*")))
        if self.job_id is not None and before >= _MOST_DEATHS:
            return False
        (deaths / f"{self.job_id}.{before}").touch()
        return True


class ReportingStore(JobStore):
    """Reports that a run is over before its lease is given up: two live leases at once would show."""

    def __init__(self, me: Self, engine: Any) -> None:
        super().__init__(engine, me.observe)
        self._me = me

    def complete(self, claim: Claim, picture: FinishedPicture) -> int:
        self._me.journal.write("worker", "ending", self._me.job_id)
        return super().complete(claim, picture)

    def fail(
        self, claim: Claim, error: PermanentError, report: Mapping[str, Any], attempt_count: int = 0
    ) -> None:
        self._me.journal.write("worker", "ending", self._me.job_id)
        super().fail(claim, error, report, attempt_count)

    def release(self, claim: Claim, report: Mapping[str, Any]) -> None:
        self._me.journal.write("worker", "ending", self._me.job_id)
        super().release(claim, report)


class QuickQueue(Queue):
    """Waits of minutes last seconds."""

    def retry_in(self, delivery: Delivery, seconds: float) -> None:
        is_backoff = seconds > 45
        short = seconds / _BACKOFF_SCALE if is_backoff else min(seconds, _LONGEST_LEASE_WAIT_SECONDS)
        super().retry_in(delivery, short)


@dataclass(frozen=True)
class OtherVersion:
    """A renderer whose bytes differ, as another version's would: nobody must find them afterwards."""

    renderer: Any

    def prepare(self) -> None:
        self.renderer.prepare()

    def render(self, photo: Photo, checkpoint: Any) -> Rendition | Rejection:
        result: Rendition | Rejection = self.renderer.render(photo, checkpoint)
        if isinstance(result, Rejection):
            return result
        return replace(result, png=result.png + b"stale", thumbnail=result.thumbnail + b"stale")


class Context:
    """Lambda's context: as much time as the lease leaves."""

    def get_remaining_time_in_millis(self) -> int:
        return round((LEASE_SECONDS - _GRACE_SECONDS) * 1000)


class Relay:
    """Stands in for a process's `observe` until the process is forked."""

    def __init__(self) -> None:
        self.target: Callable[[str], None] = lambda _: None

    def __call__(self, step: str) -> None:
        self.target(step)


@dataclass(frozen=True)
class Prepared:
    """What is made before the fork, once per environment: nothing in it is connected or loaded yet."""

    relay: Relay
    handler: Handler
    reconciler: reconciler_handler.Handler
    #: Through the proxy, as the worker and the API's callers have it.
    sqs: Any
    #: Lambda's poller is not ours to break.
    poller: Any


def prepare(plan: Mapping[str, Any]) -> Prepared:
    """Compose the real handlers with short times."""
    relay, environment = Relay(), plan["environment"]
    timing = Timing(reserve_seconds=0.2, lease_grace_seconds=_GRACE_SECONDS)
    direct = AwsSettings(REGION, ACCESS_KEY_ID, SECRET_ACCESS_KEY, None, plan["direct_endpoint"])
    return Prepared(
        relay=relay,
        handler=build(environment, relay, timing),
        reconciler=reconciler_handler.build(environment),
        sqs=Clients(AwsSettings.from_env(environment)).sqs,
        poller=Clients(direct).sqs,
    )


def compose(me: Self) -> Handler:
    """Return the real handler with a reporting store."""
    me.prepared.relay.target = me.observe
    handler = me.prepared.handler
    renderer: Any = handler.worker.renderer
    if me.plan.get("other_version"):
        renderer = OtherVersion(renderer)
    store = ReportingStore(me, handler.engine)
    worker = replace(handler.worker, jobs=store, renderer=renderer, rng=random.Random())
    return replace(handler, worker=worker, queue=QuickQueue(me.prepared.sqs, me.plan["queue_name"]))


def worker(me: Self) -> None:
    """Poll, invoke, delete, as Lambda's event source does, until killed; or once."""
    if me.plan.get("clock_offset"):
        _move_clock(float(me.plan["clock_offset"]))
    handler = compose(me)

    def invoke(event: dict[str, Any]) -> Any:
        me.job_id = _job_id(event["Records"][0]["body"])
        return handler(event, Context())

    plan = me.plan
    source = EventSource(me.prepared.poller, plan["queue_url"], plan["queue_arn"], invoke, wait_seconds=0)
    me.journal.write("worker", "ready")
    while True:
        try:
            batch = source.poll()
        except (BotoCoreError, ClientError, OSError):
            time.sleep(0.2)
            continue
        if batch.message_ids:
            me.journal.write("worker", "acked" if not batch.failed_ids else "failed", me.job_id)
            if me.plan.get("once"):
                return
        else:
            time.sleep(0.05)


class ReportingQueue(JobQueue):
    """Reports whose message is sent."""

    def __init__(self, me: Self, sqs: Any, name: str) -> None:
        super().__init__(sqs, name)
        self._me = me

    def send(self, job_id: uuid.UUID, book_id: int, image_id: int) -> None:
        self._me.job_id = str(job_id)
        self._me.observe("before_send")
        super().send(job_id, book_id, image_id)
        self._me.observe("message_sent")


def reconciler(me: Self) -> None:
    """Run every second until killed."""
    queue = ReportingQueue(me, me.prepared.sqs, me.plan["queue_name"])
    policy = Policy(republish_after_seconds=float(me.plan["republish_after_seconds"]))
    helper = replace(me.prepared.reconciler.reconciler, queue=queue, policy=policy, observe=me.observe)
    while True:
        started = time.monotonic()
        try:
            helper.run()
        except TransientError as exc:
            me.journal.write("reconciler", f"failed: {exc}")
        me.job_id = None
        time.sleep(max(RECONCILER_PERIOD_SECONDS - (time.monotonic() - started), 0.05))


def producer(me: Self) -> None:
    """Queue pictures as the API does, one after another."""
    engine = create_engine(me.plan["database_url"])
    queue = ReportingQueue(me, me.prepared.sqs, me.plan["queue_name"])

    class Observed(Session):
        """Reports both commits."""

        def commit(self) -> None:
            me.observe("before_commit_of_job" if me.job_id is None else "before_commit_of_stamp")
            super().commit()
            me.observe("after_commit_of_job" if me.job_id is None else "after_commit_of_stamp")

    for book_id, image_id in me.plan["pictures"]:
        me.job_id = None
        with Observed(engine) as session:
            queue_image_processing(session, book_id, image_id, queue=queue)


ROLES = {"worker": worker, "reconciler": reconciler, "producer": producer}


def _job_id(body: str) -> str | None:
    try:
        return str(json.loads(body)["job_id"])
    except (ValueError, KeyError, TypeError):
        return None


def _move_clock(offset_seconds: float) -> None:
    """Let this process's wall clock be wrong, for Python's and for botocore's signatures."""
    auth: Any = botocore.auth
    now, now_ns, now_datetime = time.time, time.time_ns, auth.get_current_datetime
    offset = timedelta(seconds=offset_seconds)
    time.time = lambda: now() + offset_seconds
    time.time_ns = lambda: now_ns() + round(offset_seconds * 1e9)
    auth.get_current_datetime = lambda *args, **kwargs: now_datetime(*args, **kwargs) + offset
