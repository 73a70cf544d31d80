"""Delivery on the emulator: the repository, the functions and the metrics as boto3 sees them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from delivery.__main__ import main
from delivery.functions import LambdaFunction
from delivery.metrics import LiveErrors
from delivery.release import KEPT_VERSIONS, ReleaseError
from local.aws import AwsServer
from tests.infra.account import Environment, migrated, smoke_tested

COMMIT = "0a1b2c3" + 33 * "d"
WORKER, RECONCILER = "x-prod-image-processor", "x-prod-image-reconciler"


@pytest.fixture(scope="module")
def endpoint_url() -> Iterator[str]:
    """The emulator's address."""
    with AwsServer("tests.infra.emulator") as server:
        yield server.wait_for_endpoint()


@pytest.fixture
def account(endpoint_url: str) -> Environment:
    """An empty account but for a repository with an image v1.0.0."""
    made = Environment(endpoint_url, "x-prod")
    made.reset()
    made.create_repository()
    made.push_tag("v1.0.0")
    return made


def deploy(account: Environment, tag: str, command: str = "deploy") -> int:
    """Run one release without a long watch."""
    names = ("--prefix", "x-prod", "--tag", tag, "--commit", COMMIT, "--watch-seconds", "1")
    return main([command, *names], account.client)


def test_whether_an_image_exists(account: Environment, capsys: pytest.CaptureFixture[str]) -> None:
    """Yes, no, and its address."""
    for tag in ("v1.0.0", "v1.0.1"):
        assert main(["image-exists", "--prefix", "x-prod", "--tag", tag], account.client) == 0
    assert main(["image-uri", "--prefix", "x-prod", "--tag", "v1.0.1"], account.client) == 0
    assert capsys.readouterr().out.split() == ["yes", "no", f"{account.repository_uri()}:v1.0.1"]


def test_a_tag_outside_the_scheme(account: Environment, capsys: pytest.CaptureFixture[str]) -> None:
    """Is a mistake, not a missing image."""
    assert main(["image-exists", "--prefix", "x-prod", "--tag", "latest"], account.client) == 1
    assert "'latest' is neither" in capsys.readouterr().err


def test_dockers_password(account: Environment, capsys: pytest.CaptureFixture[str]) -> None:
    """What follows the colon of the token."""
    assert main(["registry-password", "--prefix", "x-prod"], account.client) == 0
    assert ":" not in capsys.readouterr().out.strip()


def test_a_deploy_and_a_roll_back(account: Environment, capsys: pytest.CaptureFixture[str]) -> None:
    """Forward with a migration, back without one; both functions, and the tags that say so."""
    account.create_functions("v1.0.0")
    account.push_tag("v1.1.0")
    account.answer(migrated(), smoke_tested("2"))
    assert deploy(account, "v1.1.0") == 0
    assert account.live() == ("2", "2")
    found = account.client("lambda").get_function(FunctionName=WORKER, Qualifier="2")
    assert found["Code"]["ImageUri"] == f"{account.repository_uri()}:v1.1.0"
    tags = account.client("lambda").get_function(FunctionName=RECONCILER)["Tags"]
    assert (tags["DeployedCommit"], len(tags["DeployedAt"])) == (COMMIT, 25)

    account.answer(smoke_tested("3"))
    assert deploy(account, "v1.0.0", "roll-back") == 0
    assert account.live() == ("3", "3")
    assert "no errors in 1 s" in capsys.readouterr().out


def test_a_failed_trial_leaves_live_alone(account: Environment, capsys: pytest.CaptureFixture[str]) -> None:
    """The answer of the wrong version is none of the right one."""
    account.create_functions("v1.0.0")
    account.push_tag("v1.1.0")
    account.answer(migrated(), smoke_tested("1"))
    assert deploy(account, "v1.1.0") == 1
    assert account.live() == ("1", "1")
    assert "version 1 answered in the place of 2" in capsys.readouterr().err


