"""The downloader against a server that cuts, stalls, lies about length and serves wrong bytes."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from lambdas.image_processor import weight_files
from lambdas.image_processor.recipes import U2NET
from models_download import pull
from models_download.fetch import FetchError, Network, Source, fetch
from models_download.main import main

_BODY = np.random.default_rng(5).bytes(900_000)
_SHA256 = hashlib.sha256(_BODY).hexdigest()

Behaviour = Callable[["_Handler", int], None]


@dataclass
class _Server:
    """What it did and what it will do; without orders it behaves."""

    url: str = ""
    orders: list[Behaviour] = field(default_factory=list)
    #: The start that each request asked for, and its path.
    asked: list[tuple[int, str]] = field(default_factory=list)
    #: Set at the end: a stalled answer must not outlive its test.
    over: threading.Event = field(default_factory=threading.Event)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state: _Server

    def do_GET(self) -> None:
        start = int((self.headers.get("Range") or "bytes=0-")[6:-1])
        self.state.asked.append((start, self.path))
        behave = self.state.orders.pop(0) if self.state.orders else _behave
        # Clients that refuse an answer hang up.
        with suppress(ConnectionError):
            behave(self, start)

    def begin(self, status: int, length: int | None, start: int = 0) -> None:
        self.send_response(status)
        if length is not None:
            self.send_header("Content-Length", str(length))
        if status == 206:
            self.send_header("Content-Range", f"bytes {start}-{len(_BODY) - 1}/{len(_BODY)}")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True

    def log_message(self, *arguments: object) -> None:
        """Nothing is logged."""


def _behave(handler: _Handler, start: int) -> None:
    handler.begin(206 if start else 200, len(_BODY) - start, start)
    handler.wfile.write(_BODY[start:])


def _cut(after: int) -> Behaviour:
    def behave(handler: _Handler, start: int) -> None:
        handler.begin(206 if start else 200, len(_BODY) - start, start)
        handler.wfile.write(_BODY[start : start + after])

    return behave


def _stall(handler: _Handler, start: int) -> None:
    handler.begin(206 if start else 200, len(_BODY) - start, start)
    handler.wfile.write(_BODY[start : start + 1000])
    handler.wfile.flush()
    handler.state.over.wait(30)


def _answer(status: int) -> Behaviour:
    return lambda handler, _: handler.begin(status, 0)


def _serve(body: bytes) -> Behaviour:
    def behave(handler: _Handler, _: int) -> None:
        handler.begin(200, len(body))
        handler.wfile.write(body)

    return behave


def _start_over(handler: _Handler, _: int) -> None:
    handler.begin(200, len(_BODY))
    handler.wfile.write(_BODY)


def _wrong_part(handler: _Handler, start: int) -> None:
    handler.begin(206, len(_BODY) - start, start + 7)
    handler.wfile.write(_BODY[start:])


def _endless(handler: _Handler, _: int) -> None:
    handler.begin(200, None)
    handler.wfile.write(_BODY + b"more")


@pytest.fixture
def server() -> Iterator[_Server]:
    """A server on a loopback port."""
    state = _Server()
    handler = type("Handler", (_Handler,), {"state": state})
    http_server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    http_server.daemon_threads = True
    thread = threading.Thread(target=http_server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    state.url = f"http://127.0.0.1:{http_server.server_port}"
    yield state
    state.over.set()
    http_server.shutdown()
    thread.join()
    http_server.server_close()


@dataclass
class _Pauses:
    """A network that waits for nothing and remembers what it was asked to wait."""

    seconds: list[float] = field(default_factory=list)

    def network(self, **options: float) -> Network:
        """Return it."""
        plain = Network(timeout_seconds=options.get("timeout_seconds", 5.0), sleep=self.seconds.append)
        return replace(plain, tries=int(options.get("tries", 3)))


def _fetch(server: _Server, target: Path, **options: float) -> list[float]:
    pauses = _Pauses()
    fetch(Source(f"{server.url}/net.onnx", len(_BODY), _SHA256), target, pauses.network(**options))
    return pauses.seconds


def _refused(server: _Server, target: Path) -> str:
    with pytest.raises(FetchError) as caught:
        _fetch(server, target)
    assert not target.exists()
    return str(caught.value)


def test_a_file_is_fetched_whole(server: _Server, tmp_path: Path) -> None:
    """Its bytes, in a folder made for it, and nothing beside it; progress runs to the end."""
    target, told = tmp_path / "new" / "net.onnx", list[int]()
    fetch(Source(f"{server.url}/net.onnx", len(_BODY), _SHA256), target, Network(), told.append)
    assert target.read_bytes() == _BODY
    assert list(target.parent.iterdir()) == [target]
    assert told == sorted(told)
    assert (told[0], told[-1]) == (0, len(_BODY))


def test_a_cut_connection_is_resumed(server: _Server, tmp_path: Path) -> None:
    """Each request asks for what is missing; progress resets the patience, so ten cuts are no failure."""
    server.orders = [_cut(80_000)] * 10
    _fetch(server, tmp_path / "net.onnx", tries=2)
    assert (tmp_path / "net.onnx").read_bytes() == _BODY
    assert [start for start, _ in server.asked] == [80_000 * number for number in range(11)]


def test_a_stalled_connection_is_resumed(server: _Server, tmp_path: Path) -> None:
    """After the timeout the rest is asked for."""
    server.orders = [_stall]
    _fetch(server, tmp_path / "net.onnx", timeout_seconds=0.3)
    assert (tmp_path / "net.onnx").read_bytes() == _BODY
    assert [start for start, _ in server.asked] == [0, 1000]


def test_another_run_goes_on_where_the_first_stopped(server: _Server, tmp_path: Path) -> None:
    """The part stays beside the target."""
    server.orders = [_cut(500_000), _answer(503), _answer(503), _answer(503)]
    assert "cannot be fetched" in _refused(server, tmp_path / "net.onnx")
    assert (tmp_path / "net.onnx.part").stat().st_size == 500_000
    _fetch(server, tmp_path / "net.onnx")
    assert server.asked[-1][0] == 500_000
    assert [path.name for path in tmp_path.iterdir()] == ["net.onnx"]


@pytest.mark.parametrize("left", [b"x" * 1000, b"x" * len(_BODY), b"x" * (len(_BODY) + 1)])
def test_a_spoilt_part_is_thrown_away(left: bytes, server: _Server, tmp_path: Path) -> None:
    """Whatever an earlier run left, the file comes out right."""
    (tmp_path / "net.onnx.part").write_bytes(left)
    _fetch(server, tmp_path / "net.onnx")
    assert (tmp_path / "net.onnx").read_bytes() == _BODY


@pytest.mark.parametrize("behave", [_start_over, _wrong_part, _answer(416)])
def test_a_server_that_does_not_resume_is_read_from_the_start(
    behave: Behaviour, server: _Server, tmp_path: Path
) -> None:
    """It sends everything again, another part, or refuses the range."""
    (tmp_path / "net.onnx.part").write_bytes(_BODY[:1000])
    server.orders = [behave]
    _fetch(server, tmp_path / "net.onnx")
    assert (tmp_path / "net.onnx").read_bytes() == _BODY


@pytest.mark.parametrize("length", [10, len(_BODY) - 1, len(_BODY) + 1])
def test_a_wrong_length_is_refused_before_the_body(length: int, server: _Server, tmp_path: Path) -> None:
    """A login page of a hotel's network is not a model."""
    server.orders = [_serve((_BODY + b"x")[:length])]
    assert f"{length:,} bytes instead of 900,000" in _refused(server, tmp_path / "net.onnx")
    assert len(server.asked) == 1


