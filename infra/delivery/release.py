"""A release: publish, try, move the alias, watch, and move it back when anything fails.

Pure orchestration: functions and metrics are ports, time is handed in.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Final, Protocol

#: Versions kept per function; the repository keeps ten images, so every version kept can still start.
KEPT_VERSIONS: Final = 9
_LOOK_SECONDS: Final = 15.0

_MIGRATE: Final[Mapping[str, Any]] = {"migrate": True}
_SMOKE_TEST: Final[Mapping[str, Any]] = {"smoke_test": True, "deep": True}


class Trials(Enum):
    """What a published version must pass before traffic reaches it."""

    #: New code: the schema first, then inference, database, bucket and queue.
    DEPLOY = (_MIGRATE, _SMOKE_TEST)
    #: Old code, or new settings: older code knows nothing of newer revisions and runs on them as they are.
    AS_IT_IS = (_SMOKE_TEST,)


class ReleaseError(Exception):
    """The release did not go live; the message says at which step, and that the alias is where it was."""


class Function(Protocol):
    """One Lambda function; `functions.LambdaFunction`."""

    @property
    def name(self) -> str:
        """The function's name."""

    def live_version(self) -> str:
        """Return the version that the alias invokes."""

    def publish(self, image_uri: str, description: str) -> str:
        """Give the function an image, wait until it is ready, and return it as a numbered version."""

    def invoke(self, version: str, event: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return one version's answer; raise ReleaseError with its error."""

    def move_alias(self, version: str) -> None:
        """Make the alias invoke a version."""

    def tag(self, tags: Mapping[str, str]) -> None:
        """Write tags on the function."""

    def versions(self) -> Sequence[int]:
        """Return the numbered versions, in any order."""

    def aliased_versions(self) -> set[int]:
        """Return the versions that some alias invokes."""

    def delete_version(self, version: int) -> None:
        """Delete a version."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """What is to go live."""

    image_uri: str
    image_tag: str
    #: Full hash of the commit that it was built from.
    commit: str
    trials: Trials


@dataclass(frozen=True, slots=True)
class Clock:
    """Time as the release sees it."""

    now: Callable[[], datetime]
    sleep: Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Release:
    """Ships candidates to the worker and the functions that go with it.

    Args:
        worker: answers the trials.
        companions: share the worker's image and move with it.
        errors: counts a function's failed live invocations since a moment.
        clock: time.
        tell: takes one line for each step.
        watch_seconds: how long errors are watched after the move, above 0.

    """

    worker: Function
    companions: Sequence[Function]
    errors: Callable[[str, datetime], int]
    clock: Clock
    tell: Callable[[str], None]
    watch_seconds: float = 180.0

    def ship(self, candidate: Candidate) -> None:
        """Make a candidate live, or leave everything as it was.

        Raises:
            ReleaseError: a step failed; the aliases invoke what they invoked before.

        """
        before = {function.name: function.live_version() for function in self._all}
        versions = {function.name: self._publish(function, candidate) for function in self._all}
        for event in candidate.trials.value:
            self._try(versions[self.worker.name], event)
        self._go_live(before, versions)
        self._record(candidate)
        for function in self._all:
            self._prune(function)

    @property
    def _all(self) -> tuple[Function, ...]:
        return (self.worker, *self.companions)

    def _publish(self, function: Function, candidate: Candidate) -> str:
        version = function.publish(candidate.image_uri, f"{candidate.image_tag} {candidate.commit}")
        self.tell(f"{function.name}: version {version} is {candidate.image_tag}")
        return version

    def _try(self, version: str, event: Mapping[str, Any]) -> None:
        answer = self.worker.invoke(version, event)
        if answer.get("statusCode") != 200:
            raise ReleaseError(f"{self.worker.name}:{version} answered {dict(event)} with {dict(answer)}")
        if "smoke_test" in event and answer.get("version") != version:
            raise ReleaseError(f"version {answer.get('version')} answered in the place of {version}")
        self.tell(f"{self.worker.name}:{version} passed {'+'.join(event)}")

    def _go_live(self, before: Mapping[str, str], versions: Mapping[str, str]) -> None:
        try:
            for function in self._all:
                function.move_alias(versions[function.name])
                self.tell(f"{function.name}: live is {versions[function.name]}")
            self._watch()
        # Also Ctrl-C and a cancelled workflow: whoever stops the watch has not seen it pass.
        except BaseException as exc:
            self._move_back(before)
            if isinstance(exc, ReleaseError):
                raise ReleaseError(f"{exc}; live is what it was before") from exc
            raise

    def _watch(self) -> None:
        moved_at = self.clock.now()
        looks = math.ceil(self.watch_seconds / _LOOK_SECONDS)
        for _ in range(looks):
            self.clock.sleep(self.watch_seconds / looks)
            for function in self._all:
                count = self.errors(function.name, moved_at)
                if count:
                    raise ReleaseError(f"{function.name} failed {count} times since it went live")
        self.tell(f"no errors in {self.watch_seconds:g} s")

    def _move_back(self, before: Mapping[str, str]) -> None:
        faults = []
        for function in self._all:
            try:
                function.move_alias(before[function.name])
                self.tell(f"{function.name}: live is {before[function.name]} again")
            except Exception as exc:  # noqa: BLE001 (one function's failure must not keep the other live)
                faults.append(f"{function.name} could not be moved back to {before[function.name]}: {exc}")
        if faults:
            raise ReleaseError("; ".join(faults))

    def _record(self, candidate: Candidate) -> None:
        deployed_at = self.clock.now().isoformat(timespec="seconds")
        for function in self._all:
            function.tag({"DeployedCommit": candidate.commit, "DeployedAt": deployed_at})

    def _prune(self, function: Function) -> None:
        for version in superfluous(function.versions(), function.aliased_versions()):
            function.delete_version(version)
            self.tell(f"{function.name}: version {version} deleted")


def superfluous(versions: Sequence[int], aliased: set[int]) -> list[int]:
    """Return the versions to delete, so that KEPT_VERSIONS stay: what an alias invokes, then the newest."""
    candidates = sorted(set(versions) - aliased, reverse=True)
    return sorted(candidates[max(KEPT_VERSIONS - len(aliased), 0) :])
