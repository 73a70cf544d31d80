"""Every failure that the line can meet, end to end: what the row says, what becomes of the message."""

from __future__ import annotations

import struct
import uuid
import zlib
from collections.abc import Callable

import pytest
from PIL import Image
from sqlalchemy import update
from sqlalchemy.orm import Session

from app.constants.image_processing import MAX_OBJECT_BYTES
from app.models import ImageProcessingJob
from lambdas.image_processor.checks import CHECKS
from lambdas.image_processor.domain import JobMessage
from lambdas.image_processor.errors import FAILURES, FailureCode
from lambdas.image_processor.recipes import ISNET, U2NET
from tests import scenes
from tests.graphs import Sees
from tests.line import Line, Queued

BOOK = scenes.jpeg(scenes.scene(scenes.BOOK))
#: As deployed: the embedded model stands in for nothing.
PRODUCTION = {"ENVIRONMENT": "staging", "EMBEDDED_MODEL_FALLBACK": "false"}


@pytest.fixture(autouse=True)
def both_models(line: Line) -> None:
    """Both find what is red."""
    line.use({U2NET: Sees.RED, ISNET: Sees.RED})


def bomb() -> bytes:
    """Return a PNG whose header claims 30,000 x 30,000 pixels."""
    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    chunks = b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in ((b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 100)), (b"IEND", b""))
    )
    return b"\x89PNG\r\n\x1a\n" + chunks


