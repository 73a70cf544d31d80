"""Matting that begins while its mask waits for the book model's opinion: two cores, two things to do."""

from __future__ import annotations

import os
import time
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

from lambdas.image_processor import matting
from lambdas.image_processor.domain import Cutout, Mask, Photo
from lambdas.image_processor.memory import LARGE_PX
from lambdas.image_processor.recipes import Matting


class MattingAhead:
    """Mattes one photo's masks in a thread of its own.

    Most masks that come as far as a second opinion are accepted; for one that is refused the matting was in
    vain, and its result is dropped. Leaving the block waits for what runs.
    """

    def __init__(self, photo: Photo) -> None:
        self._photo = photo
        width, height = photo.size
        self._is_worth_it = width * height <= LARGE_PX and len(os.sched_getaffinity(0)) > 1
        self._thread = ThreadPoolExecutor(1, "matting")
        self._begun: Future[tuple[Cutout, float]] | None = None

    def __enter__(self) -> MattingAhead:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait for the thread."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    def begin(self, mask: Mask, how: Matting | None) -> None:
        """Begin on a mask, where there is a core and room for it."""
        if self._is_worth_it:
            self._begun = self._thread.submit(self._matte, mask, how)

    def drop(self) -> None:
        """Forget what was begun: its mask is refused."""
        if self._begun is not None:
            self._begun.cancel()
        self._begun = None

    def finish(self, mask: Mask, how: Matting | None) -> tuple[Cutout, float]:
        """Return the cut-out and the seconds it took: of what was begun, or from the start.

        Args:
            mask: the one of the last `begin`, if any since `drop`.
            how: likewise.

        """
        return self._matte(mask, how) if self._begun is None else self._begun.result()

    def _matte(self, mask: Mask, how: Matting | None) -> tuple[Cutout, float]:
        started = time.perf_counter()
        cutout = matting.matte(self._photo.pixels, mask.alpha, how)
        return cutout, time.perf_counter() - started