def test_a_body_without_end_is_refused(server: _Server, tmp_path: Path) -> None:
    """A server that names no length cannot fill the disk."""
    server.orders = [_endless]
    assert "does not end where it should" in _refused(server, tmp_path / "net.onnx")


def test_wrong_bytes_are_never_put_in_place(server: _Server, tmp_path: Path) -> None:
    """Asked for twice, then refused; an older file stays as it was, nothing else is left."""
    server.orders = [_serve(b"x" * len(_BODY))] * 2
    assert "its checksum is another" in _refused(server, tmp_path / "net.onnx")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "net.onnx").write_bytes(b"older")
    server.orders = [_serve(b"x" * len(_BODY))] * 2
    with pytest.raises(FetchError):
        _fetch(server, tmp_path / "net.onnx")
    assert (tmp_path / "net.onnx").read_bytes() == b"older"


def test_wrong_bytes_once_are_fetched_again(server: _Server, tmp_path: Path) -> None:
    """A second helping may be right."""
    server.orders = [_serve(b"x" * len(_BODY))]
    _fetch(server, tmp_path / "net.onnx")
    assert (tmp_path / "net.onnx").read_bytes() == _BODY


def test_a_missing_file_is_not_asked_for_again(server: _Server, tmp_path: Path) -> None:
    """404 stays 404; the sentence names the address and the remedy."""
    server.orders = [_answer(404)]
    told = _refused(server, tmp_path / "net.onnx")
    assert f"{server.url}/net.onnx answers 404" in told
    assert "--mirror" in told
    assert len(server.asked) == 1


