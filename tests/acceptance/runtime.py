"""What runs the function: containers, or where there is no engine, processes on a read-only file system."""

from __future__ import annotations

import http.client
import json
import socket
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from local.function import FunctionCrashedError, FunctionError, FunctionTimeoutError

#: A user and a group that the image does not know, as Lambda's is.
USER_ID: Final = 993
GROUP_ID: Final = 990
WORKER: Final = "lambdas.image_processor.handler.lambda_handler"
RECONCILER: Final = "lambdas.reconciler.handler.lambda_handler"
#: What the function says its version is.
FUNCTION_VERSION: Final = "7"
_PATH: Final = "/2015-03-31/functions/function/invocations"
_START_SECONDS: Final = 30


@dataclass(frozen=True, slots=True)
class Limits:
    """What a function is given."""

    memory_mib: int = 2048
    timeout_seconds: int = 300
    #: None: the image's own command.
    handler: str | None = None
    #: A folder instead of the image's weights.
    weights: Path | None = None


class Running(Protocol):
    """A started function."""

    def invoke(self, event: Mapping[str, Any]) -> Any:
        """Return the answer to one event; raise FunctionError, -CrashedError, -TimeoutError."""

    def cpu_seconds(self) -> float:
        """Return the processor time of all its processes so far."""

    def memory_kills(self) -> int:
        """Return how many of its processes were killed for memory."""

    def log(self) -> str:
        """Return what it printed so far."""


class Runtime(Protocol):
    """Starts functions."""

    @property
    def engine(self) -> str:
        """As out/acceptance.json names it."""

    @property
    def version(self) -> str:
        """What the image was built as."""

    def start(self, environment: Mapping[str, str], limits: Limits) -> AbstractContextManager[Running]:
        """Start a function; nothing of it is imported before its first event."""

    def python(self, code: str) -> str:
        """Run Python as the function would be, with its user and file system; return what it prints."""

    def copy_weights(self, folder: Path) -> None:
        """Copy the folder of the weights."""

    def layers_mb(self) -> dict[str, float]:
        """Return the sizes of the image's layers; empty without an image."""


def variables(environment: Mapping[str, str], limits: Limits) -> dict[str, str]:
    """Return the environment as Lambda completes it."""
    return {
        **environment,
        "AWS_LAMBDA_FUNCTION_NAME": "acceptance-image-processor",
        "AWS_LAMBDA_FUNCTION_VERSION": FUNCTION_VERSION,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(limits.memory_mib),
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(limits.timeout_seconds),
        # Terraform sets it for the predecessor's sake.
        "NUMBA_CACHE_DIR": "/tmp",  # noqa: S108 (the one writable place in Lambda)
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }


def json_lines(running: Running) -> list[dict[str, Any]]:
    """Return what the function logged and counted so far."""
    return [json.loads(line) for line in running.log().splitlines() if line.startswith("{")]


def peak_mib(running: Running) -> float:
    """Return the most memory that the function's process held, as it counted itself."""
    return float(max(line["PeakRssMib"][0] for line in json_lines(running) if "PeakRssMib" in line))


def free_ports(count: int) -> list[int]:
    """Return ports of the loopback that nobody listens on just now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def post(port: int, event: Mapping[str, Any], timeout_seconds: float) -> Any:
    """Send an event to the emulator and return the function's answer.

    Raises:
        FunctionError: the handler raised.
        FunctionTimeoutError: the emulator killed it at its timeout.
        FunctionCrashedError: its process ended.

    """
    status, body = _exchange(port, json.dumps(event).encode(), timeout_seconds)
    if body.startswith("Task timed out"):
        raise FunctionTimeoutError(body)
    try:
        answer = json.loads(body)
    except ValueError as exc:
        raise FunctionCrashedError(f"{status}: {body[:300]}") from exc
    if isinstance(answer, dict) and "errorType" in answer:
        told = f"{answer['errorType']}: {answer.get('errorMessage')}"
        # The emulator's own words for a process that ended; a handler's exceptions have Python's names.
        if answer["errorType"].startswith("Runtime."):
            raise FunctionCrashedError(told)
        raise FunctionError(told)
    return answer


def _exchange(port: int, body: bytes, timeout_seconds: float) -> tuple[int, str]:
    ends_at = time.monotonic() + _START_SECONDS
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_seconds + 30)
        try:
            connection.connect()
        except ConnectionRefusedError:
            connection.close()
            if time.monotonic() > ends_at:
                raise
            time.sleep(0.02)
            continue
        try:
            connection.request("POST", _PATH, body)
            answer = connection.getresponse()
            return answer.status, answer.read().decode(errors="replace")
        except (http.client.HTTPException, ConnectionError) as exc:
            raise FunctionCrashedError(f"the emulator hung up: {exc}") from exc
        finally:
            connection.close()
