"""Rendering beside training: workers fill short queues; what they render comes in order of its numbers."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.context import SpawnProcess
from multiprocessing.queues import Queue
from queue import Empty, Full
from typing import Final, Generic, TypeVar

import cv2

from training.mix import Mix

T = TypeVar("T")
#: From the number of the first sample, and how many.
Renderer = Callable[[int, int], T]

_QUEUE_LENGTH: Final = 6
#: How often a trainer that waits looks whether its workers live.
_LOOK_EVERY_SECONDS: Final = 5


@dataclass(frozen=True)
class Feed(Generic[T]):
    """What is rendered."""

    seed: int
    side_px: int
    batch_size: int
    mix: Mix
    #: Makes the renderer in the worker, from the seed, the side and the mix.
    opening: Callable[[int, int, Mix], Renderer[T]]


class Line(Iterator[T]):
    """What the workers have rendered, in the same order for any number of them."""

    def __init__(self, queues: list[Queue[T]], workers: list[SpawnProcess]) -> None:
        self._queues = queues
        self._workers = workers
        self._turn = 0

    def __next__(self) -> T:
        """Return the next batch; waits for it.

        Raises:
            RuntimeError: the worker whose turn it is has died; its own error is on the screen above.

        """
        while True:
            try:
                item = self._queues[self._turn].get(timeout=_LOOK_EVERY_SECONDS)
            except Empty:
                if not self._workers[self._turn].is_alive():
                    raise RuntimeError("a worker that renders has died: see above why") from None
                continue
            self._turn = (self._turn + 1) % len(self._queues)
            return item

    def arrived(self) -> Iterator[T]:
        """Yield what has come, out of order, at most one of each worker; waits for none."""
        for queue in self._queues:
            try:
                yield queue.get_nowait()
            except Empty:
                continue


@contextmanager
def batches(feed: Feed[T], first_sample: int, processes: int) -> Iterator[Line[T]]:
    """Yield the endless line of batches from a sample's number on."""
    context = multiprocessing.get_context("spawn")
    queues: list[Queue[T]] = [context.Queue(_QUEUE_LENGTH) for _ in range(processes)]
    workers: list[SpawnProcess] = []
    for rank, queue in enumerate(queues):
        start, step = first_sample + rank * feed.batch_size, processes * feed.batch_size
        workers.append(context.Process(target=_work, args=(feed, start, step, queue), daemon=True))
    for worker in workers:
        worker.start()
    try:
        yield Line(queues, workers)
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.join()


def _put(queue: Queue[T], item: T, parent: int) -> None:
    """Wait for room in the queue, but not longer than the trainer lives."""
    while os.getppid() == parent:
        try:
            queue.put(item, timeout=2)
        except Full:
            continue
        return


def _work(feed: Feed[T], start: int, step: int, queue: Queue[T]) -> None:
    # Ctrl-C is the trainer's to answer; it ends its workers itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # One core per worker: the trainer has the others.
    cv2.setNumThreads(1)
    parent = os.getppid()
    render = feed.opening(feed.seed, feed.side_px, feed.mix)
    while os.getppid() == parent:
        item = render(start, feed.batch_size)
        start += step
        _put(queue, item, parent)
