"""The function in a process of its own, as Lambda runs it: warm between events, killed at its timeout."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

_STOP_SECONDS = 5
_ENVIRONMENT = {
    # No proxy stands before the loopback.
    "NO_PROXY": "127.0.0.1",
    "no_proxy": "127.0.0.1",
    # onnxruntime would send usage data to its maker and keep an identifier in the temporary folder.
    "ORT_DISABLE_TELEMETRY": "1",
}


class FunctionError(Exception):
    """The handler raised; the message carries the error's type and text."""


class FunctionCrashedError(Exception):
    """The process ended inside an event: killed, out of memory, or it could not start."""


class FunctionTimeoutError(Exception):
    """The process was killed because the event took longer than the function's timeout."""


class Function:
    """The real handler, composed from an explicit environment.

    The process begins to import at once; `configure` may follow when the environment is known. Whatever ends
    the process, the next event starts another.

    Args:
        log: file that the process's standard error is appended to.
        timeout_seconds: as Lambda's.

    """

    def __init__(self, log: Path, timeout_seconds: float = 300.0) -> None:
        self._log = log
        self._timeout_seconds = timeout_seconds
        self._environment: Mapping[str, str] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._received = b""
        self._is_closed = False
        #: The most memory that the process held so far, in MiB; 0 before the first event.
        self.peak_rss_mib = 0.0

    def __enter__(self) -> Self:
        """Begin to import."""
        self._process = self._spawn()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the process."""
        self._is_closed = True
        self._reap()

    @property
    def pid(self) -> int | None:
        """The process's id, None between a crash and the next event."""
        return self._process.pid if self._process else None

    def configure(self, environment: Mapping[str, str]) -> None:
        """Compose the handler from an environment."""
        self._environment = dict(environment)
        if self._process is not None:
            # Where it could not even start, the first event says so.
            with suppress(FunctionCrashedError):
                self._send(self._process, self._environment)

    def invoke(self, event: dict[str, Any]) -> Any:
        """Return the handler's answer to one event.

        Raises:
            FunctionError, FunctionCrashedError, FunctionTimeoutError: see there.

        """
        process = self._running()
        ends_at = time.monotonic() + self._timeout_seconds
        self._send(process, {"event": event, "seconds": self._timeout_seconds})
        reply = json.loads(self._receive(process, ends_at))
        if "error" in reply:
            raise FunctionError(f"{reply['error']}: {reply['message']}")
        self.peak_rss_mib = max(self.peak_rss_mib, reply["peak_rss_mib"])
        return reply["answer"]

    def kill(self) -> None:
        """End the process as a crash would, from any thread; the next event starts another."""
        process = self._process
        if process is not None:
            process.kill()
            process.wait(_STOP_SECONDS)

    def close(self) -> None:
        """End the process, from any thread, and take no more events."""
        self._is_closed = True
        self.kill()

    def _reap(self) -> None:
        process, self._process, self._received = self._process, None, b""
        if process is None:
            return
        process.kill()
        process.wait(_STOP_SECONDS)
        for pipe in (process.stdin, process.stdout):
            if pipe:
                pipe.close()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._is_closed or self._environment is None:
            raise FunctionCrashedError("the function is not running")
        if self._process is not None and self._process.poll() is not None:
            self._reap()
        if self._process is None:
            self._process = self._spawn()
            self._send(self._process, self._environment)
        return self._process

    def _spawn(self) -> subprocess.Popen[bytes]:
        # The composition reads its own environment only; libraries must not find the developer's account.
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        with self._log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "local.function_main"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                bufsize=0,
                # Ctrl-C in the terminal reaches us, and we decide what ends when.
                start_new_session=True,
                env=inherited | _ENVIRONMENT,
            )

    def _send(self, process: subprocess.Popen[bytes], body: Mapping[str, Any]) -> None:
        if process.stdin is None:
            raise FunctionCrashedError("the function's process has no input")
        try:
            process.stdin.write(json.dumps(body).encode() + b"\n")
        except OSError as exc:
            self._reap()
            raise FunctionCrashedError("the function's process is gone") from exc

    def _receive(self, process: subprocess.Popen[bytes], ends_at: float) -> bytes:
        if process.stdout is None:
            raise FunctionCrashedError("the function's process has no output")
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while b"\n" not in self._received:
                if not selector.select(max(ends_at - time.monotonic(), 0)):
                    self._reap()
                    raise FunctionTimeoutError(f"Task timed out after {self._timeout_seconds:g} seconds")
                chunk = os.read(process.stdout.fileno(), 65536)
                if not chunk:
                    status = process.wait()
                    self._reap()
                    raise FunctionCrashedError(f"the function's process ended with status {status}")
                self._received += chunk
        line, _, self._received = self._received.partition(b"\n")
        return line
