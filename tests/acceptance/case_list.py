"""A case: what it is called, what it does, and what came of it."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.acceptance.world import World

#: Raises where a promise is broken; returns the figures that it measured.
Check = Callable[[World], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a case."""

    name: str
    passed: bool
    seconds: float
    figures: dict[str, Any] = field(default_factory=dict)
    fault: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the entry of out/acceptance.json."""
        entry: dict[str, Any] = {"name": self.name, "passed": self.passed, "seconds": round(self.seconds, 1)}
        return entry | self.figures | ({"fault": self.fault} if self.fault else {})


def run(name: str, check: Check, world: World) -> Result:
    """Run one case; whatever it raises is its fault, and the next one runs all the same."""
    started = time.monotonic()
    try:
        with world.fresh():
            figures = check(world)
    except Exception as exc:  # noqa: BLE001 (one broken case must not hide the others)
        fault = str(exc) if isinstance(exc, AssertionError) and str(exc) else traceback.format_exc()
        return Result(name, passed=False, seconds=time.monotonic() - started, fault=fault)
    return Result(name, passed=True, seconds=time.monotonic() - started, figures=figures)


def within(name: str, found: float, limit: float) -> dict[str, float]:
    """Return a figure by name, rounded, and fail where it is above its limit."""
    assert found <= limit, f"{name} is {found:.2f}, at most {limit:g} is allowed"
    return {name: round(found, 2)}


def told(name: str, found: float, limit: float) -> dict[str, float]:
    """Return processor seconds by name, rounded, and their limit; `above_limits` finds what is above.

    They are the machine's as much as ours: a slow one would fail what a fast one passes, so nothing fails.
    """
    return {name: round(found, 2), f"{name}_limit": limit}


def above_limits(results: Sequence[Result]) -> list[str]:
    """Return in words what took more than its limit."""
    return [
        f"{result.name}: {name} {found:g}, limit {result.figures[f'{name}_limit']:g}"
        for result in results
        for name, found in result.figures.items()
        if found is not None and f"{name}_limit" in result.figures and found > result.figures[f"{name}_limit"]
    ]
