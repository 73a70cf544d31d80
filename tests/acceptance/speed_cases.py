"""Processor time, told beside its limit, and memory, held to it."""

from __future__ import annotations

import statistics
from typing import Any, Final

from tests.acceptance import photos
from tests.acceptance.case_list import told, within
from tests.acceptance.runtime import peak_mib
from tests.acceptance.world import World

_COLD_STARTS: Final = 5
_COLD_CPU_SECONDS: Final = 3.5
_IMPORTS: Final = 5
_IMPORT_CPU_SECONDS: Final = 0.9
_WARM: Final = 20
#: What the process may hold more after the twentieth photo than after the fifth.
_GROWTH_MIB: Final = 24.0
_IMPORT: Final = """
import time
wall, cpu = time.perf_counter(), time.process_time()
import lambdas.image_processor.handler
print(time.process_time() - cpu, time.perf_counter() - wall)
"""


def cold_start(world: World) -> dict[str, Any]:
    """From a container's start to its first committed job, emulator included; the median of five."""
    cpu, wall = [], []
    for seed in range(_COLD_STARTS):
        queued = world.queue(photos.book(seed=seed))
        with world.function() as running:
            batch = world.deliver(running)
            assert batch.error is None, batch.error
            cpu.append(running.cpu_seconds())
            row = world.row(queued)
            assert row.status == "completed", row.failure_reason
            assert row.completed_at is not None
            wall.append((row.completed_at - row.created_at).total_seconds())
    figures: dict[str, Any] = told("cold_start_cpu_seconds", statistics.median(cpu), _COLD_CPU_SECONDS)
    return figures | {
        "each": [round(one, 2) for one in cpu],
        "wall_seconds": round(statistics.median(wall), 2),
    }


def import_time(world: World) -> dict[str, Any]:
    """The handler's import in a process of its own, after one that fills the cache; the least disturbed."""
    found = [world.runtime.python(_IMPORT).split() for _ in range(_IMPORTS + 1)][1:]
    cpu: dict[str, Any] = told("cpu_seconds", min(float(one[0]) for one in found), _IMPORT_CPU_SECONDS)
    return cpu | {"wall_seconds": round(min(float(one[1]) for one in found), 2)}


def warm(world: World) -> dict[str, Any]:
    """Twenty photos by one process: each completed, and memory as flat as after the fifth."""
    photo = photos.book()
    with world.function() as running:
        before, peaks = 0.0, []
        for place in range(_WARM):
            row = world.work(running, world.queue(photo))
            assert row.status == "completed", row.failure_reason
            if place == 0:
                before = running.cpu_seconds()
            peaks.append(peak_mib(running))
        each = (running.cpu_seconds() - before) / (_WARM - 1)
    growth = within("growth_mib", peaks[-1] - peaks[4], _GROWTH_MIB)
    return growth | {"peak_rss_mib": round(peaks[-1]), "cpu_seconds_each": round(each, 2)}
