"""Rendering beside training: workers fill short queues, and the batches come in order of their numbers."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.queues import Queue
from queue import Full
from typing import Final

import cv2

from training.candidates import Candidates
from training.generator import Batch, Generator
from training.scenes import Mix

_QUEUE_LENGTH: Final = 6


@dataclass(frozen=True)
class Feed:
    """What is rendered."""

    seed: int
    side_px: int
    batch_size: int
    mix: Mix
    #: Of scenes for the book model, or of candidates for the critic.
    renderer: type[Generator | Candidates] = Generator


@contextmanager
def batches(feed: Feed, first_sample: int, processes: int) -> Iterator[Iterator[Batch]]:
    """Yield the endless run of batches from a sample's number on, in the same order for any `processes`."""
    context = multiprocessing.get_context("spawn")
    queues: list[Queue[Batch]] = [context.Queue(_QUEUE_LENGTH) for _ in range(processes)]
    workers = []
    for rank, queue in enumerate(queues):
        start, step = first_sample + rank * feed.batch_size, processes * feed.batch_size
        workers.append(context.Process(target=_work, args=(feed, start, step, queue), daemon=True))
    for worker in workers:
        worker.start()
    try:
        yield _in_turn(queues)
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.join()


def _in_turn(queues: list[Queue[Batch]]) -> Iterator[Batch]:
    while True:
        for queue in queues:
            yield queue.get(timeout=600)


def _put(queue: Queue[Batch], batch: Batch, parent: int) -> None:
    """Wait for room in the queue, but not longer than the trainer lives."""
    while os.getppid() == parent:
        try:
            queue.put(batch, timeout=2)
        except Full:
            continue
        return


def _work(feed: Feed, start: int, step: int, queue: Queue[Batch]) -> None:
    # Ctrl-C is the trainer's to answer; it ends its workers itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # One core per worker: the trainer has the others.
    cv2.setNumThreads(1)
    parent = os.getppid()
    generator = feed.renderer(feed.seed, feed.side_px, feed.mix)
    while os.getppid() == parent:
        batch = generator.batch(start, feed.batch_size)
        start += step
        _put(queue, batch, parent)
