"""Logs and metrics: JSON with the job's ids, one metric line per delivery."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
import uuid
from collections.abc import Iterator

import pytest

from lambdas.image_processor.domain import Delivery, Ending, JobMessage, Outcome
from lambdas.image_processor.errors import FailureCode
from lambdas.image_processor.telemetry import NAMESPACE, Telemetry, peak_rss_mib

MESSAGE = JobMessage(uuid.UUID(int=7), 3, 4)


@pytest.fixture
def root_stream() -> Iterator[io.StringIO]:
    """The root logger as Lambda's runtime leaves it: one handler."""
    root, stream = logging.getLogger(), io.StringIO()
    handlers, level = root.handlers[:], root.level
    root.handlers[:] = [logging.StreamHandler(stream)]
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)


def test_every_line_of_a_job_carries_its_ids(root_stream: io.StringIO) -> None:
    """Inside the block each logger's line has the ids, outside none has."""
    telemetry = Telemetry("staging", lambda _: None)
    telemetry.take_over_logging()
    with telemetry.job(MESSAGE):
        logging.getLogger("any.library").warning("inside", extra={"action": "x"})
    logging.getLogger("any.library").warning("outside")
    inside, outside = (json.loads(line) for line in root_stream.getvalue().splitlines())
    assert (str(MESSAGE.job_id), 3, 4, "x") == tuple(
        inside[key] for key in ("job_id", "book_id", "image_id", "action")
    )
    assert "job_id" not in outside
    assert ("staging", "image-processor") == (outside["environment"], outside["service"])


class _UnendedHandler(logging.Handler):
    """Writes what the formatter returns and nothing more, as the handler of Lambda's runtime client does."""

    def __init__(self, stream: io.StringIO) -> None:
        super().__init__()
        self.stream = stream

    def emit(self, record: logging.LogRecord) -> None:
        self.stream.write(self.format(record))


def test_lines_end_whoever_writes_them(root_stream: io.StringIO) -> None:
    """Two lines never run together, and a stream's own handler ends none twice."""
    del root_stream
    for make in (logging.StreamHandler, _UnendedHandler):
        stream = io.StringIO()
        logging.getLogger().handlers[:] = [make(stream)]
        Telemetry("staging", lambda _: None).take_over_logging()
        for text in ("one", "two"):
            logging.getLogger("any.library").warning(text)
        told = [json.loads(line)["message"] for line in stream.getvalue().splitlines()]
        assert told == ["one", "two"]
        assert "\n\n" not in stream.getvalue()


def test_the_closing_line_says_what_ran(root_stream: io.StringIO) -> None:
    """Recipe, verdict and stage seconds stand beside the ending."""
    telemetry = Telemetry("staging", lambda _: None)
    telemetry.take_over_logging()
    known = {"recipe": "u2net-alpha", "verdict": "accepted", "seconds": {"segment": 0.5}}
    telemetry.record(Outcome(Ending.COMPLETED, facts=known), Delivery("m", "r", 1, 5), 1.5)
    line = json.loads(root_stream.getvalue())
    assert known.items() <= line.items()
    assert line["ending"] == "completed"


def test_metrics_of_a_completion() -> None:
    """Count, duration, cold start, memory, band and stages; the second delivery is warm."""
    lines: list[str] = []
    telemetry = Telemetry("prod", lines.append)
    facts = {"seconds": {"segment": 0.5}, "matting": {"unknown_px": 1234}}
    for _ in range(2):
        telemetry.record(Outcome(Ending.COMPLETED, facts=facts), Delivery("m", "r", 1, 5), 1.5)
    first, second = (json.loads(line) for line in lines)
    assert NAMESPACE == first["_aws"]["CloudWatchMetrics"][0]["Namespace"]
    assert [["environment"]] == [sorted(d) for d in first["_aws"]["CloudWatchMetrics"][0]["Dimensions"]]
    assert ([1.0], [1.5], [1234.0], [0.5]) == tuple(
        first[name] for name in ("Processed", "DurationSeconds", "UnknownBandPixels", "Stage_segment_Seconds")
    )
    assert ([1.0], [0.0]) == (first["ColdStart"], second["ColdStart"])
    assert first["PeakRssMib"][0] > 10


def test_metrics_of_a_rejection() -> None:
    """Rejected photos are counted with their code beside the metric."""
    lines: list[str] = []
    outcome = Outcome(Ending.FAILED, code=FailureCode.NO_SUBJECT)
    Telemetry("prod", lines.append).record(outcome, Delivery("m", "r", 1, 5), 1.5)
    body = json.loads(lines[0])
    assert ([1.0], "no_subject", [1.0]) == (body["Rejected"], body["code"], body["Rejected_no_subject"])


def test_the_peak_is_this_process_s_own() -> None:
    """A child of a large process begins small."""
    held = bytearray(200 << 20)
    program = "from lambdas.image_processor.telemetry import peak_rss_mib; print(peak_rss_mib())"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert 10 < float(done.stdout) < peak_rss_mib()
    assert peak_rss_mib() > len(held) / 2**20
