"""What becomes of messages and photos."""

from __future__ import annotations

import io
import re
import time
from typing import Any, Final

from PIL import Image
from sqlalchemy.orm import Session

from app.models import BookImage
from tests.acceptance import photos
from tests.acceptance.case_list import within
from tests.acceptance.runtime import Running, json_lines, peak_mib
from tests.acceptance.world import Queued, World

_PEAK_LIMIT_MIB: Final = 1536
#: Lines of the runtime and of the emulator, beside our JSON.
_NOT_OURS: Final = re.compile(
    r"(START|END|REPORT|INIT_START|EXTENSION|XRAY) |\d\d \w+ \d{4} [\d:,]+ \[|\d{4}[-/]\d\d[-/]\d\d[T ]"
)


def success(world: World) -> dict[str, Any]:
    """A dark book: by the first recipe, on the gallery's first place, in the bucket, told in the log."""
    queued = world.queue(photos.book())
    with world.function() as running:
        row = world.work(running, queued)
        assert (row.status, row.model_used, row.attempt_count) == ("completed", "u2net-alpha", 1), (
            row.failure_reason
        )
        _assert_published(world, queued)
        lines = json_lines(running)
        _assert_told(queued, running, lines)
        return {"peak_rss_mib": peak_mib(running)}


def second_recipe(world: World) -> dict[str, Any]:
    """A grey book: u2net sees nothing, isnet does."""
    queued = world.queue(photos.book(photos.GREY))
    with world.function() as running:
        row = world.work(running, queued)
        told = (row.status, row.model_used, row.attempt_count)
        assert told == ("completed", "isnet-general-use", 2), f"{told}, {row.failure_reason}, {row.report}"
        _assert_published(world, queued)
        return {"peak_rss_mib": peak_mib(running)}


def all_rejected(world: World) -> dict[str, Any]:
    """A bare table: both recipes are tried, the job says why, the original stays."""
    queued = world.queue(photos.book(photos.TABLE))
    before = world.gallery(queued)
    with world.function() as running:
        row = world.work(running, queued)
        assert (row.status, row.attempt_count) == ("failed", 2), f"{row.status}, {row.attempt_count}"
        assert row.failure_reason, "the job does not say why"
        (metrics,) = [line for line in json_lines(running) if "Rejected" in line]
        assert metrics[f"Rejected_{row.failure_code}"] == [1.0], metrics
    assert world.gallery(queued) == before, "the gallery changed"
    assert world.results(queued) == [], "something was written"
    assert world.depths() == (0, 0), "the message is still there"
    return {"code": row.failure_code}


def poison(world: World) -> dict[str, Any]:
    """What is no message of ours lies among the dead ones within seconds, as it was sent."""
    aws = world.stack.aws
    aws.sqs.send_message(QueueUrl=aws.queue_url, MessageBody="{not ours")
    started = time.monotonic()
    with world.function() as running:
        while world.depths() != (0, 1):
            assert time.monotonic() - started < 60, f"queue and dead letters hold {world.depths()}"
            batch = world.deliver(running)
            assert batch.error is None, batch.error
    (message,) = aws.sqs.receive_message(QueueUrl=aws.dead_letter_url)["Messages"]
    assert message["Body"] == "{not ours"
    aws.sqs.delete_message(QueueUrl=aws.dead_letter_url, ReceiptHandle=message["ReceiptHandle"])
    return {}


def too_large(world: World) -> dict[str, Any]:
    """More than 4096 pixels on a side: refused before its pixels are decoded."""
    file = io.BytesIO()
    Image.new("RGB", (4097, 3000), photos.TABLE).save(file, "JPEG")
    queued = world.queue(file.getvalue())
    with world.function() as running:
        row = world.work(running, queued)
        assert (row.status, row.failure_code) == ("failed", "too_large"), f"{row.status}, {row.failure_code}"
        return {"peak_rss_mib": peak_mib(running)}


def largest(world: World) -> dict[str, Any]:
    """The largest photo that is accepted, by either recipe, in memory that a small function has."""
    figures: dict[str, Any] = {}
    for recipe, colour in (("u2net-alpha", photos.DARK), ("isnet-general-use", photos.GREY)):
        queued = world.queue(photos.book(colour, (4096, 4096)))
        with world.function() as running:
            row = world.work(running, queued, within_seconds=120)
            assert (row.status, row.model_used) == ("completed", recipe), row.failure_reason
            name = f"peak_rss_mib_{row.attempt_count}"
            figures |= within(name, peak_mib(running), _PEAK_LIMIT_MIB)
            assert running.memory_kills() == 0
    return figures


def _assert_published(world: World, queued: Queued) -> None:
    gallery = world.gallery(queued)
    assert [(primary, processed) for _, primary, processed in gallery] == [
        (True, True),
        (False, False),
        (False, False),
    ]
    # The source goes last.
    assert gallery[-1][0] == queued.image_ids[0], gallery
    name = f"{queued.book_id}_processed_{queued.job_id}.png"
    assert world.results(queued) == [f"books/{name}", f"books/thumb_{name}"], world.results(queued)
    with Session(world.stack.engine) as session:
        assert session.get_one(BookImage, gallery[0][0]).s3_key == name
    body = world.stack.aws.s3.get_object(Bucket=world.stack.aws.bucket, Key=f"books/{name}")["Body"].read()
    assert Image.open(io.BytesIO(body)).size == (1600, 1200)
    assert world.depths() == (0, 0), "the message is still there"


def _assert_told(queued: Queued, running: Running, lines: list[dict[str, Any]]) -> None:
    """Every line is JSON; the last one names job, recipe, verdict and stages; nothing is secret."""
    strange = [line for line in running.log().splitlines() if line.strip() and not _is_known(line)]
    assert strange == [], f"lines that are no JSON: {strange[:5]}"
    ended = [line for line in lines if line.get("action") == "delivery_ended"]
    assert [line["job_id"] for line in ended] == [str(queued.job_id)]
    (last,) = ended
    assert (last["book_id"], last["image_id"]) == (queued.book_id, queued.image_ids[0])
    assert (last["recipe"], last["verdict"]) == ("u2net-alpha", "accepted")
    assert {"download", "decode", "segment", "encode", "upload", "commit"} <= last["seconds"].keys(), last
    metrics = next(line for line in lines if "_aws" in line)
    wanted = {"Processed", "ColdStart", "PeakRssMib", "UnknownBandPixels", "Stage_segment_Seconds"}
    assert wanted <= metrics.keys(), metrics
    text = running.log()
    assert not re.search(r"X-Amz-Signature|AWSAccessKeyId|password", text), "a secret in the log"


def _is_known(line: str) -> bool:
    return line.startswith("{") or _NOT_OURS.match(line) is not None
