"""The embedded server's cluster and process: made, started, waited for, ended."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

import psycopg2
from sqlalchemy import URL

from local.unprivileged import Runner, die_with_parent

_USER = "bluemoxon"
_START_SECONDS = 30
STOP_SECONDS = 15
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


def create_cluster(binaries: Path, runner: Runner, folder: Path, password: str) -> None:
    """Make a cluster in `folder/data` whose superuser has this password.

    Raises:
        PostgresError: with the end of what initdb said.

    """
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


def start(binaries: Path, runner: Runner, folder: Path, password: str) -> tuple[subprocess.Popen[bytes], int]:
    """Start the server on a free port; return its process and port.

    Raises:
        PostgresError: with the end of its log.

    """
    for _ in range(_PORT_TRIES):
        port = _free_port()
        process = spawn(binaries, runner, folder, port)
        try:
            if wait_until_ready(process, port, password):
                return process, port
        except BaseException:
            stop(process)
            raise
        # Another process took the port in between: the log names it, and another port serves.
        if "could not bind" not in log(folder):
            break
    raise PostgresError(f"PostgreSQL did not start:\n{log(folder)[-2000:]}")


def spawn(binaries: Path, runner: Runner, folder: Path, port: int) -> subprocess.Popen[bytes]:
    """Start the server on a port, without waiting for it."""
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


def wait_until_ready(process: subprocess.Popen[bytes], port: int, password: str) -> bool:
    """Return whether the server answers; one that does not is ended."""
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
    stop(process)
    return False


def stop(process: subprocess.Popen[bytes]) -> None:
    """End the server: SIGINT rolls back what is open; SIGQUIT where that takes too long."""
    for wanted in (signal.SIGINT, signal.SIGQUIT):
        if process.poll() is None:
            process.send_signal(wanted)
        try:
            process.wait(STOP_SECONDS)
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


def url(port: int, password: str) -> URL:
    """Return the maintenance database's address."""
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


def log(folder: Path) -> str:
    """Return what the server wrote."""
    path = folder / "log"
    return path.read_text(errors="replace") if path.exists() else ""
