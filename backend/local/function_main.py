"""The function's own process: `python -m local.function_main`.

Speaks JSON, a line each way. In: first the environment, then `{"event": ..., "seconds": ...}`. Out, per
event: `{"answer": ..., "peak_rss_mib": ...}` or `{"error": ..., "message": ...}`. Ends with its input.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from dataclasses import dataclass
from typing import Any, TextIO

from lambdas.image_processor.handler import Handler, build
from lambdas.image_processor.telemetry import peak_rss_mib


@dataclass(frozen=True, slots=True)
class Context:
    """The part of Lambda's context that the handler uses."""

    #: On the monotonic clock.
    ends_at_seconds: float

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until the invocation is killed."""
        return max(round((self.ends_at_seconds - time.monotonic()) * 1000), 0)


def serve(requests: TextIO, answers: TextIO) -> None:
    """Answer events until there are no more."""
    handler = build(json.loads(requests.readline()))
    handler.telemetry.take_over_logging()
    for line in requests:
        request = json.loads(line)
        answers.write(json.dumps(_answer(handler, request)) + "\n")
        answers.flush()


def _answer(handler: Handler, request: dict[str, Any]) -> dict[str, Any]:
    try:
        answer = handler(request["event"], Context(time.monotonic() + request["seconds"]))
    except Exception as exc:  # noqa: BLE001 (the runtime reports whatever the handler raises)
        traceback.print_exc()
        return {"error": type(exc).__name__, "message": str(exc)}
    return {"answer": answer, "peak_rss_mib": round(peak_rss_mib(), 1)}


def main() -> None:
    """Keep standard output for answers: whatever else prints, prints to standard error."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    serve(sys.stdin, answers)


if __name__ == "__main__":
    main()
