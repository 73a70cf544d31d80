"""What commands connect to: the database, the queue and the bucket, as the environment names them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, create_engine, make_url
from sqlalchemy.exc import ArgumentError, OperationalError
from sqlalchemy.pool import NullPool

from cli.console import EXIT_USAGE, fail
from lambdas.image_processor.aws import Clients
from lambdas.image_processor.config import AwsSettings
from lambdas.image_processor.credentials import SecretCredentials
from lambdas.image_processor.database import open_engine
from lambdas.image_processor.errors import TransientError


@contextmanager
def database(database_url: str | None) -> Iterator[Engine]:
    """Yield an engine; an unreachable database ends the command with a sentence."""
    engine = _open(database_url)
    try:
        yield engine
    except (OperationalError, TransientError) as exc:
        # The driver's text names host and user, never the password.
        fail(f"the database cannot be reached: {str(exc).splitlines()[0]}")
    finally:
        engine.dispose()


@contextmanager
def clients() -> Iterator[Clients]:
    """Yield the AWS clients of the environment."""
    found = Clients(AwsSettings.from_env(os.environ))
    try:
        yield found
    finally:
        for client in (found.s3, found.sqs, found.secrets):
            client.close()


def required(name: str) -> str:
    """Return an environment variable; without it the command ends as wrongly used."""
    value = os.environ.get(name, "").strip()
    if not value:
        fail(f"set {name}", EXIT_USAGE)
    return value


def _open(database_url: str | None) -> Engine:
    if database_url:
        try:
            url = make_url(database_url).set(drivername="postgresql+psycopg2")
        except ArgumentError:
            fail(
                "DATABASE_URL is not an address like postgresql://user:password@host:port/database",
                EXIT_USAGE,
            )
        return create_engine(url, poolclass=NullPool)
    secret_arn = os.environ.get("DATABASE_SECRET_ARN", "").strip()
    if not secret_arn:
        fail("set DATABASE_URL, or DATABASE_SECRET_ARN as the worker has it", EXIT_USAGE)
    secrets = Clients(AwsSettings.from_env(os.environ)).secrets
    return open_engine(SecretCredentials(secrets, secret_arn))
