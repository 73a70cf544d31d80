"""What a forked process is: a worker behind its event source, the reconciler, or a caller of the API."""

from __future__ import annotations

import json
import random
import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import botocore.auth
from botocore.exceptions import BotoCoreError, ClientError
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from app.services.image_processing import queue_image_processing
from lambdas.image_processor.errors import TransientError
from lambdas.image_processor.handler import Handler
from lambdas.reconciler.due import Policy
from local.event_source import EventSource
from tests.chaos.parts import (
    RECONCILER_PERIOD_SECONDS,
    Context,
    OtherVersion,
    QuickQueue,
    ReportingQueue,
    ReportingStore,
    Self,
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
