"""What an acceptance case may take: memory is held to its limit, processor time is told beside it."""

from __future__ import annotations

import pytest

from tests.acceptance.case_list import Result, above_limits, told, within


def test_memory_is_held_to_its_limit() -> None:
    """A figure above it is a fault that names both."""
    assert within("peak_mib", 900.126, 1000.0) == {"peak_mib": 900.13}
    with pytest.raises(AssertionError, match=r"peak_mib is 1000\.50, at most 1000 is allowed"):
        within("peak_mib", 1000.5, 1000.0)


def test_processor_time_is_told() -> None:
    """What is above its limit is named with it, and only that."""
    results = [
        Result("smoke", passed=True, seconds=1.0, figures=dict(told("cpu_seconds", 10.712, 8.0))),
        Result("cold start", passed=True, seconds=1.0, figures=dict(told("cpu_seconds", 2.8, 3.5))),
        Result("poison", passed=True, seconds=1.0, figures={"code": "poison", "nothing": None}),
    ]
    assert above_limits(results) == ["smoke: cpu_seconds 10.71, limit 8"]
