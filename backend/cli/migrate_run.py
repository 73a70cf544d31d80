"""The work of `image-processor migrate`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, create_engine, make_url
from sqlalchemy.exc import ArgumentError, OperationalError
from sqlalchemy.pool import NullPool

from app import migrate
from cli.console import console, fail
from lambdas.image_processor.aws import Clients
from lambdas.image_processor.config import AwsSettings, ConfigurationError, Settings
from lambdas.image_processor.credentials import SecretCredentials
from lambdas.image_processor.database import open_engine
from lambdas.image_processor.errors import TransientError


def upgrade(database_url: str | None) -> None:
    """Run every missing revision and say so."""
    with _database(database_url) as engine:
        before = migrate.current_revision(engine)
        after = migrate.upgrade(engine)
        told = f"is at revision {after}" if before == after else f"went from {before or 'nothing'} to {after}"
        console.print(f"[green]✓[/] the database {told}")


def require_newest(database_url: str | None) -> None:
    """Say which revision the database is at; fail when one is missing."""
    with _database(database_url) as engine:
        console.print(f"[green]✓[/] the database is at revision {migrate.require_head(engine)}")


@contextmanager
def _database(database_url: str | None) -> Iterator[Engine]:
    engine = _open(database_url)
    try:
        yield engine
    except (OperationalError, TransientError) as exc:
        # The driver's text names host and user, never the password.
        fail(f"the database cannot be reached: {str(exc).splitlines()[0]}")
    except migrate.SchemaOutdatedError as exc:
        fail(str(exc))
    finally:
        engine.dispose()


def _open(database_url: str | None) -> Engine:
    if database_url:
        try:
            return create_engine(
                make_url(database_url).set(drivername="postgresql+psycopg2"), poolclass=NullPool
            )
        except ArgumentError:
            fail(
                "DATABASE_URL is not an address like postgresql://user:password@host:port/database", status=2
            )
    try:
        settings = Settings.from_env(os.environ)
    except ConfigurationError as exc:
        fail(f"set DATABASE_URL, or the worker's variables: {exc}", status=2)
    clients = Clients(AwsSettings.from_env(os.environ))
    return open_engine(SecretCredentials(clients.secrets, settings.database_secret_arn))
