"""One run: queue jobs, let the crew work under a fault, wait for the end, judge."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.models import ImageProcessingJob as Job
from app.services.image_processing import queue_image_processing
from app.services.job_queue import JobQueue
from tests.chaos.crew import Crew
from tests.chaos.stack import ChaosStack
from tests.chaos.verdict import ENDED, Verdict, judge_events, judge_objects, judge_rows

_LOOK_SECONDS = 0.1
_READY_SECONDS = 60.0
#: After the last job has ended, what is still in the queue is delivered: it must change nothing.
_DRAIN_SECONDS = 12.0


@dataclass
class Scene:
    """A run in progress."""

    stack: ChaosStack
    crew: Crew
    verdict: Verdict
    #: Job id -> how it must end.
    expected: dict[uuid.UUID, str] = field(default_factory=dict)

    @property
    def queue(self) -> JobQueue:
        """Return the queue as a healthy caller sends to it."""
        return JobQueue(self.stack.aws.sqs, self.stack.aws.queue_name)

    def enqueue(self, books: int, jobs_per_book: int = 1) -> list[tuple[uuid.UUID, int, int]]:
        """Import books and queue their pictures; return job, book and picture."""
        queued = []
        for _ in range(books):
            book_id, images = self.stack.add_book(max(jobs_per_book, 2))
            for image_id in images[:jobs_per_book]:
                with Session(self.stack.engine) as session:
                    job = queue_image_processing(session, book_id, image_id, queue=self.queue)
                    assert job is not None
                    self.expected[job.id] = "completed"
                    queued.append((job.id, book_id, image_id))
        return queued

    def wait_for(self, what: Callable[[], bool], seconds: float) -> bool:
        """Wait until something holds; return whether it does."""
        give_up_at = time.monotonic() + seconds
        while time.monotonic() < give_up_at:
            if what():
                return True
            time.sleep(_LOOK_SECONDS)
        return what()

    def steps(self, step: str, job_id: uuid.UUID | None = None) -> int:
        """Return how often a step was reported, for one job or for all."""
        return sum(
            event.step == step and (job_id is None or event.job_id == str(job_id))
            for event in self.crew.journal.events()
        )

    def wait_for_steps(self, step: str, count: int, seconds: float = 20) -> bool:
        """Wait until a step was reported so often; return whether it was."""
        return self.wait_for(lambda: self.steps(step) >= count, seconds)

    def all_ended(self) -> bool:
        """Return whether every job has ended; a database that is just away has not said so."""
        try:
            with Session(self.stack.engine) as session:
                ended = select(func.count()).where(Job.id.in_(self.expected), Job.status.in_(ENDED))
                return session.scalar(ended) == len(self.expected)
        except DBAPIError:
            return False

    def wait_until_ended(self, seconds: float) -> bool:
        """Wait until every job has ended; what has not by then is stuck."""
        return self.wait_for(self.all_ended, seconds)

    def drain(self) -> None:
        """Let the crew take what is still in the queue."""
        self.wait_for(lambda: self.stack.aws.depth() == (0, 0), _DRAIN_SECONDS)


@contextmanager
def scene(
    stack: ChaosStack,
    name: str,
    *,
    backend: Path | None = None,
    reconcilers: Sequence[dict[str, Any]] = ({},),
) -> Iterator[Scene]:
    """Yield a run with its reconciler; judge it at the end.

    Args:
        stack: the surroundings.
        name: the run's.
        backend: a mutated source tree, or None.
        reconcilers: one plan for each reconciler to start.

    """
    started = time.monotonic()
    verdict = Verdict(name)
    stack.renew()
    with stack.crew(name, backend) as crew:
        for plan in reconcilers:
            crew.spawn("reconciler", **plan)
        run = Scene(stack, crew, verdict)
        yield run
        if run.all_ended():
            run.drain()
        stack.proxy.faults.clear()
        crew.end_all()
        verdict.dead_lettered = stack.aws.depth(stack.aws.dead_letter_url)[0]
        verdict.extra["workers_ready"] = run.steps("ready")
        judge_events(verdict, crew.journal.events())
    judge_rows(verdict, stack, run.expected)
    judge_objects(verdict, stack)
    verdict.seconds = time.monotonic() - started
