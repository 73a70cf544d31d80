"""A few hundred damaged files of every format; `make fuzz` throws twenty thousand under a memory limit."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings

from tests.mutations import SEEDS, damaged_files, outcome


@settings(
    max_examples=400, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
@given(damaged_files())
def test_a_damaged_file_is_a_photo_or_a_code(data: bytes) -> None:
    """Nothing else ever comes out: no crash, no other exception, no picture beyond the limits."""
    outcome(data)


def test_undamaged_files_obey_the_law_too() -> None:
    """The seeds themselves: most decode, the rest have their codes."""
    found = [outcome(seed) for seed in SEEDS]
    assert found.count("decoded") >= 30
