"""Functions that end in the middle of a job: at their timeout, and for want of memory."""

from __future__ import annotations

import random
from typing import Any, Final

from local.function import FunctionCrashedError, FunctionTimeoutError
from tests.acceptance import photos
from tests.acceptance.runtime import Limits
from tests.acceptance.world import Queued, World
from tests.chaos.proxy import Proxy

#: Not longer than the worker waits for S3's answer; the lease outlives it by half a minute.
_SHORT_SECONDS: Final = 20
#: The handler's imports fit, a network does not.
_CRAMPED_MIB: Final = 300
_RECOVERY_SECONDS: Final = 120


def timeout(world: World) -> dict[str, Any]:
    """Killed at its timeout while S3 says nothing; a delivery after the lease's end completes the job."""
    queued = world.queue(photos.book())
    with Proxy(world.stack.aws.endpoint_url, random.Random(1)) as proxy:
        limits, changes = Limits(timeout_seconds=_SHORT_SECONDS), {"AWS_ENDPOINT_URL": proxy.endpoint_url}
        with world.function(limits, changes) as running:
            # Imported, so that the claim is early.
            assert running.invoke({"Records": []}) == {"batchItemFailures": []}
            proxy.faults.set("s3", stuck=1.0)
            batch = world.deliver(running)
            proxy.faults.clear()
            assert isinstance(batch.error, FunctionTimeoutError), f"{batch.error}\n{running.log()[-2000:]}"
            assert (world.row(queued).status, world.row(queued).claim_count) == ("processing", 1)
            row = world.work(running, queued, _RECOVERY_SECONDS)
        assert (row.status, row.claim_count) == ("completed", 2), f"{row.status}, {row.claim_count}"
        _assert_once(world, queued)
    return {}


def out_of_memory(world: World) -> dict[str, Any]:
    """Killed for memory after its claim; a function with enough of it completes the job."""
    queued = world.queue(photos.book())
    with world.function(Limits(memory_mib=_CRAMPED_MIB, timeout_seconds=_SHORT_SECONDS)) as cramped:
        batch = world.deliver(cramped)
        assert isinstance(batch.error, FunctionCrashedError), f"{batch.error}\n{cramped.log()[-2000:]}"
        assert cramped.memory_kills() >= 1, "nothing was killed for memory"
        assert (world.row(queued).status, world.row(queued).claim_count) == ("processing", 1)
    with world.function() as running:
        row = world.work(running, queued, _RECOVERY_SECONDS)
        assert (row.status, row.claim_count) == ("completed", 2), f"{row.status}, {row.claim_count}"
        _assert_once(world, queued)
    return {}


def _assert_once(world: World, queued: Queued) -> None:
    gallery = world.gallery(queued)
    assert [(primary, processed) for _, primary, processed in gallery].count((True, True)) == 1, gallery
    assert len(gallery) == len(queued.image_ids) + 1, gallery
    assert len(world.results(queued)) == 2, world.results(queued)
    assert world.depths() == (0, 0), world.depths()
