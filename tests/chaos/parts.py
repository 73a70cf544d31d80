"""The product's own parts, in the hands of the chaos: times are shortened, and steps are reported.

Where a plan says so, a process kills or stops itself at a step.
"""

from __future__ import annotations

import os
import signal
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from app.services.job_queue import JobQueue
from lambdas.image_processor.aws import Clients
from lambdas.image_processor.config import AwsSettings
from lambdas.image_processor.domain import Claim, Delivery, FinishedPicture, Photo, Rejection, Rendition
from lambdas.image_processor.errors import PermanentError
from lambdas.image_processor.handler import Handler, build
from lambdas.image_processor.jobs import JobStore
from lambdas.image_processor.ports import Timing
from lambdas.image_processor.sqs import Queue
from lambdas.reconciler import handler as reconciler_handler
from local.aws import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY
from tests.chaos.events import Journal

LEASE_SECONDS = 3.0
RECONCILER_PERIOD_SECONDS = 1.0
#: An outage's back-off of minutes becomes seconds; waits for a lease keep their length, up to a cap.
_BACKOFF_SCALE = 60.0
_LONGEST_LEASE_WAIT_SECONDS = 2.5
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
        # The job waits in the queue again: from here on a death takes nothing along.
        self._me.journal.write("worker", "released", self._me.job_id)


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
