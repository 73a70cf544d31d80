"""The local stack starts complete and leaves nothing, however it ends."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, create_engine, select, text
from sqlalchemy.orm import Session

from app import migrate
from app.models import BookImage
from lambdas.image_processor.aws import Clients
from lambdas.image_processor.config import AwsSettings, Settings
from lambdas.image_processor.credentials import SecretCredentials
from lambdas.image_processor.database import open_engine
from local import postgres
from local.databases import DatabaseServerError, database
from local.stack import LocalStack, Upload
from local.unprivileged import Runner, choose_runner

_ROOT = Path(__file__).resolve().parents[2]
_NOBODY = 65534


@pytest.fixture(scope="module")
def stack() -> Iterator[LocalStack]:
    """One running stack for the tests that only look."""
    with LocalStack(database_url=os.environ.get("DATABASE_URL")) as running:
        yield running


def test_the_environment_is_complete(stack: LocalStack) -> None:
    """The worker's settings accept it, and it names the local services only."""
    settings = Settings.from_env(stack.environment())
    assert (settings.environment, settings.embedded_model_fallback) == ("local", True)
    assert settings.queue_name == stack.aws.queue_name
    assert AwsSettings.from_env(stack.environment()).endpoint_url == stack.aws.endpoint_url


def test_the_workers_own_parts_reach_the_services(stack: LocalStack) -> None:
    """Secret to database with the newest schema; bucket; queue by name."""
    clients = Clients(AwsSettings.from_env(stack.environment()))
    engine = open_engine(SecretCredentials(clients.secrets, stack.aws.secret_arn))
    assert migrate.require_head(engine) == migrate.head_revision()
    engine.dispose()
    assert clients.sqs.get_queue_url(QueueName=stack.aws.queue_name)["QueueUrl"] == stack.aws.queue_url
    assert clients.s3.list_objects_v2(Bucket=stack.aws.bucket)["ResponseMetadata"]["HTTPStatusCode"] == 200
    for client in (clients.s3, clients.secrets, clients.sqs):
        client.close()


@pytest.mark.skipif("DATABASE_URL" in os.environ, reason="needs the embedded PostgreSQL: DATABASE_URL is set")
def test_the_secret_is_productions_but_for_tls(stack: LocalStack) -> None:
    """Production's keys, and an explicit `disable`: the default stays `require`."""
    secret = json.loads(stack.aws.secrets.get_secret_value(SecretId=stack.aws.secret_arn)["SecretString"])
    assert sorted(secret) == ["dbname", "host", "password", "port", "sslmode", "username"]
    assert secret["sslmode"] == "disable"


def test_the_queue_has_a_dead_letter_queue_behind_it(stack: LocalStack) -> None:
    """maxReceiveCount as the worker is told."""
    found = stack.aws.sqs.get_queue_attributes(QueueUrl=stack.aws.queue_url, AttributeNames=["RedrivePolicy"])
    policy = json.loads(found["Attributes"]["RedrivePolicy"])
    assert int(policy["maxReceiveCount"]) == Settings.from_env(stack.environment()).max_receive_count
    assert policy["deadLetterTargetArn"].endswith(stack.aws.dead_letter_name)


def test_a_seeded_book_looks_like_an_import(stack: LocalStack) -> None:
    """Keys by position and ending, the prefix in the bucket only, the first picture primary."""
    book = stack.add_book("Idylls", [Upload("a.jpg", b"one"), Upload("b.PNG", b"two", "spine")])
    with Session(stack.engine) as session:
        rows = session.scalars(select(BookImage).where(BookImage.book_id == book.book_id)).all()
        found = [(row.s3_key, row.display_order, row.is_primary, row.image_type) for row in rows]
    expected = [f"{book.book_id}/image_00.jpg", f"{book.book_id}/image_01.png"]
    assert found == [(expected[0], 0, True, None), (expected[1], 1, False, "spine")]
    assert stack.aws.keys(f"books/{book.book_id}/") == [f"books/{key}" for key in expected]


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_everything(ending: signal.Signals, tmp_path: Path) -> None:
    """Ctrl-C, a polite kill and a closed terminal: no process, no port, no folder is left."""
    with _program(tmp_path) as (program, told):
        program.send_signal(ending)
        status = program.wait(30)
        assert status == (-signal.SIGINT if ending == signal.SIGINT else 128 + ending)
        _assert_gone(told, tmp_path)


def test_a_failure_ends_everything(tmp_path: Path) -> None:
    """An exception in the block passes through, after the clean-up."""
    with _program(tmp_path, "raise") as (program, told):
        assert program.wait(30) == 1
        assert "RuntimeError: the program failed" in Path(told["log"]).read_text()
        _assert_gone(told, tmp_path)