FILES: dict[FailureCode, Callable[[], bytes]] = {
    FailureCode.EMPTY_FILE: lambda: b"",
    FailureCode.NOT_AN_IMAGE: lambda: b"<html><title>404</title></html>",
    FailureCode.UNSUPPORTED_FORMAT: lambda: b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 200,
    FailureCode.TRUNCATED: lambda: BOOK[: len(BOOK) // 2],
    FailureCode.TOO_LARGE: lambda: scenes.png(Image.new("RGB", (4097, 120))),
    FailureCode.TOO_SMALL: lambda: scenes.png(Image.new("RGB", (400, 99))),
    FailureCode.TOO_MANY_BYTES: lambda: BOOK + b"\0" * (MAX_OBJECT_BYTES + 1 - len(BOOK)),
    FailureCode.BOMB: bomb,
    FailureCode.NO_SUBJECT: lambda: scenes.jpeg(scenes.scene()),
    FailureCode.SUBJECT_TOO_SMALL: lambda: scenes.jpeg(scenes.scene(scenes.SPECK)),
    FailureCode.FILLS_FRAME: lambda: scenes.jpeg(scenes.scene(scenes.FULL_FRAME)),
    FailureCode.FRAGMENTS: lambda: scenes.jpeg(scenes.scene(*scenes.PIECES)),
}


@pytest.mark.parametrize("code", FILES, ids=str)
def test_files(line: Line, code: FailureCode) -> None:
    """A file that can never be cut out fails once, for good, whatever its name says."""
    queued = line.queue(FILES[code]())
    with line.compose(PRODUCTION):
        assert not line.poll().failed_ids
    line.assert_failed(queued, code)
    line.assert_untouched(queued)


def _delete_the_object(line: Line, queued: Queued) -> None:
    line.stack.aws.s3.delete_object(
        Bucket=line.stack.aws.bucket, Key=f"books/{line.picture(queued.image_ids[0]).s3_key}"
    )


def _cut_every_picture(line: Line, queued: Queued) -> None:
    for image_id in queued.image_ids:
        line.world.set_processed(image_id)


def _crash_five_times(line: Line, queued: Queued) -> None:
    """Leave the row as five killed workers do: claimed each time, and the last lease over."""
    for _ in range(5):
        message = JobMessage(queued.job_id, queued.book_id, queued.image_ids[0])
        line.world.store.claim(message, lease_seconds=10)
        line.world.pass_time(11)


@pytest.mark.parametrize(
    ("arrange", "code"),
    [
        (_delete_the_object, FailureCode.OBJECT_MISSING),
        (_cut_every_picture, FailureCode.NO_IMAGES),
        (lambda line, queued: line.world.delete_image(queued.image_ids[0]), FailureCode.SOURCE_GONE),
        (_crash_five_times, FailureCode.CRASH_LOOP),
    ],
    ids=lambda value: str(value) if isinstance(value, FailureCode) else "",
)
def test_rows(line: Line, arrange: Callable[[Line, Queued], object], code: FailureCode) -> None:
    """What changed between the import and the worker's turn."""
    queued = line.queue(BOOK)
    arrange(line, queued)
    gallery = line.world.gallery(queued.book_id)
    with line.compose(PRODUCTION):
        assert not line.poll().failed_ids
    line.assert_failed(queued, code)
    assert gallery == line.world.gallery(queued.book_id)


def test_source_gone_while_it_was_cut(line: Line) -> None:
    """Deleted after the photo was read: the final transaction looks again, no picture appears."""
    queued = line.queue(BOOK)

    def observe(step: str) -> None:
        if step == "thumb_put":
            line.world.delete_image(queued.image_ids[0])

    with line.compose(PRODUCTION, observe=observe):
        assert not line.poll().failed_ids
    row = line.row(queued.job_id)
    assert ("failed", "source_gone") == (row.status, row.failure_code)
    assert queued.gallery[1:] == line.world.gallery(queued.book_id)
    assert ((0, 0), 0) == line.depths()


@pytest.mark.parametrize(("step", "code", "written"), [("rendered", None, 0), ("thumb_put", "book_gone", 2)])
def test_book_gone_while_it_was_cut(
    line: Line, step: str, code: str | None, written: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Its job went with it: acknowledged; the log has the code where only the last transaction saw it."""
    queued = line.queue(BOOK)

    def observe(reached: str) -> None:
        if reached == step:
            line.world.delete_book(queued.book_id)

    with caplog.at_level("INFO"), line.compose(PRODUCTION, observe=observe):
        assert not line.poll().failed_ids
    assert (code, written) == (_told(caplog), len(line.results(queued)))
    assert [] == line.world.gallery(queued.book_id)
    assert ((0, 0), 0) == line.depths()


def test_book_gone_before_its_turn(line: Line) -> None:
    """No row: looked for once more after half a minute, then acknowledged."""
    queued = line.queue(BOOK)
    line.world.delete_book(queued.book_id)
    with line.compose(PRODUCTION):
        assert line.poll().failed_ids
        assert ((0, 1), 0) == line.depths()
        line.show_again()
        assert not line.poll().failed_ids
    assert ((0, 0), 0) == line.depths()


def test_unknown_job(line: Line, caplog: pytest.LogCaptureFixture) -> None:
    """The same for a job that never was; the log has the code."""
    line.stack.job_queue().send(uuid.uuid4(), 1, 1)
    with caplog.at_level("INFO"), line.compose(PRODUCTION):
        assert line.poll().failed_ids
        line.show_again()
        assert not line.poll().failed_ids
    assert "unknown_job" == _told(caplog)
    assert ((0, 0), 0) == line.depths()


@pytest.mark.parametrize("wrong", ["book", "picture"])
def test_job_mismatch(line: Line, wrong: str) -> None:
    """A message that names another book or picture than its job ends the job; both galleries stay."""
    queued, other = line.queue(BOOK), line.stack.add_book("Another book", [])
    line.discard()
    ids = {"book": (other.book_id, queued.image_ids[0]), "picture": (queued.book_id, queued.image_ids[1])}
    line.stack.job_queue().send(queued.job_id, *ids[wrong])
    with line.compose(PRODUCTION):
        assert not line.poll().failed_ids
    line.assert_failed(queued, FailureCode.JOB_MISMATCH)
    line.assert_untouched(queued)


@pytest.mark.parametrize("body", ["not JSON", "[]", '{"job_id": "x", "book_id": 1, "image_id": 1}', "{}"])
def test_bad_message(line: Line, body: str, caplog: pytest.LogCaptureFixture) -> None:
    """Poison is seen again at once, until the dead-letter queue has it: as it came, no row touched."""
    aws = line.stack.aws
    aws.sqs.send_message(QueueUrl=aws.queue_url, MessageBody=body)
    with line.compose(PRODUCTION):
        for _ in range(aws.max_receive_count):
            assert line.poll().failed_ids
        assert not line.poll().message_ids
    assert ((0, 0), 1) == line.depths()
    dead = aws.sqs.receive_message(QueueUrl=aws.dead_letter_url)["Messages"]
    assert [body] == [message["Body"] for message in dead]
    assert "bad_message" == _told(caplog)


def test_superseded(line: Line) -> None:
    """An old job whose send failed gives way to a newer live one of the same picture."""
    queued = line.queue(BOOK)
    old = line.world.add_job(queued.book_id, queued.image_ids[0], "queue_failed")
    line.discard()
    line.stack.job_queue().send(old, queued.book_id, queued.image_ids[0])
    with line.compose(PRODUCTION):
        assert not line.poll().failed_ids
    assert ("failed", "superseded") == (line.row(old).status, line.row(old).failure_code)
    assert "pending" == line.row(queued.job_id).status
    line.assert_untouched(queued)


def test_deadline(line: Line) -> None:
    """Too little time left: nothing is begun, the lease is free, the message comes back and is done."""
    queued = line.queue(BOOK)
    with line.compose(PRODUCTION, remaining_seconds=5):
        assert line.poll().failed_ids
    row = line.row(queued.job_id)
    assert ("pending", 0, None) == (row.status, row.claim_count, row.lease_token)
    assert "deadline" == (row.report or {})["last_error"]["code"]
    line.assert_untouched(queued)
    line.show_again()
    with line.compose(PRODUCTION):
        assert not line.poll().failed_ids
    assert "completed" == line.row(queued.job_id).status


def test_retries_exhausted(line: Line) -> None:
    """An outage through every receipt: the job says so, the message is kept in the dead-letter queue."""
    queued = line.queue(BOOK)
    with line.compose(PRODUCTION | {"IMAGES_BUCKET": "no-such-bucket"}):
        for left in reversed(range(line.stack.aws.max_receive_count)):
            assert line.poll().failed_ids
            assert ("pending" if left else "failed") == line.row(queued.job_id).status
            line.show_again()
        assert not line.poll().message_ids
    row = line.row(queued.job_id)
    assert "retries_exhausted" == row.failure_code
    assert (row.failure_reason or "").startswith(FAILURES[FailureCode.RETRIES_EXHAUSTED].sentence)
    assert ((0, 0), 1) == line.depths()
    line.assert_untouched(queued)


def test_an_outage_that_ends_in_time(line: Line) -> None:
    """Four failed receipts, then the bucket is back: nothing was lost, nothing is done twice."""
    queued = line.queue(BOOK)
    with line.compose(PRODUCTION | {"IMAGES_BUCKET": "no-such-bucket"}):
        for _ in range(line.stack.aws.max_receive_count - 1):
            assert line.poll().failed_ids
            line.show_again()
    with line.compose(PRODUCTION):
        assert not line.poll().failed_ids
    assert "completed" == line.row(queued.job_id).status
    assert ((0, 0), 0) == line.depths()
    assert 4 == len(line.world.gallery(queued.book_id))


def test_a_live_lease_is_waited_for(line: Line) -> None:
    """Another worker is on it: the message comes back after the lease's end, the row is left alone."""
    queued = line.queue(BOOK)
    token = uuid.uuid4()
    with Session(line.stack.engine) as session, session.begin():
        session.execute(
            update(ImageProcessingJob)
            .where(ImageProcessingJob.id == queued.job_id)
            .values(status="processing", lease_token=token)
        )
    with line.compose(PRODUCTION):
        assert line.poll().failed_ids
    assert ("processing", token) == (line.row(queued.job_id).status, line.row(queued.job_id).lease_token)
    line.assert_untouched(queued)


def _told(caplog: pytest.LogCaptureFixture) -> str | None:
    """Return the code in the log line of the last delivery."""
    ended = [record for record in caplog.records if getattr(record, "action", "") == "delivery_ended"]
    return getattr(ended[-1], "code", None)


def test_every_code_is_met() -> None:
    """The codes above and in test_main_job.py are all that this line can give."""
    met = {*FILES} | {
        FailureCode.OBJECT_MISSING, FailureCode.NO_IMAGES, FailureCode.SOURCE_GONE, FailureCode.CRASH_LOOP,
        FailureCode.BOOK_GONE, FailureCode.UNKNOWN_JOB, FailureCode.JOB_MISMATCH, FailureCode.BAD_MESSAGE,
        FailureCode.SUPERSEDED, FailureCode.DEADLINE, FailureCode.RETRIES_EXHAUSTED,
    }  # fmt: skip
    # The judge's own codes: tests/unit/test_quality.py has a mask for each.
    judged = {check.code for check in CHECKS} | {FailureCode.ANOTHER_ASPECT}
    assert judged - met == set(FailureCode) - met
