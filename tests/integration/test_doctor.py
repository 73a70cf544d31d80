"""The doctor on real components: everything well, each thing ill, and nothing set up at all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, Engine

from lambdas.image_processor.recipes import CORRECTOR, CRITIC, EMBEDDED_RECIPE
from local.aws import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY, Aws

_SCRIPT = Path(sys.executable).parent / "image-processor"
_OWN = ("DATABASE_", "IMAGE", "AWS_", "ENVIRONMENT", "U2NET_HOME", "MAX_RECEIVE", "EMBEDDED")


def _doctor(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(_OWN)}
    variables = inherited | {"U2NET_HOME": str(folder), "COLUMNS": "200"} | environment
    return subprocess.run(
        [str(_SCRIPT), "doctor", *arguments], env=variables, capture_output=True, text=True, check=False
    )


def _checks(folder: Path, **environment: str) -> dict[str, dict[str, Any]]:
    done = _doctor(folder, "--json", **environment)
    document = json.loads(done.stdout)
    checks = {check["name"]: check for check in document["checks"]}
    is_well = all(check["state"] != "wrong" for check in checks.values())
    assert (done.returncode, document["ok"], done.stderr) == (int(not is_well), is_well, "")
    return checks


def _worker(aws: Aws) -> dict[str, str]:
    return {
        "ENVIRONMENT": "local",
        "DATABASE_SECRET_ARN": aws.secret_arn,
        "IMAGES_BUCKET": aws.bucket,
        "IMAGE_PROCESSING_QUEUE_NAME": aws.queue_name,
        "MAX_RECEIVE_COUNT": str(aws.max_receive_count),
        "AWS_ENDPOINT_URL": aws.endpoint_url,
        "AWS_REGION": REGION,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
    }


def test_everything_but_the_downloads_is_well(aws: Aws, database_url: URL, tmp_path: Path) -> None:
    """A whole set-up: each service answers; only the weights are missing, and the command is named."""
    aws.store_credentials(database_url)
    checks = _checks(tmp_path, **_worker(aws))
    wrong = {name: check["fix"] for name, check in checks.items() if check["state"] == "wrong"}
    assert wrong == {
        "weights u2net": "image-processor models pull u2net",
        "weights isnet-general-use": "image-processor models pull isnet-general-use",
    }
    assert {name for name, check in checks.items() if check["state"] == "ok"} == {
        "python", "packages", f"weights {EMBEDDED_RECIPE.model.name}", f"weights {CRITIC.name}",
        f"weights {CORRECTOR.name}", "engine",
        "configuration", "database", "bucket", "queue", "dead-letter queue",
    }  # fmt: skip


def test_nothing_set_up_is_no_fault(tmp_path: Path) -> None:
    """Photos can be cut without any cloud: what is not named is not wrong."""
    checks = _checks(tmp_path)
    unset = {name for name, check in checks.items() if check["state"] == "unset"}
    assert unset == {"configuration", "database", "bucket", "queue", "dead-letter queue"}
    assert checks["engine"]["state"] == "ok"


def test_half_a_configuration_names_every_variable(tmp_path: Path) -> None:
    """All that is missing or malformed, at once."""
    check = _checks(tmp_path, ENVIRONMENT="local", IMAGES_BUCKET="b", MAX_RECEIVE_COUNT="many")[
        "configuration"
    ]
    assert check["state"] == "wrong"
    for name in ("DATABASE_SECRET_ARN", "IMAGE_PROCESSING_QUEUE_NAME", "MAX_RECEIVE_COUNT"):
        assert name in check["told"]


def test_a_database_without_the_schema(empty_database: Engine, tmp_path: Path) -> None:
    """The command that mends it is the migration."""
    url = empty_database.url.render_as_string(hide_password=False)
    check = _checks(tmp_path, DATABASE_URL=url)["database"]
    assert (check["state"], check["fix"]) == ("wrong", "image-processor migrate")
    assert "revision none" in check["told"]


@pytest.mark.parametrize("url", ["postgresql://u:hunter2@127.0.0.1:9/none", "no address"])
def test_a_database_that_does_not_answer(url: str, tmp_path: Path) -> None:
    """Unreachable, or no address; the password is never told."""
    check = _checks(tmp_path, DATABASE_URL=url)["database"]
    assert (check["state"], "hunter2" in json.dumps(check)) == ("wrong", False)


def test_services_that_are_not_as_configured(aws: Aws, tmp_path: Path) -> None:
    """Another receive count, no such bucket, letters in the dead-letter queue, no credentials."""
    aws.sqs.send_message(QueueUrl=aws.dead_letter_url, MessageBody="{}")
    environment = _worker(aws) | {"MAX_RECEIVE_COUNT": "3", "IMAGES_BUCKET": "not-there"}
    checks = _checks(tmp_path, **environment)
    assert checks["queue"]["fix"] == "export MAX_RECEIVE_COUNT=5"
    assert "not-there" in checks["bucket"]["told"]
    assert checks["dead-letter queue"]["fix"] == "image-processor dlq list"
    # The secret holds no credentials yet.
    assert "the database secret lacks" in checks["database"]["told"]


def test_a_queue_that_does_not_exist(aws: Aws, tmp_path: Path) -> None:
    """Named, with SQS's own code."""
    checks = _checks(tmp_path, **(_worker(aws) | {"IMAGE_PROCESSING_QUEUE_NAME": "nobody"}))
    assert (checks["queue"]["state"], checks["dead-letter queue"]["state"]) == ("wrong", "unset")
    assert "NonExistentQueue" in checks["queue"]["told"]


def test_people_read_marks_and_commands(tmp_path: Path) -> None:
    """A line each, the command below what is wrong, the count at the end, no colours in a pipe."""
    (tmp_path / "u2net.onnx").write_bytes(b"short")
    done = _doctor(tmp_path)
    assert done.returncode == 1
    assert f"✗ weights u2net: {tmp_path}/u2net.onnx has 5 bytes instead of 175,997,641" in done.stdout
    assert "  → image-processor models pull u2net\n" in done.stdout
    assert done.stdout.splitlines()[-1] == "5 ok, 3 wrong, 5 not set up"
    assert "\x1b[" not in done.stdout
