"""How long a failed message waits. Pure."""

from __future__ import annotations

import random
from typing import Final

#: After the 1st, 2nd, ... failed receipt; together they outlast an outage of an hour.
BACKOFF_SECONDS: Final = (60, 300, 900, 2700)
BACKOFF_JITTER: Final = 0.2
#: The sender commits before it sends: a job that is still unknown after this long does not come.
UNKNOWN_JOB_SECONDS: Final = 30.0
#: Spread behind a lease's end, so that waiting deliveries do not come back at once.
LEASE_JITTER_SECONDS: Final = 10.0


def transient_seconds(receive_count: int, rng: random.Random) -> float:
    """Return the wait after the `receive_count`-th receipt (1-based) failed for a passing reason."""
    base = BACKOFF_SECONDS[min(max(receive_count, 1), len(BACKOFF_SECONDS)) - 1]
    return base * rng.uniform(1 - BACKOFF_JITTER, 1 + BACKOFF_JITTER)


def lease_seconds(seconds_left: float, rng: random.Random) -> float:
    """Return the wait until another worker's lease has surely ended."""
    return max(seconds_left, 0.0) + rng.uniform(1.0, LEASE_JITTER_SECONDS)
