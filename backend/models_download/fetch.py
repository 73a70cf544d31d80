"""One file over HTTP: resumed where it broke off, tried again, checked, and only then put in its place."""

from __future__ import annotations

import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from lambdas.image_processor import weight_files

_BLOCK_BYTES: Final = 1 << 18
#: Answers after which another try may help.
_PASSING: Final = frozenset({408, 425, 429, 500, 502, 503, 504})

#: Called with the bytes that are there so far.
Tell = Callable[[int], None]


class FetchError(Exception):
    """The file could not be fetched; the message says why and what helps."""


class _BrokenOffError(Exception):
    """A try ended early; another may go on where it stopped."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file to fetch, and what it must be."""

    url: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Network:
    """How the file's server is reached."""

    #: http://host:port; None: what the environment says (HTTPS_PROXY, NO_PROXY).
    proxy: str | None = None
    #: Without a byte for so long, a try is over.
    timeout_seconds: float = 30.0
    #: Tries in a row that bring nothing before it is given up.
    tries: int = 5
    #: Pause before the second such try, doubled before each further one.
    pause_seconds: float = 1.0
    sleep: Callable[[float], None] = time.sleep

    def opener(self) -> urllib.request.OpenerDirector:
        """Return what opens addresses."""
        proxies = {"http": self.proxy, "https": self.proxy} if self.proxy else None
        return urllib.request.build_opener(urllib.request.ProxyHandler(proxies))


def fetch(source: Source, target: Path, network: Network, tell: Tell = lambda _: None) -> None:
    """Put the file at `target`, whole and checked, or leave `target` as it was.

    What came so far stays beside it as `{name}.part`; the next try, or the next run, goes on from there.

    Raises:
        FetchError: it cannot be had; one sentence or two, for people.

    """
    part = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _complete(source, part, network, tell)
        if weight_files.sha256(part) != source.sha256:
            # What an earlier run left may be at fault: once more from the beginning.
            part.unlink()
            _complete(source, part, network, tell)
            if weight_files.sha256(part) != source.sha256:
                part.unlink()
                raise FetchError(
                    f"{source.url} is not the published file: its checksum is another. "
                    "Nothing was kept; name another server with --mirror."
                )
        part.replace(target)
    except OSError as exc:
        raise FetchError(f"{target} cannot be written: {exc.strerror or exc}.") from exc


def _complete(source: Source, part: Path, network: Network, tell: Tell) -> None:
    """Bring the part to its full length."""
    failures = 0
    while True:
        before = _size(part)
        tell(before)
        if before == source.size_bytes:
            return
        try:
            _go_on(source, part, network, tell)
        except _BrokenOffError as exc:
            failures = 1 if _size(part) > before else failures + 1
            if failures >= network.tries:
                raise FetchError(_unreachable(source, exc)) from exc
            network.sleep(network.pause_seconds * 2 ** (failures - 1))


def _go_on(source: Source, part: Path, network: Network, tell: Tell) -> None:
    """Ask for what is missing and append it."""
    have = _size(part)
    if have > source.size_bytes:
        part.unlink()
        have = 0
    # Only the two schemes of the published addresses: a mirror is checked where it is named.
    request = urllib.request.Request(source.url, headers={"Accept-Encoding": "identity"})  # noqa: S310
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        with network.opener().open(request, timeout=network.timeout_seconds) as answer:
            start = _start(answer, have)
            _require_length(source, answer, start)
            _append(source, part, answer, start, tell)
    except urllib.error.HTTPError as exc:
        exc.close()
        if exc.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            part.unlink(missing_ok=True)
        elif exc.code not in _PASSING:
            raise FetchError(
                f"{source.url} answers {exc.code} {exc.reason}: name another server with --mirror."
            ) from exc
        raise _BrokenOffError(f"the server answers {exc.code} {exc.reason}") from exc
    except urllib.error.URLError as exc:
        raise _BrokenOffError(str(exc.reason)) from exc
    except (http.client.HTTPException, ConnectionError, TimeoutError) as exc:
        raise _BrokenOffError(str(exc) or type(exc).__name__) from exc


def _start(answer: http.client.HTTPResponse, have: int) -> int:
    """Return where the answer's bytes belong: not every server resumes."""
    if answer.status != http.HTTPStatus.PARTIAL_CONTENT:
        return 0
    said = (answer.headers.get("Content-Range") or "").removeprefix("bytes ").partition("-")[0]
    if said != str(have):
        raise _BrokenOffError("the server answers with another part than was asked for")
    return have


def _require_length(source: Source, answer: http.client.HTTPResponse, start: int) -> None:
    promised = answer.headers.get("Content-Length")
    if promised is None or not promised.isdecimal():
        return
    if start + int(promised) != source.size_bytes:
        raise FetchError(
            f"{source.url} is not the published file: it has {start + int(promised):,} bytes instead of "
            f"{source.size_bytes:,}. A proxy's page, perhaps? Look at the address in a browser."
        )


def _append(source: Source, part: Path, answer: http.client.HTTPResponse, start: int, tell: Tell) -> None:
    done = start
    with part.open("r+b" if start else "wb") as file:
        file.seek(start)
        while block := answer.read1(_BLOCK_BYTES):
            done += len(block)
            if done > source.size_bytes:
                file.truncate(0)
                raise FetchError(f"{source.url} is not the published file: it does not end where it should.")
            file.write(block)
            tell(done)
    if done < source.size_bytes:
        raise _BrokenOffError("the connection ended early")


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _unreachable(source: Source, exc: Exception) -> str:
    host = urlsplit(source.url).hostname
    return (
        f"{source.url} cannot be fetched ({exc}): is this machine offline, or does {host} need --proxy? "
        "Run it again to go on where it stopped."
    )