def test_pauses_double_between_tries(server: _Server, tmp_path: Path) -> None:
    """A busy server is given time."""
    server.orders = [_answer(503), _answer(429), _answer(500), _answer(502)]
    assert _fetch(server, tmp_path / "net.onnx", tries=5) == [1.0, 2.0, 4.0, 8.0]


def test_offline_is_one_clear_sentence(tmp_path: Path) -> None:
    """Nobody listens: the address, the reason and what to try, and nothing on the disk."""
    with pytest.raises(FetchError) as caught:
        fetch(Source("http://127.0.0.1:9/n", 1, ""), tmp_path / "n", Network(sleep=lambda _: None))
    told = str(caught.value)
    assert "http://127.0.0.1:9/n cannot be fetched" in told
    assert "offline" in told
    assert "--proxy" in told
    assert list(tmp_path.iterdir()) == []


def test_a_proxy_is_asked_for_the_whole_address(server: _Server, tmp_path: Path) -> None:
    """The server plays the proxy: it sees another host's address."""
    source = Source("http://weights.example/net.onnx", len(_BODY), _SHA256)
    fetch(source, tmp_path / "net.onnx", Network(proxy=server.url))
    assert server.asked == [(0, "http://weights.example/net.onnx")]


def test_a_folder_that_cannot_be_written_is_named(server: _Server, tmp_path: Path) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "file").write_text("")
    with pytest.raises(FetchError, match="cannot be written"):
        _fetch(server, tmp_path / "file" / "net.onnx")


def test_a_mirror_holds_the_files_under_their_names(server: _Server, tmp_path: Path) -> None:
    """What is there and right is not fetched again."""
    spec = replace(U2NET, size_bytes=len(_BODY), sha256=_SHA256)
    told: list[int] = []
    fetched = [
        pull.pull(spec, tmp_path, f"{server.url}/models/", Network(), lambda _, done: told.append(done))
        for _ in range(2)
    ]
    assert fetched == [True, False]
    assert server.asked == [(0, "/models/u2net.onnx")]
    assert told[-1] == len(_BODY)
    assert weight_files.fault(spec, tmp_path) is None


def test_published_addresses_are_whole() -> None:
    """Without a mirror each download has an https address, a size and a checksum."""
    sources = [pull.source_of(spec, None) for spec in pull.DOWNLOADS]
    assert [source.url.rpartition("/")[2] for source in sources] == ["u2net.onnx", "isnet-general-use.onnx"]
    assert all(source.url.startswith("https://") and len(source.sha256) == 64 for source in sources)


@pytest.mark.parametrize("arguments", [["resnet"], ["--mirror", "ftp://x"]])
def test_wrong_wishes_are_named(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An unknown model, a mirror that is no address: status 1 and a sentence."""
    assert main([*arguments, "--dir", str(tmp_path)], {}) == 1
    assert arguments[-1] in capsys.readouterr().err


def test_verify_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A missing model and one of the wrong size; the folder comes from U2NET_HOME."""
    (tmp_path / "u2net.onnx").write_bytes(b"short")
    assert main(["--verify"], {"U2NET_HOME": str(tmp_path)}) == 1
    printed = capsys.readouterr().out
    assert "u2net.onnx: has 5 bytes instead of 175,997,641" in printed
    assert "isnet-general-use.onnx: is missing" in printed
