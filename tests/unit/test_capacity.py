"""A backfill's hours and dollars from two measured figures."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.capacity import (
    BenchmarkError,
    PhotoFigures,
    Prices,
    backfill,
    read_benchmark,
    table,
)

_DEPLOY = Path(__file__).resolve().parents[2] / "docs" / "deploy.md"
_seconds = st.floats(0.01, 1000)


def test_two_cores_take_what_was_measured() -> None:
    """The model goes through its own point."""
    assert PhotoFigures(1.09, 1.75).seconds_at(2 * 1769) == pytest.approx(1.09)


def test_one_core_takes_all_cpu_seconds() -> None:
    """And half a core twice as long."""
    figures = PhotoFigures(1.09, 1.75)
    assert figures.seconds_at(1769) == pytest.approx(1.75)
    assert figures.seconds_at(1769 // 2) == pytest.approx(3.5, rel=1e-2)


@given(_seconds, st.floats(0.5, 2), st.integers(128, 10240), st.integers(128, 10240))
def test_more_memory_is_never_slower(wall: float, ratio: float, one: int, other: int) -> None:
    """Whatever was measured."""
    figures = PhotoFigures(wall, wall * ratio)
    assert figures.seconds_at(max(one, other)) <= figures.seconds_at(min(one, other)) * (1 + 1e-9)


def test_a_row_by_hand() -> None:
    """One second at 1 GiB, one at once: 1000 seconds, their price, and the requests'."""
    figures = PhotoFigures(wall_seconds=1024 / 1769, cpu_seconds=1024 / 1769)
    row = backfill(figures, 1024, concurrency=1, photos=1000)
    assert row.seconds_per_photo == pytest.approx(1.0)
    assert row.hours == pytest.approx(1000 / 3600)
    assert row.dollars == pytest.approx(1000 * (0.0000166667 + 0.2e-6 + 3 * 0.4e-6 + 2 * 5e-6 + 0.4e-6))


@given(st.integers(1, 1000), st.integers(1, 10**7))
def test_concurrency_buys_time_not_money(concurrency: int, photos: int) -> None:
    """The price is the same, the hours shrink."""
    figures = PhotoFigures(1.09, 1.75)
    alone, together = (backfill(figures, 3538, number, photos) for number in (1, concurrency))
    assert together.dollars == alone.dollars
    assert together.hours == pytest.approx(alone.hours / concurrency)


def test_figures_come_from_the_benchmark(tmp_path: Path) -> None:
    """Ours, of the case asked for."""
    rows = [
        {"case": "happy-1600", "metric": "wall_seconds", "reference": 5.3, "ours": 1.1, "ratio": 4.8},
        {"case": "happy-1600", "metric": "cpu_seconds", "reference": 8.0, "ours": 1.7, "ratio": 4.7},
        {"case": "happy-3000", "metric": "cpu_seconds", "reference": 30, "ours": 4.6, "ratio": 6.5},
    ]
    path = tmp_path / "bench.json"
    path.write_text(json.dumps({"cases": rows, "limit": {}}))
    assert read_benchmark(path) == PhotoFigures(1.1, 1.7)
    with pytest.raises(BenchmarkError, match="no wall_seconds of happy-3000"):
        read_benchmark(path, "happy-3000")


def test_the_documented_table_is_the_computed_one() -> None:
    """docs/deploy.md names its two figures, and every row follows from them."""
    text = _DEPLOY.read_text()
    found = re.search(r"From ([\d.]+) s and ([\d.]+) CPU-s a photo.* photos, (\d+) at once:", text)
    assert found is not None
    wall, cpu, concurrency = float(found[1]), float(found[2]), int(found[3])
    assert table(PhotoFigures(wall, cpu), concurrency) in text


def test_prices_are_per_photo() -> None:
    """One invocation, three SQS requests, two PUTs, one GET."""
    assert Prices().requests_per_photo == pytest.approx(0.2e-6 + 1.2e-6 + 10e-6 + 0.4e-6)
