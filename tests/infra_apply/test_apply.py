"""Apply, plan again, release, destroy, with the real provider; and a real job with the names of the state."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from lambdas.image_processor.recipes import EMBEDDED_RECIPE, RECIPES, ModelSpec
from local import main_job, sample_photo
from local.aws import AwsServer
from local.stack import LocalStack, Upload
from tests.infra.account import migrated, smoke_tested
from tests.infra_apply.rehearsal import COMMIT, PASSWORD, PREFIX, REPOSITORY, Rehearsal

_NOTHING = "0 to create, 0 to update, 0 to delete"


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """An emulator with what exists before us: buckets, a secret, the API's role."""
    if shutil.which("terraform") is None:
        pytest.skip("needs terraform")
    with AwsServer("tests.infra.emulator") as server:
        yield Rehearsal(server.wait_for_endpoint(), tmp_path_factory.mktemp("apply"))


@pytest.fixture(scope="module")
def secret_arn(rehearsal: Rehearsal) -> str:
    """The database secret's."""
    return rehearsal.prepare()


@pytest.fixture(scope="module")
def outputs(rehearsal: Rehearsal, secret_arn: str) -> dict[str, Any]:
    """A first deploy as docs/deploy.md tells it, and a release; what Terraform says when all is there."""
    assert secret_arn
    done(rehearsal.script("terraform-env.sh", "apply", "staging"), says="nothing to settle")
    assert rehearsal.left()["functions"] == []
    done(rehearsal.script("terraform-env.sh", "plan", "staging"), says=_NOTHING)

    rehearsal.push(REPOSITORY, "v0.1.0")
    rehearsal.name_image("v0.1.0")
    # Terraform publishes version 1 and the apply's own release version 2.
    rehearsal.answer(smoke_tested("2"))
    done(rehearsal.script("terraform-env.sh", "apply", "staging"), says="no errors in")
    done(rehearsal.script("terraform-env.sh", "plan", "staging"), says=_NOTHING)

    rehearsal.push(REPOSITORY, "v0.1.1")
    rehearsal.answer(migrated(), smoke_tested("3"))
    names = ("--prefix", PREFIX, "--tag", "v0.1.1", "--commit", COMMIT, "--watch-seconds", "1")
    done(rehearsal.deliver("deploy", *names), says="live is 3")
    found: dict[str, Any] = json.loads(rehearsal.terraform("output", "-json", "image_processor"))
    return found


def test_a_release_is_no_drift(rehearsal: Rehearsal, outputs: dict[str, Any]) -> None:
    """With the old tag in the settings or the new one: nothing to change, nothing drifted."""
    assert outputs["worker_function_name"] == f"{PREFIX}-image-processor"
    done(rehearsal.script("terraform-env.sh", "drift", "staging"), says="No changes")
    rehearsal.name_image("v0.1.1")
    done(rehearsal.script("terraform-env.sh", "plan", "staging"), says=_NOTHING)


def test_drift_is_reported(rehearsal: Rehearsal, outputs: dict[str, Any]) -> None:
    """Someone shortened the visibility timeout by hand."""
    attributes = {"VisibilityTimeout": "30"}
    rehearsal.client("sqs").set_queue_attributes(QueueUrl=outputs["queue_url"], Attributes=attributes)
    drifted = rehearsal.script("terraform-env.sh", "drift", "staging")
    assert (drifted.returncode, "visibility_timeout_seconds" in drifted.stdout) == (3, True)
    attributes = {"VisibilityTimeout": str(outputs["visibility_seconds"])}
    rehearsal.client("sqs").set_queue_attributes(QueueUrl=outputs["queue_url"], Attributes=attributes)


