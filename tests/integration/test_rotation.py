"""The database's password is rotated under load: nobody notices but for a moment, and nothing is lost."""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest
from sqlalchemy import URL, Engine, text
from sqlalchemy.orm import Session

from lambdas.image_processor.credentials import SecretCredentials
from lambdas.image_processor.database import in_transaction, open_engine
from lambdas.image_processor.errors import TransientError

ROTATIONS = 4
THREADS = 4


@dataclass
class Rotator:
    """A login whose password changes, and the secret that tells it."""

    admin: Engine
    url: URL
    password: str = ""
    reads: int = 0
    role: str = field(default_factory=lambda: f"worker_{secrets.token_hex(4)}")

    def get_secret_value(self, *, SecretId: str) -> dict[str, str]:  # noqa: N803 (boto3's name)
        self.reads += 1
        return {
            "SecretString": json.dumps(
                {
                    "username": self.role, "password": self.password, "host": self.url.host,
                    "port": self.url.port or 5432, "dbname": self.url.database, "sslmode": "prefer",
                }
            )
        }  # fmt: skip

    def execute(self, statement: str) -> None:
        with self.admin.begin() as connection:
            connection.execute(text(statement))

    def rotate(self) -> None:
        """Change the password, write the secret, and cut every connection, as a failover does."""
        password = secrets.token_hex(8) + "%/@'"
        self.execute(f"ALTER ROLE {self.role} PASSWORD '{password.replace(chr(39), chr(39) * 2)}'")
        self.password = password
        cut = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = :role")
        with self.admin.begin() as connection:
            connection.execute(cut, {"role": self.role})


@pytest.fixture
def rotator(database: Engine, database_url: URL) -> Iterator[Rotator]:
    rotator = Rotator(database, database_url)
    rotator.execute(f"CREATE ROLE {rotator.role} LOGIN")
    rotator.rotate()
    yield rotator
    rotator.execute(f"DROP ROLE {rotator.role}")


def test_rotation_under_load(rotator: Rotator) -> None:
    """Four threads work through four rotations; what fails is transient, and the next try succeeds."""
    engine = open_engine(SecretCredentials(rotator, "db"))
    stop = threading.Event()
    done = [0] * THREADS
    failures: list[Exception] = []

    def work(number: int) -> None:
        while not stop.is_set():
            try:
                in_transaction(engine, _look)
            except TransientError as exc:
                failures.append(exc)
                # The cut itself may be met once; the try after it must not fail.
                in_transaction(engine, _look)
            done[number] += 1

    with ThreadPoolExecutor(THREADS) as pool:
        futures = [pool.submit(work, number) for number in range(THREADS)]
        try:
            for _ in range(ROTATIONS):
                _until_all_moved(done)
                rotator.rotate()
            _until_all_moved(done)
        finally:
            stop.set()
        for future in futures:
            future.result()
    engine.dispose()
    assert all(done)
    # At most one cut per thread and rotation; not one read of the secret per transaction.
    assert len(failures) <= THREADS * ROTATIONS
    assert rotator.reads <= 2 * THREADS * (ROTATIONS + 1)


def _look(session: Session) -> None:
    session.execute(text("SELECT 1"))


def _until_all_moved(done: list[int]) -> None:
    before, give_up_at = list(done), time.monotonic() + 30
    while not all(now > then for now, then in zip(done, before, strict=True)):
        assert time.monotonic() < give_up_at, "the load stands still"
        time.sleep(0.01)
