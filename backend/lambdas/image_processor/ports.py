"""What the worker needs of the world, as protocols: adapters plug in in handler.py, fakes in the tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from lambdas.image_processor.domain import (
    Claim,
    Finished,
    FinishedPicture,
    JobMessage,
    Photo,
    Rejection,
    Rendition,
)
from lambdas.image_processor.errors import PermanentError, TransientError


class DeadlineError(TransientError):
    """The invocation ends too soon to finish; another one will."""


@dataclass(frozen=True, slots=True)
class Timing:
    """How a worker's times relate to its invocation's end."""

    #: With less left than this nothing new is begun: the rest serves to give the lease back.
    reserve_seconds: float = 10.0
    #: A lease outlives its invocation by this much, so that it is never taken from a living worker.
    lease_grace_seconds: float = 30.0


@dataclass(frozen=True, slots=True)
class Deadline:
    """When the invocation ends."""

    #: Seconds left, asked anew at every call.
    remaining_seconds: Callable[[], float]
    timing: Timing = Timing()

    @property
    def lease_seconds(self) -> float:
        """Return how long a job is leased that is claimed now."""
        return self.remaining_seconds() + self.timing.lease_grace_seconds

    def check(self) -> None:
        """Raise DeadlineError when too little time is left to begin something."""
        if self.remaining_seconds() < self.timing.reserve_seconds:
            raise DeadlineError("the invocation's end is near")


class JobStore(Protocol):
    """Where jobs live; `jobs.JobStore`."""

    def claim(self, message: JobMessage, lease_seconds: float) -> Claim | Finished:
        """Lease a job."""

    def assert_held(self, claim: Claim) -> None:
        """Raise LeaseLostError when the lease is gone."""

    def complete(self, claim: Claim, picture: FinishedPicture) -> int:
        """Commit the picture."""

    def fail(
        self, claim: Claim, error: PermanentError, report: Mapping[str, Any], attempt_count: int = 0
    ) -> None:
        """End the job as failed."""

    def release(self, claim: Claim, report: Mapping[str, Any]) -> None:
        """Give the lease back."""


class ImageStore(Protocol):
    """Where pictures live; `storage.ImageStore`."""

    def get(self, db_key: str) -> bytes:
        """Return a photo's bytes."""

    def put(self, key: str, body: bytes, content_type: str, still_held: Callable[[], None]) -> None:
        """Write an object once."""


class Renderer(Protocol):
    """The pipeline with its models; composed in handler.py."""

    def prepare(self) -> None:
        """Begin to load what the first recipe needs, in the background."""

    def render(self, photo: Photo, checkpoint: Callable[[], None]) -> Rendition | Rejection:
        """Cut the photo out; `checkpoint` is called before each expensive step and may raise."""


class Keys(Protocol):
    """The names of a job's results; `storage.ObjectKeys`."""

    @property
    def db_key(self) -> str:
        """The row's key."""

    @property
    def image_key(self) -> str:
        """The PNG's S3 key."""

    @property
    def thumbnail_key(self) -> str:
        """The thumbnail's S3 key."""