def test_an_image_that_was_never_pushed(account: Environment, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is published."""
    account.create_functions("v1.0.0")
    assert deploy(account, "v9.9.9") == 1
    assert "there is no image v9.9.9" in capsys.readouterr().err
    assert LambdaFunction(account.client("lambda"), WORKER).versions() == [1]


def test_before_the_functions_exist(account: Environment, capsys: pytest.CaptureFixture[str]) -> None:
    """A deploy says what to do; settling has nothing to do."""
    assert deploy(account, "v1.0.0") == 1
    assert "apply Terraform with this image_tag first" in capsys.readouterr().err
    assert main(["settle", "--prefix", "x-prod"], account.client) == 0


def test_settings_go_live_with_the_running_image(account: Environment) -> None:
    """After an apply: the same image as a new version, tried, and live."""
    account.create_functions("v1.0.0")
    account.client("lambda").update_function_configuration(FunctionName=WORKER, MemorySize=3008)
    account.answer(smoke_tested("2"))
    assert main(["settle", "--prefix", "x-prod", "--watch-seconds", "1"], account.client) == 0
    live = account.client("lambda").get_function(FunctionName=WORKER, Qualifier="live")
    assert live["Configuration"]["MemorySize"] == 3008
    assert live["Code"]["ImageUri"].endswith(":v1.0.0")


def test_few_versions_stay(account: Environment) -> None:
    """Fewer than ten, the live one among them."""
    account.create_functions("v1.0.0")
    client = account.client("lambda")
    for number in range(2, 13):
        account.push_tag(f"v1.0.{number}")
        client.update_function_code(FunctionName=WORKER, ImageUri=f"{account.repository_uri()}:v1.0.{number}")
        client.publish_version(FunctionName=WORKER)
    account.push_tag("v1.1.0")
    account.answer(migrated(), smoke_tested("13"))
    assert deploy(account, "v1.1.0") == 0
    assert sorted(LambdaFunction(client, WORKER).versions()) == list(range(14 - KEPT_VERSIONS, 14))


def test_errors_of_the_alias_are_counted(account: Environment) -> None:
    """From the first whole minute on, and of the alias alone."""
    client = account.client("cloudwatch")
    moved_at = datetime.now(UTC) - timedelta(minutes=5)
    rows = [("live", 4, 2.0), ("live", 2, 1.0), ("7", 2, 50.0), ("live", 9, 50.0)]
    for qualifier, minutes_ago, count in rows:
        client.put_metric_data(
            Namespace="AWS/Lambda",
            MetricData=[
                {
                    "MetricName": "Errors",
                    "Timestamp": datetime.now(UTC) - timedelta(minutes=minutes_ago),
                    "Value": count,
                    "Dimensions": [
                        {"Name": "FunctionName", "Value": WORKER},
                        {"Name": "Resource", "Value": f"{WORKER}:{qualifier}"},
                    ],
                }
            ],
        )
    assert LiveErrors(client)(WORKER, moved_at) == 3
    assert LiveErrors(client)(RECONCILER, moved_at) == 0
    assert LiveErrors(client)(WORKER, datetime.now(UTC) + timedelta(minutes=2)) == 0


class FailingLambda:
    """A Lambda client whose invocations end as the test says; the emulator cannot fail one."""

    def __init__(self, payload: bytes, **reply: str) -> None:
        self._reply: dict[str, Any] = {"Payload": io.BytesIO(payload), **reply}

    def invoke(self, **_: object) -> dict[str, Any]:
        return self._reply


@pytest.mark.parametrize(
    ("payload", "reply", "says"),
    [
        (b'{"errorMessage": "weights missing"}', {"FunctionError": "Unhandled"}, "weights missing"),
        (b"Task timed out", {}, "Task timed out"),
        (b"[]", {}, r"with '\[\]'"),
    ],
)
def test_a_trial_that_raises_is_a_release_error(payload: bytes, reply: dict[str, str], says: str) -> None:
    """Whatever the function says is in the message."""
    client: Any = FailingLambda(payload, **reply)
    with pytest.raises(ReleaseError, match=says):
        LambdaFunction(client, WORKER).invoke("2", {"smoke_test": True})
