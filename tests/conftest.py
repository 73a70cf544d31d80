"""A real PostgreSQL and a server of S3, SQS and Secrets Manager, once per run; the rest per test."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator

# Before anything imports onnxruntime, which would send usage data to its maker.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import pytest
from sqlalchemy import URL, Engine, create_engine

from app import migrate
from local import aws as local_aws
from local import databases, postgres
from local.stack import LocalStack
from tests.contract.worlds import PostgresWorld
from tests.line import Line


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[URL]:
    """The maintenance database's address of a server for the whole run."""
    database_url = os.environ.get("DATABASE_URL")
    if not database_url:
        try:
            postgres.find_binaries()
        except postgres.PostgresError as exc:
            pytest.skip(f"needs PostgreSQL: {exc}")
    with postgres.running_server(database_url) as url:
        yield url


@pytest.fixture
def empty_database(postgres_server: URL) -> Iterator[Engine]:
    """A database without any table."""
    with databases.database(postgres_server) as url:
        yield from _engine(url)


@pytest.fixture(scope="session")
def template_database(postgres_server: URL) -> Iterator[str]:
    """The name of a migrated database that every test copies."""
    with databases.database(postgres_server) as url:
        migrate.upgrade(url)
        yield str(url.database)


@pytest.fixture
def database_url(postgres_server: URL, template_database: str) -> Iterator[URL]:
    """The address of a migrated database of the test's own."""
    with databases.database(postgres_server, template_database) as url:
        yield url


@pytest.fixture
def database(database_url: URL) -> Iterator[Engine]:
    """An engine on a migrated database of the test's own."""
    yield from _engine(database_url)


@pytest.fixture(scope="session")
def aws_endpoint() -> Iterator[str]:
    """The endpoint of one S3, SQS and Secrets Manager server for the whole run."""
    with local_aws.AwsServer() as server:
        yield server.wait_for_endpoint()


@pytest.fixture
def aws(aws_endpoint: str) -> Iterator[local_aws.Aws]:
    """A bucket, a queue with its dead-letter queue and a secret of the test's own."""
    resources = local_aws.create_resources(aws_endpoint, f"test-{secrets.token_hex(6)}")
    yield resources
    resources.close()


@pytest.fixture(scope="module")
def shared_line(postgres_server: URL, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    """The whole line, once per module."""
    weights = tmp_path_factory.mktemp("weights")
    address = postgres_server.render_as_string(hide_password=False)
    with LocalStack(database_url=address, weights_dir=weights) as stack:
        yield Line(stack, weights, PostgresWorld(stack.engine), stack.function.invoke)


@pytest.fixture
def line(shared_line: Line) -> Iterator[Line]:
    """The whole line with a bucket and a queue of the test's own."""
    stack = shared_line.stack
    stack.aws = local_aws.create_resources(stack.aws.endpoint_url, f"test-{secrets.token_hex(6)}")
    stack.aws.store_credentials(stack.database)
    shared_line.events.clear()
    yield shared_line
    stack.aws.close()


def _engine(url: URL) -> Iterator[Engine]:
    engine = create_engine(url)
    yield engine
    engine.dispose()
