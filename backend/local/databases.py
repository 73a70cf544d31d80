"""Databases on a PostgreSQL server: made, copied from a template, dropped."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import URL, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool


class DatabaseServerError(Exception):
    """The server cannot be reached or does not let its user create databases."""


@contextmanager
def database(server: URL, template: str | None = None) -> Iterator[URL]:
    """Yield the address of a new database with a name of its own; it is dropped afterwards.

    Args:
        server: the address of the server's maintenance database.
        template: a database without connections to copy; milliseconds for a small one.

    Raises:
        DatabaseServerError: the server refused.

    """
    name = f"image_processor_{secrets.token_hex(6)}"
    copied = f' TEMPLATE "{template}"' if template else ""
    try:
        _execute(server, f'CREATE DATABASE "{name}"{copied}')
    except DBAPIError as exc:
        # The driver's text names host and user, never the password.
        raise DatabaseServerError(f"no database can be made on the server: {str(exc.orig).strip()}") from exc
    try:
        yield server.set(database=name)
    finally:
        _execute(server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _execute(server: URL, statement: str) -> None:
    engine = create_engine(server, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    try:
        with engine.connect() as connection:
            connection.execute(text(statement))
    finally:
        engine.dispose()
