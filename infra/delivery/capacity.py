"""What a backfill takes: seconds, hours and dollars for each memory size, from two measured figures.

The model is Amdahl's. A photo took `wall` seconds and `cpu` CPU-seconds on two cores, so
`cpu = serial + parallel` and `wall = serial + parallel / 2`.
Lambda gives one core for 1769 MiB, in proportion; below one core all of it slows down alike.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_CORE_MIB: Final = 1769
#: Offered in the table: one, two, three cores, the default, and the most there is.
MEMORY_SIZES_MIB: Final = (1769, 3538, 5307, 7168, 10240)
BACKFILL_PHOTOS: Final = 1_000_000


class BenchmarkError(Exception):
    """The benchmark's file lacks a figure; the message names it."""


@dataclass(frozen=True, slots=True)
class Prices:
    """List prices in US dollars, x86, us-west-2."""

    lambda_gib_second: float = 0.0000166667
    lambda_request: float = 0.20 / 1e6
    sqs_request: float = 0.40 / 1e6
    s3_put: float = 0.005 / 1e3
    s3_get: float = 0.0004 / 1e3

    #: A send, a receive and a delete.
    sqs_requests_per_photo: int = 3
    #: The picture and its thumbnail.
    s3_puts_per_photo: int = 2
    s3_gets_per_photo: int = 1

    @property
    def requests_per_photo(self) -> float:
        """Return what a photo costs besides compute."""
        return (
            self.lambda_request
            + self.sqs_requests_per_photo * self.sqs_request
            + self.s3_puts_per_photo * self.s3_put
            + self.s3_gets_per_photo * self.s3_get
        )


@dataclass(frozen=True, slots=True)
class PhotoFigures:
    """What one warm photo took on two cores."""

    wall_seconds: float
    cpu_seconds: float

    def seconds_at(self, memory_mib: int) -> float:
        """Return the seconds that Lambda needs with a memory size."""
        cores = memory_mib / _CORE_MIB
        if cores <= 1:
            return self.cpu_seconds / cores
        # Two cores give neither more than all of it in parallel, nor less than none of it.
        parallel = min(max(2 * (self.cpu_seconds - self.wall_seconds), 0.0), self.cpu_seconds)
        return self.cpu_seconds - parallel + parallel / cores


@dataclass(frozen=True, slots=True)
class Backfill:
    """One row: a memory size, and what it means for a number of photos."""

    memory_mib: int
    seconds_per_photo: float
    hours: float
    dollars: float


def backfill(
    figures: PhotoFigures, memory_mib: int, concurrency: int, photos: int = BACKFILL_PHOTOS
) -> Backfill:
    """Return what a backfill takes with one memory size.

    Args:
        figures: one photo's, measured.
        memory_mib: the worker's memory.
        concurrency: photos worked at once.
        photos: how many there are.

    """
    prices = Prices()
    seconds = figures.seconds_at(memory_mib)
    per_photo = seconds * memory_mib / 1024 * prices.lambda_gib_second + prices.requests_per_photo
    return Backfill(memory_mib, seconds, photos * seconds / concurrency / 3600, photos * per_photo)


def read_benchmark(path: Path, case: str = "happy-1600") -> PhotoFigures:
    """Return a case's figures from out/bench.json.

    Raises:
        BenchmarkError: the case or one of its metrics is missing.

    """
    rows: Sequence[Mapping[str, Any]] = json.loads(path.read_text())["cases"]
    found = {row["metric"]: float(row["ours"]) for row in rows if row["case"] == case}
    missing = {"wall_seconds", "cpu_seconds"} - found.keys()
    if missing:
        raise BenchmarkError(f"{path} has no {', '.join(sorted(missing))} of {case}")
    return PhotoFigures(found["wall_seconds"], found["cpu_seconds"])


def table(figures: PhotoFigures, concurrency: int) -> str:
    """Return the rows of docs/deploy.md for every memory size, as Markdown."""
    # As printed: every row follows from the two figures that are read beside it.
    figures = PhotoFigures(round(figures.wall_seconds, 2), round(figures.cpu_seconds, 2))
    measured = f"{figures.wall_seconds:.2f} s and {figures.cpu_seconds:.2f} CPU-s a photo on two cores"
    head = [
        f"From {measured}, {BACKFILL_PHOTOS:,} photos, {concurrency} at once:",
        "",
        "| memory (MiB) | seconds a photo | hours | US dollars |",
        "|---|---|---|---|",
    ]
    rows = [backfill(figures, memory_mib, concurrency) for memory_mib in MEMORY_SIZES_MIB]
    return "\n".join(
        head
        + [
            f"| {row.memory_mib} | {row.seconds_per_photo:.2f} | {row.hours:,.0f} | {row.dollars:,.0f} |"
            for row in rows
        ]
    )