def test_an_outright_kill_leaves_no_process(tmp_path: Path) -> None:
    """Nobody can clean up then, so each process notices by itself."""
    with _program(tmp_path) as (program, told):
        program.kill()
        program.wait(30)
        _until(lambda: not any(_listens(port) for port in told["ports"]) and not _lives(told["function_pid"]))


def test_a_failed_start_leaves_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where the database server is missing, what had started is stopped."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    stack = LocalStack(database_url="postgresql://u:geheim@127.0.0.1:9/x")
    with pytest.raises(DatabaseServerError) as caught, stack:
        pass
    assert "geheim" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []
    assert not _lives(stack.function.pid)


def test_a_given_server_gets_a_database_of_its_own(postgres_server: URL) -> None:
    """DATABASE_URL names a server: our database is made there and dropped."""
    before = _databases(postgres_server)
    with LocalStack(database_url=postgres_server.render_as_string(hide_password=False)) as stack:
        assert (stack.database.port, stack.database.database in before) == (postgres_server.port, False)
        assert _databases(postgres_server) == before | {stack.database.database}
    assert _databases(postgres_server) == before


def test_a_plain_user_can_run_it(tmp_path: Path) -> None:
    """The same program under another user id than root's: the server starts without help."""
    prefix = choose_runner().prefix
    if os.geteuid() == 0 and not prefix:
        pytest.skip("needs user namespaces, to become a plain user that may read this checkout")
    with _program(tmp_path, prefix=prefix) as (program, told):
        program.terminate()
        assert program.wait(30) == 128 + signal.SIGTERM
        _assert_gone(told, tmp_path)


def test_root_without_namespaces_runs_the_server_as_nobody() -> None:
    """In a container that forbids user namespaces, the server runs as `nobody`."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to become another user")
    runner = choose_runner(namespace=("false",))
    assert runner == Runner(uid=_NOBODY)
    with postgres.running_server(runner=runner) as url, database(url) as made:
        engine = create_engine(made)
        with engine.connect() as connection:
            assert connection.scalar(text("SELECT 1")) == 1
        engine.dispose()


def test_a_plain_user_needs_no_help() -> None:
    """Nothing is put before the command."""
    assert choose_runner(is_root=lambda: False) == Runner()


@contextlib.contextmanager
def _program(
    tmp_path: Path, *arguments: str, prefix: tuple[str, ...] = ()
) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """Run stack_program with a temporary folder of its own, and yield it with what it told."""
    # Always the embedded PostgreSQL: it is what must not be left behind.
    inherited = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    environment = inherited | {
        "TMPDIR": str(tmp_path),
        "HOME": str(tmp_path),
        "PYTHONPATH": f"{_ROOT}:{_ROOT / 'backend'}",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    with (tmp_path.parent / f"{tmp_path.name}.log").open("w+") as log:
        program = subprocess.Popen(
            [*prefix, sys.executable, "-m", "tests.integration.stack_program", *arguments],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=environment,
            cwd=_ROOT,
        )
        try:
            assert program.stdout is not None
            line = program.stdout.readline()
            log.seek(0)
            assert line, log.read()
            yield program, json.loads(line) | {"log": log.name}
        finally:
            program.kill()
            program.communicate()


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGQUIT])
def test_the_embedded_server_is_restarted_where_it_stood(ending: signal.Signals) -> None:
    """Politely or as by a crash: the address stays, and so does what was committed and written."""
    with postgres.embedded_server() as server:
        engine = create_engine(server.url, pool_pre_ping=True)
        with engine.begin() as connection:
            connection.execute(text("SET synchronous_commit = on"))
            connection.execute(text("CREATE TABLE kept AS SELECT 1 AS number"))
        server.restart(ending)
        with engine.connect() as connection:
            assert 1 == connection.scalar(text("SELECT number FROM kept"))
        engine.dispose()


def _assert_gone(told: dict[str, Any], tmp_path: Path) -> None:
    assert [port for port in told["ports"] if _listens(port)] == []
    assert not _lives(told["function_pid"])
    assert list(tmp_path.iterdir()) == []


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _lives(pid: int | None) -> bool:
    return pid is not None and Path(f"/proc/{pid}").exists()


def _until(condition: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < give_up_at
        time.sleep(0.05)


def _databases(server: URL) -> set[str]:
    engine = create_engine(server)
    with engine.connect() as connection:
        names = set(connection.scalars(text("SELECT datname FROM pg_database")))
    engine.dispose()
    return names
