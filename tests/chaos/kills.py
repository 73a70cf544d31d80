"""Runs in which processes are killed: at every named step, in the producer, in the reconciler, at random."""

from __future__ import annotations

import itertools
import random
import time
from pathlib import Path

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.models import ImageProcessingJob as Job
from tests.chaos.scenes import Scene, scene
from tests.chaos.stack import ChaosStack
from tests.chaos.verdict import Verdict

STEPS = (
    "claimed", "downloaded", "rendered", "token_checked", "png_put", "thumb_put", "before_commit",
    "after_commit", "before_ack",
)  # fmt: skip
PRODUCER_STEPS = (
    "before_commit_of_job", "after_commit_of_job", "before_send", "message_sent", "before_commit_of_stamp",
    "after_commit_of_stamp",
)  # fmt: skip
RECONCILER_STEPS = ("row_changed", "before_send", "message_sent", "sent")


def at_every_step(
    stack: ChaosStack, workers: int, kills: int, backend: Path | None = None, limit: float = 0
) -> Verdict:
    """Kill a worker at each named step in turn, `kills` times, with so many workers."""
    plans = [{"die_at": step} for step in itertools.islice(itertools.cycle(STEPS), kills)]
    stack.rng.shuffle(plans)
    with scene(stack, f"sigkill-{workers}-workers", backend=backend) as run:
        run.enqueue(kills + workers)
        run.crew.plans.extend(plans)
        run.crew.keep_workers(workers)
        run.wait_until_ended(limit or 60 + 6 * kills / workers)
    return run.verdict


def in_the_producer(stack: ChaosStack, rounds: int) -> Verdict:
    """Kill the API between every two steps of queueing a picture; a job that was committed must be done."""
    with scene(stack, "producer-killed") as run:
        run.crew.keep_workers(2)
        for step in PRODUCER_STEPS * rounds:
            book_id, images = stack.add_book(2)
            run.crew.spawn("producer", die_at=step, pictures=[(book_id, images[0])])
            run.wait_for(lambda: "producer" not in _roles(run), 20)
            with Session(stack.engine) as session:
                committed = session.scalars(select(Job.id).where(Job.book_id == book_id)).all()
            run.expected |= dict.fromkeys(committed, "completed")
        run.wait_until_ended(90)
    run.verdict.extra["committed"] = len(run.expected)
    return run.verdict


def in_the_reconciler(stack: ChaosStack, rounds: int) -> Verdict:
    """Kill a worker in the middle of each of four jobs, and a reconciler at each of its steps."""
    plans = [{"die_at": step} for step in RECONCILER_STEPS]
    with scene(stack, "reconciler-killed", reconcilers=()) as run:
        for number in range(1, rounds + 1):
            run.enqueue(len(plans))
            for _ in plans:
                run.crew.spawn("worker", die_at="rendered")
            run.wait_for(lambda: "worker" not in _roles(run), 20)
            for plan in plans:
                run.crew.spawn("reconciler", **plan)
            run.wait_for(lambda: "reconciler" not in _roles(run), 20)
            run.verdict.extra["rounds"] = number
        # Two at once must not get into each other's way.
        run.crew.spawn("reconciler")
        run.crew.spawn("reconciler")
        run.crew.keep_workers(2)
        run.wait_until_ended(90)
    return run.verdict


def crash_loop(stack: ChaosStack) -> Verdict:
    """A photo that kills its worker every time ends `crash_loop`; its neighbours are done."""
    with scene(stack, "crash-loop") as run:
        fatal = run.enqueue(1)[0][0]
        run.enqueue(5)
        run.expected[fatal] = "crash_loop"
        run.crew.usual_plan = {"fatal_jobs": [str(fatal)]}
        run.crew.keep_workers(2)
        run.wait_until_ended(90)
    return run.verdict


def soak(stack: ChaosStack, jobs: int, kills: int, workers: int = 4) -> Verdict:
    """Many jobs, random kills wherever a worker happens to be, the password rotating under them.

    One of the photos kills its worker every time.
    """
    rng = random.Random(stack.rng.random())
    with scene(stack, "soak") as run:
        fatal = run.enqueue(1)[0][0]
        run.expected[fatal] = "crash_loop"
        run.enqueue(jobs - 1)
        run.crew.usual_plan = {"fatal_jobs": [str(fatal)]}
        run.crew.keep_workers(workers)
        done = 0
        deadline = time.monotonic() + 120 + 2.0 * jobs
        rotations = 0
        while not run.all_ended() and time.monotonic() < deadline:
            ended = _ended(run)
            # Spread over the whole run: as many kills as the share of jobs that has ended asks for.
            if done < kills and done <= kills * (ended + 1) / (jobs * 0.9):
                alive = [pid for pid in run.crew.workers() if _has_begun(run, pid)]
                if alive:
                    run.crew.kill(rng.choice(alive))
                    done += 1
            if rotations < ended // 25:
                rotations += 1
                stack.rotate_password()
                stack.cut_connections()
            time.sleep(rng.uniform(0.05, 0.3))
    run.verdict.extra["rotations"] = rotations
    return run.verdict


def _roles(run: Scene) -> set[str]:
    return {run.crew.roles[pid] for pid in list(run.crew.alive)}


def _has_begun(run: Scene, pid: int) -> bool:
    """Return whether a worker has taken a job: killed earlier, it would only be a start that failed."""
    return any(event.pid == pid and event.step == "claimed" for event in run.crew.journal.events())


def _ended(run: Scene) -> int:
    with run.stack.engine.connect() as connection:
        statement = text(
            "SELECT count(*) FROM image_processing_jobs WHERE id = ANY(:ids) "
            "AND status IN ('completed', 'failed', 'permanently_failed')"
        )
        return int(connection.execute(statement, {"ids": list(run.expected)}).scalar_one())