def test_the_release_is_live(rehearsal: Rehearsal, outputs: dict[str, Any]) -> None:
    """The alias invokes the version of the released image, which says what it is."""
    client = rehearsal.client("lambda")
    for name in (outputs["worker_function_name"], outputs["reconciler_function_name"]):
        alias = client.get_alias(FunctionName=name, Name=outputs["alias"])
        found = client.get_function(FunctionName=name, Qualifier=alias["FunctionVersion"])
        assert found["Code"]["ImageUri"] == f"{outputs['image_repository_url']}:v0.1.1"
        assert client.get_function(FunctionName=name)["Tags"]["DeployedCommit"] == COMMIT
    mapping = client.list_event_source_mappings()["EventSourceMappings"][0]
    assert mapping["FunctionArn"].endswith(f"{PREFIX}-image-processor:live")
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_no_secret_in_state_or_plan(rehearsal: Rehearsal, outputs: dict[str, Any], secret_arn: str) -> None:
    """The password is in the secret and nowhere else; its ARN is what is known."""
    assert outputs["environment_variables"]["DATABASE_SECRET_ARN"] == secret_arn
    saved = rehearsal.root / "whole.tfplan"
    rehearsal.terraform("plan", "-input=false", "-var-file=envs/staging.tfvars", f"-out={saved}")
    for text in (rehearsal.state(), rehearsal.terraform("show", "-json", str(saved))):
        assert secret_arn in text
        assert PASSWORD not in text


def test_a_forgotten_tag_is_refused(rehearsal: Rehearsal, outputs: dict[str, Any]) -> None:
    """Settings without image_tag would delete the functions; the apply refuses, and they stay."""
    rehearsal.name_image(None)
    refused = rehearsal.script("terraform-env.sh", "apply", "staging")
    assert refused.returncode == 1
    assert "aws_lambda_function.worker[0]" in refused.stderr
    assert outputs["worker_function_name"] in rehearsal.left()["functions"]
    rehearsal.name_image("v0.1.1")


def test_one_real_job_with_the_names_of_the_state(outputs: dict[str, Any], tmp_path: Path) -> None:
    """A fresh emulator, the names and numbers that Terraform made, the real handler: a picture."""
    for recipe in RECIPES:
        _write_blind_model(recipe.model, tmp_path)
    with LocalStack(
        prefix=PREFIX,
        visibility_seconds=outputs["visibility_seconds"],
        max_receive_count=outputs["max_receive_count"],
    ) as stack:
        assert (stack.aws.queue_name, stack.aws.bucket) == (
            outputs["queue_name"],
            outputs["environment_variables"]["IMAGES_BUCKET"],
        )
        reached = {
            name: value
            for name, value in stack.environment().items()
            if name.startswith("AWS_") or name == "DATABASE_SECRET_ARN"
        }
        # The weights are downloads; blind ones refuse every photo, and the embedded model is last.
        models = {"U2NET_HOME": str(tmp_path), "EMBEDDED_MODEL_FALLBACK": "true"}
        stack.function.kill()
        stack.function.configure(outputs["environment_variables"] | reached | models)
        files = sample_photo.photographs(sample_photo.FRONT)
        run = main_job.run(stack, "Idylls of the King", [Upload("front.jpg", files[0])])
        assert (run.is_completed, run.job["model_used"]) == (True, EMBEDDED_RECIPE.name), run.job
        domain = outputs["environment_variables"]["IMAGES_CDN_DOMAIN"]
        assert run.image is not None
        assert run.image["cloudfront_url"] == f"https://{domain}/books/{run.image['s3_key']}"
        assert stack.aws.depth() == (0, 0)


def test_destroy_leaves_nothing(rehearsal: Rehearsal, outputs: dict[str, Any]) -> None:
    """What stays is what was there before: the API's role."""
    assert outputs["queue_name"] in rehearsal.left()["queues"][0]
    rehearsal.terraform("destroy", "-auto-approve", "-input=false", "-var-file=envs/staging.tfvars")
    left = {kind: names for kind, names in rehearsal.left().items() if names}
    assert left == {"roles": [f"{PREFIX}-api"]}
    assert json.loads(rehearsal.state())["resources"] == []


def done(process: subprocess.CompletedProcess[str], *, says: str) -> None:
    """Assert that a command succeeded and said something."""
    assert process.returncode == 0, process.stdout[-3000:] + process.stderr[-3000:]
    assert says in process.stdout


def _write_blind_model(spec: ModelSpec, folder: Path) -> None:
    """Write a model of the right signature that sees nothing: 0 wherever it looks."""
    side = spec.input_side_px
    blank = numpy_helper.from_array(np.zeros((1, 3, 1, 1), np.float32), "blank")
    graph = helper.make_graph(
        [helper.make_node("Conv", ["input", "blank"], ["output"])],
        spec.name,
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, (1, 3, side, side))],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, (1, 1, side, side))],
        [blank],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, folder / spec.filename)
