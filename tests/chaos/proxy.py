"""A proxy before S3, SQS and Secrets Manager that breaks what passes it, by service and by kind of fault."""

from __future__ import annotations

import http.client
import random
import re
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

#: The credential's scope names the service: `Credential=key/date/region/service/aws4_request`.
_SERVICE = re.compile(r"Credential=[^/]+/[^/]+/[^/]+/([^/]+)/aws4_request")
#: Closing with pending data and no linger resets the connection instead of ending it politely.
_RESET = struct.pack("ii", 1, 0)
_REFUSALS: Mapping[str, tuple[int, str, bytes]] = {
    "s3": (503, "application/xml", b"<Error><Code>SlowDown</Code><Message>chaos</Message></Error>"),
    "sqs": (503, "application/x-amz-json-1.0", b'{"__type":"ServiceUnavailable","message":"chaos"}'),
    "secretsmanager": (
        400,
        "application/x-amz-json-1.1",
        b'{"__type":"ThrottlingException","message":"chaos"}',
    ),
}
_HOP = frozenset({"connection", "transfer-encoding", "keep-alive", "content-length", "date", "server"})


@dataclass
class Faults:
    """What breaks: service -> kind -> probability. Kinds: refused, slow, stuck, reset, lost, cut."""

    rng: random.Random
    probabilities: dict[str, dict[str, float]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    #: Set when what is stuck may go on.
    released: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def set(self, service: str, **probabilities: float) -> None:
        """Break a service from now on."""
        self.released.clear()
        with self._lock:
            self.probabilities[service] = probabilities

    def clear(self) -> None:
        """Break nothing any more."""
        with self._lock:
            self.probabilities.clear()
        self.released.set()

    def draw(self, service: str) -> str | None:
        """Return the fault that meets one request."""
        with self._lock:
            roll = self.rng.random()
            for kind, probability in self.probabilities.get(service, {}).items():
                roll -= probability
                if roll < 0:
                    self.counts[f"{service} {kind}"] += 1
                    return kind
        return None


class Proxy:
    """Serves on a loopback port inside the block.

    Args:
        endpoint_url: the server behind.
        rng: decides what breaks.

    """

    def __init__(self, endpoint_url: str, rng: random.Random) -> None:
        self.faults = Faults(rng)
        handler = type(
            "Handler", (_Handler,), {"faults": self.faults, "behind": urlsplit(endpoint_url).netloc}
        )
        self._server = _Server(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def endpoint_url(self) -> str:
        """Return the proxy's address."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Proxy:
        """Begin to serve."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop serving."""
        self.faults.clear()
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients that are killed in the middle are the point."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    faults: Faults
    behind: str

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        found = _SERVICE.search(self.headers.get("Authorization", ""))
        service = found[1] if found else "unknown"
        fault = self.faults.draw(service)
        if fault == "refused":
            self._answer(*_REFUSALS[service])
            return
        if fault == "reset":
            self._reset()
            return
        if fault == "stuck":
            # Whoever waits is answered when it is over, if it still lives.
            self.faults.released.wait()
        if fault == "slow":
            time.sleep(self.faults.rng.uniform(0.3, 2.0))
        status, headers, answer = self._forward(body)
        if fault == "lost":
            # Done behind, but nobody is told: the caller cannot know.
            self._reset()
            return
        self._relay(status, headers, answer, is_cut=fault == "cut" and len(answer) > 1)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _serve  # noqa: N815 (http.server's names)

    def _forward(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = http.client.HTTPConnection(self.behind, timeout=30)
        try:
            headers = {name: value for name, value in self.headers.items() if name.lower() != "expect"}
            connection.request(self.command, self.path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()

    def _relay(self, status: int, headers: list[tuple[str, str]], answer: bytes, *, is_cut: bool) -> None:
        self.send_response(status)
        length = str(len(answer))
        for name, value in headers:
            if name.lower() == "content-length" and self.command == "HEAD":
                length = value
            if name.lower() not in _HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", length)
        self.end_headers()
        self.wfile.write(answer[: len(answer) // 2] if is_cut else answer)
        if is_cut:
            self._reset()

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _reset(self) -> None:
        self.close_connection = True
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.connection.close()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (http.server's name)
        """Say nothing."""
