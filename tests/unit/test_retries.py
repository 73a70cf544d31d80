"""Back-off: the contract's figures."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from lambdas.image_processor.retries import BACKOFF_SECONDS, lease_seconds, transient_seconds


@given(st.integers(1, 20), st.integers())
def test_back_off_stays_within_a_fifth(receive_count: int, seed: int) -> None:
    """60, 300, 900, 2700 s, each +- 20 %, and no more after that."""
    base = BACKOFF_SECONDS[min(receive_count, 4) - 1]
    assert 0.8 * base <= transient_seconds(receive_count, random.Random(seed)) <= 1.2 * base


def test_four_waits_outlast_a_45_minute_outage() -> None:
    """Even with the shortest jitter the fifth try comes after 52 minutes."""
    assert 45 * 60 < sum(0.8 * seconds for seconds in BACKOFF_SECONDS)


@given(st.floats(-10, 400), st.integers())
def test_a_held_job_is_looked_at_after_its_lease(left: float, seed: int) -> None:
    """Never before the lease's end, never long after it."""
    assert max(left, 0) < lease_seconds(left, random.Random(seed)) <= max(left, 0) + 10
