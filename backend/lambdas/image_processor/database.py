"""PostgreSQL: connections that survive a rotated password, and short transactions that survive a deadlock."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812 (it is a class)
from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session

from lambdas.image_processor.credentials import SECRET_TTL_SECONDS, Credentials, SecretCredentials
from lambdas.image_processor.errors import TransientError

_T = TypeVar("_T")
_CONNECT_TIMEOUT_SECONDS = 5
#: A statement or a lock that takes longer is given back, well inside the invocation.
_OPTIONS = "-c statement_timeout=20000 -c lock_timeout=15000 -c idle_in_transaction_session_timeout=60000"
_AUTHENTICATION_FAILED = ("authentication failed", "does not exist", "not permitted to log in")
#: serialization_failure and deadlock_detected: the transaction did nothing and may simply run again.
_RETRYABLE_SQLSTATES = frozenset({"40001", "40P01"})
_TRANSACTION_RETRIES = 3
#: The longest pause before another try: whoever met us in a deadlock should be through by then.
_RETRY_PAUSE_SECONDS = 0.2


def connect(secret: SecretCredentials) -> Connection:
    """Open a connection; a refused login reads the secret again and tries once more (it was rotated)."""
    credentials = secret.current()
    try:
        return _open(credentials)
    except psycopg2.OperationalError as exc:
        if not any(text in str(exc) for text in _AUTHENTICATION_FAILED):
            raise
    return _open(secret.refresh())


def open_engine(secret: SecretCredentials) -> Engine:
    """Return an engine that holds one warm connection and checks it before use."""
    return create_engine(
        "postgresql+psycopg2://",
        creator=lambda: connect(secret),
        pool_size=1,
        max_overflow=4,
        pool_timeout=_CONNECT_TIMEOUT_SECONDS,
        pool_pre_ping=True,
        pool_recycle=int(SECRET_TTL_SECONDS),
    )


@contextmanager
def transient_errors() -> Iterator[None]:
    """Translate what another try may mend into TransientError.

    A constraint's violation or a programming error passes through: it is a bug and must be seen as one.
    """
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeoutError) as exc:
        raise TransientError(f"the database is unavailable: {_name(exc)}") from exc
    except psycopg2.OperationalError as exc:
        raise TransientError(f"the database is unavailable: {type(exc).__name__}") from exc
    except DBAPIError as exc:
        if exc.connection_invalidated:
            raise TransientError(f"the database connection broke: {_name(exc)}") from exc
        raise


def in_transaction(engine: Engine, work: Callable[[Session], _T]) -> _T:
    """Run `work` in one transaction and commit; after a deadlock or a conflict, up to three more times.

    Raises:
        TransientError: the database is unavailable, or the conflict stays.

    """
    conflicts = 0
    while True:
        try:
            with transient_errors(), Session(engine) as session, session.begin():
                return work(session)
        except TransientError as exc:
            if not _may_run_again(exc):
                raise
            conflicts += 1
            if conflicts > _TRANSACTION_RETRIES:
                raise TransientError("the transaction met a deadlock every time it was tried") from exc
            # Spreads retries; nothing secret depends on it.
            time.sleep(random.uniform(0, _RETRY_PAUSE_SECONDS))  # noqa: S311


def _may_run_again(exc: TransientError) -> bool:
    cause = exc.__cause__
    return isinstance(cause, DBAPIError) and getattr(cause.orig, "pgcode", None) in _RETRYABLE_SQLSTATES


def _open(credentials: Credentials) -> Connection:
    return psycopg2.connect(
        user=credentials.username,
        password=credentials.password,
        host=credentials.host,
        port=credentials.port,
        dbname=credentials.dbname,
        sslmode=credentials.sslmode,
        connect_timeout=_CONNECT_TIMEOUT_SECONDS,
        # A connection whose other end vanished without a word must not hold an invocation until its end.
        keepalives_idle=15,
        keepalives_interval=5,
        keepalives_count=3,
        tcp_user_timeout=20_000,
        application_name="image-processor",
        options=_OPTIONS,
    )


def _name(exc: Exception) -> str:
    return type(getattr(exc, "orig", None) or exc).__name__
