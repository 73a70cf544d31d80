"""Logs as JSON with the job's ids on every line, metrics in CloudWatch's embedded format. Never a secret."""

from __future__ import annotations

import json
import logging
import resource
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter
from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import AmazonCloudWatchEMFProvider

from lambdas.image_processor.domain import Delivery, Ending, JobMessage, Outcome

NAMESPACE: Final = "BlueMoxon/ImageProcessor"
SERVICE: Final = "image-processor"
_COUNTED: Final = {Ending.COMPLETED: "Processed", Ending.FAILED: "Rejected", Ending.RETRY: "Failed"}

logger = logging.getLogger("image_processor")


class Telemetry:
    """Logging and metrics of one running function.

    Args:
        environment: the metrics' dimension.
        emit: takes one line of the embedded metric format.

    """

    def __init__(self, environment: str, emit: Callable[[str], None]) -> None:
        self._environment = environment
        self._emit = emit
        self._is_cold = True
        self._formatter = LambdaPowertoolsFormatter(log_record_order=["level", "message"], utc=True)
        self._formatter.append_keys(service=SERVICE, environment=environment)

    def take_over_logging(self) -> None:
        """Send every logger's lines through the JSON formatter, whatever handlers the runtime installed."""
        root = logging.getLogger()
        if not root.handlers:
            root.addHandler(logging.StreamHandler(sys.stdout))
        for handler in root.handlers:
            ends_lines = isinstance(handler, logging.StreamHandler)
            handler.setFormatter(self._formatter if ends_lines else _EndedLines(self._formatter))
        root.setLevel(logging.INFO)
        # botocore's INFO lines may carry presigned URLs.
        logging.getLogger("botocore").setLevel(logging.WARNING)

    @contextmanager
    def job(self, message: JobMessage) -> Iterator[None]:
        """Put a job's ids on every line logged inside."""
        ids = {"job_id": str(message.job_id), "book_id": message.book_id, "image_id": message.image_id}
        self._formatter.append_keys(**ids)
        try:
            yield
        finally:
            self._formatter.remove_keys(list(ids))

    def record(self, outcome: Outcome, delivery: Delivery, seconds: float) -> None:
        """Log and count one delivery's outcome."""
        logger.log(
            logging.INFO if outcome.acknowledged else logging.WARNING,
            "Delivery ended: %s",
            outcome.ending,
            extra={
                "action": "delivery_ended",
                "ending": str(outcome.ending),
                "code": outcome.code and str(outcome.code),
                "receive_count": delivery.receive_count,
                "retry_in_seconds": outcome.retry_in_seconds,
                **{key: value for key, value in outcome.facts.items() if key not in {"message", "args"}},
            },
        )
        self._count(outcome, seconds)

    def _count(self, outcome: Outcome, seconds: float) -> None:
        metrics = AmazonCloudWatchEMFProvider(namespace=NAMESPACE)
        metrics.add_dimension("environment", self._environment)
        metrics.add_metric(_COUNTED.get(outcome.ending, "Skipped"), "Count", 1)
        metrics.add_metric("DurationSeconds", "Seconds", seconds)
        metrics.add_metric("ColdStart", "Count", int(self._is_cold))
        metrics.add_metric("PeakRssMib", "Megabytes", peak_rss_mib())
        unknown_px = outcome.facts.get("matting", {}).get("unknown_px")
        if unknown_px is not None:
            metrics.add_metric("UnknownBandPixels", "Count", unknown_px)
        for stage, spent in outcome.facts.get("seconds", {}).items():
            metrics.add_metric(f"Stage_{stage}_Seconds", "Seconds", spent)
        if outcome.code is not None:
            metrics.add_metadata("code", str(outcome.code))
        if outcome.ending is Ending.FAILED and outcome.code is not None:
            metrics.add_metric(f"Rejected_{outcome.code}", "Count", 1)
        self._is_cold = False
        self._emit(json.dumps(metrics.serialize_metric_set()))


class _EndedLines(logging.Formatter):
    """Ends each line, for handlers that leave that to the format, as the one of Lambda's runtime does.

    Without, two lines run together where the runtime writes to a plain stream.
    """

    def __init__(self, inner: logging.Formatter) -> None:
        super().__init__()
        self._inner = inner

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's line with its end."""
        return self._inner.format(record) + "\n"


def peak_rss_mib() -> float:
    """Return the most memory this process ever held, in MiB.

    From the kernel's own mark where there is one: getrusage's begins with what the parent held at the fork.
    """
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        status = ""
    _, _, mark = status.partition("VmHWM:")
    kib = int(mark.split(maxsplit=1)[0]) if mark else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kib / 1024
