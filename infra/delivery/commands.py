"""The commands' work, with AWS's clients handed in."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from delivery.functions import LambdaFunction
from delivery.metrics import LiveErrors
from delivery.release import Candidate, Clock, Release, ReleaseError, Trials
from delivery.repository import Repository
from delivery.tags import require_tag

SYSTEM_CLOCK = Clock(lambda: datetime.now(UTC), time.sleep)


@dataclass(frozen=True, slots=True)
class Environment:
    """One environment's functions and repository, by its prefix."""

    worker: LambdaFunction
    reconciler: LambdaFunction
    repository: Repository
    errors: LiveErrors

    @classmethod
    def connect(cls, prefix: str, client: Callable[[str], Any]) -> Environment:
        """Name everything as Terraform does.

        Args:
            prefix: as "bluemoxon-prod".
            client: makes a boto3 client of a service.

        """
        functions = client("lambda")
        return cls(
            worker=LambdaFunction(functions, f"{prefix}-image-processor"),
            reconciler=LambdaFunction(functions, f"{prefix}-image-reconciler"),
            repository=Repository(client("ecr"), f"{prefix}-image-processor"),
            errors=LiveErrors(client("cloudwatch")),
        )

    def release(
        self, tell: Callable[[str], None], watch_seconds: float, clock: Clock = SYSTEM_CLOCK
    ) -> Release:
        """Return the release of this environment."""
        return Release(self.worker, [self.reconciler], self.errors, clock, tell, watch_seconds)

    def candidate(self, tag: str, commit: str, trials: Trials) -> Candidate:
        """Return an image of the repository as a candidate.

        Raises:
            TagError: not a tag of the scheme.
            ReleaseError: the repository has no such image.

        """
        require_tag(tag)
        if not self.repository.has(tag):
            raise ReleaseError(f"there is no image {tag} in {self.repository.name}")
        return Candidate(f"{self.repository.uri()}:{tag}", tag, commit, trials)

    def running(self) -> Candidate | None:
        """Return what is live, to be tried with new settings; None before the first image."""
        if not self.worker.exists():
            return None
        image_uri = self.worker.live_image_uri()
        commit = self.worker.tags().get("DeployedCommit", "unknown")
        return Candidate(image_uri, image_uri.rpartition(":")[2], commit, Trials.AS_IT_IS)
