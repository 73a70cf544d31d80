"""The function's process: the real handler, warm between events, cold after a crash or a timeout."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL

from lambdas.image_processor.recipes import BOOK, CORRECTOR, CRITIC
from local.aws import Aws
from local.function import Function, FunctionCrashedError, FunctionError, FunctionTimeoutError

_SMOKE_TEST = {"smoke_test": True}


@pytest.fixture
def environment(aws: Aws, database_url: URL, tmp_path: Path) -> dict[str, str]:
    """The worker's environment on this test's services, without weights."""
    aws.store_credentials(database_url)
    return {
        "ENVIRONMENT": "local",
        "DATABASE_SECRET_ARN": aws.secret_arn,
        "IMAGES_BUCKET": aws.bucket,
        "IMAGE_PROCESSING_QUEUE_NAME": aws.queue_name,
        "EMBEDDED_MODEL_FALLBACK": "true",
        "U2NET_HOME": str(tmp_path),
        "AWS_ENDPOINT_URL": aws.endpoint_url,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
    }


@pytest.fixture
def function(environment: dict[str, str], tmp_path: Path) -> Iterator[Function]:
    """A running function."""
    with Function(tmp_path / "log", timeout_seconds=60) as running:
        running.configure(environment)
        yield running


def test_it_answers_and_stays_warm(function: Function) -> None:
    """Two events, one process; its memory is its own."""
    answers = [function.invoke(_SMOKE_TEST) for _ in range(2)]
    pid = function.pid
    assert [sorted(answer["models"]) for answer in answers] == [[BOOK.name, CORRECTOR.name, CRITIC.name]] * 2
    assert function.invoke(_SMOKE_TEST | {"deep": True})["services"] == dict.fromkeys(
        ("database", "bucket", "queue"), "ok"
    )
    assert function.pid == pid
    assert 50 < function.peak_rss_mib < 2048


def test_what_the_handler_raises_is_told(environment: dict[str, str], tmp_path: Path) -> None:
    """An error is not a crash: its type comes back, the traceback is in the log, the process stays."""
    log = tmp_path / "log"
    with Function(log) as function:
        function.configure(environment | {"IMAGES_BUCKET": "no-such-bucket"})
        with pytest.raises(FunctionError, match="SmokeTestError: bucket: TransientError"):
            function.invoke(_SMOKE_TEST | {"deep": True})
        pid = function.pid
        assert function.invoke(_SMOKE_TEST)["statusCode"] == 200
        assert function.pid == pid
    assert "Traceback" in log.read_text()


def test_a_crash_is_an_error_and_the_next_event_starts_cold(function: Function) -> None:
    """Killed between events or inside one: the event after it is answered by another process."""
    function.invoke(_SMOKE_TEST)
    first = function.pid
    function.kill()
    assert function.invoke(_SMOKE_TEST)["statusCode"] == 200
    assert function.pid not in {None, first}


def test_a_process_that_cannot_start_says_so(tmp_path: Path) -> None:
    """An incomplete environment ends the process; the log names what is missing."""
    log = tmp_path / "log"
    with Function(log) as function:
        function.configure({"ENVIRONMENT": "local"})
        with pytest.raises(FunctionCrashedError):
            function.invoke(_SMOKE_TEST)
    assert "IMAGES_BUCKET is missing" in log.read_text()


def test_at_its_timeout_it_is_killed(environment: dict[str, str], tmp_path: Path) -> None:
    """As Lambda does: the process is gone, and nothing of it answers later."""
    with Function(tmp_path / "log", timeout_seconds=0.01) as function:
        function.configure(environment)
        with pytest.raises(FunctionTimeoutError, match=r"Task timed out after 0\.01 seconds"):
            function.invoke(_SMOKE_TEST)
        assert function.pid is None


def test_a_closed_function_takes_no_events(function: Function) -> None:
    """After close nothing is started again."""
    function.close()
    with pytest.raises(FunctionCrashedError, match="not running"):
        function.invoke(_SMOKE_TEST)
