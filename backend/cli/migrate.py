"""`image-processor migrate`: bring a database to the newest schema."""

from __future__ import annotations

import os
from typing import Annotated

import typer
from sqlalchemy import Engine, create_engine, make_url
from sqlalchemy.exc import ArgumentError, OperationalError
from sqlalchemy.pool import NullPool

from app import migrate as migrations
from cli.console import console, fail
from lambdas.image_processor.aws import Clients
from lambdas.image_processor.config import AwsSettings, ConfigurationError, Settings
from lambdas.image_processor.credentials import SecretCredentials
from lambdas.image_processor.database import open_engine
from lambdas.image_processor.errors import TransientError


def migrate(
    *,
    database_url: Annotated[
        str | None,
        typer.Option(
            envvar="DATABASE_URL",
            metavar="URL",
            show_envvar=True,
            help="postgresql://user:password@host:port/database. Without it the worker's own environment and "
            "its database secret are used.",
        ),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit 1 when a revision is missing.")
    ] = False,
) -> None:
    """Add what the database lacks: tables where absent, columns and indexes always additively.

    Safe to run twice, at once, and while the deployed version works.
    """
    engine = _open(database_url)
    try:
        before = migrations.current_revision(engine)
        if check:
            migrations.require_head(engine)
        after = before if check else migrations.upgrade(engine)
    except (OperationalError, TransientError) as exc:
        fail(f"the database cannot be reached: {str(exc).splitlines()[0]}")
    except migrations.SchemaOutdatedError as exc:
        fail(str(exc))
    finally:
        engine.dispose()
    told = (
        f"already at revision {after}"
        if before == after
        else f"from {before or 'nothing'} to revision {after}"
    )
    console.print(f"[green]✓[/] {engine.url.database or 'database'}: {told}")


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
