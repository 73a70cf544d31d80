"""A mistake in each invariant fails a test that names it."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

import pytest

from tests.infra import terraform


@dataclass(frozen=True)
class Mistake:
    """One edit of the module, and what must be said about it."""

    name: str
    file: str
    right: str
    wrong: str
    #: The file of tests that must fail, and what it must say.
    test: str
    says: str


MISTAKES = [
    Mistake(
        "visibility_too_short",
        "main.tf",
        "visibility_seconds = 6 *",
        "visibility_seconds = 1 *",
        "visibility",
        "the visibility timeout is not six times the function's",
    ),
    Mistake(
        "wildcard_rights",
        "iam.tf",
        "Resource = [aws_sqs_queue.images.arn]\n    },\n    {",
        'Resource = ["*"]\n    },\n    {',
        "worker_rights",
        "a wildcard resource where AWS does not demand one",
    ),
    Mistake(
        "wildcard_action",
        "iam.tf",
        '"s3:GetObject", "s3:PutObject"',
        '"s3:*"',
        "worker_rights",
        "the worker's actions are not the allow-list",
    ),
    Mistake(
        "bucket_wide_rights",
        "iam.tf",
        "${local.images_bucket_arn}/books/*",
        "${local.images_bucket_arn}/*",
        "bucket_rights",
        "objects outside books/ can be read or written",
    ),
    Mistake(
        "bucket_wide_list",
        "iam.tf",
        '{ "s3:prefix" = ["books/*"] }',
        '{ "s3:prefix" = ["*"] }',
        "bucket_rights",
        "more than books/ can be listed",
    ),
    Mistake(
        "wrong_environment_name",
        "main.tf",
        "IMAGES_BUCKET ",
        "IMAGE_BUCKET ",
        "environment",
        "the environment is not what config.py reads",
    ),
    Mistake(
        "two_receive_counts",
        "main.tf",
        "tostring(local.max_receive_count)",
        '"3"',
        "redrive",
        "the worker is told another count than the queue has",
    ),
    Mistake(
        "mutable_tags",
        "ecr.tf",
        '"IMMUTABLE"',
        '"MUTABLE"',
        "repository",
        "a tag could be moved to another image",
    ),
    Mistake(
        "wrong_lifecycle_prefix",
        "main.tf",
        'image_tag_prefix = "v"',
        'image_tag_prefix = "release-"',
        "lifecycle",
        "the tag that deliveries push is not counted",
    ),
    Mistake(
        "arm64",
        "lambda.tf",
        '["x86_64"]',
        '["arm64"]',
        "function",
        "the image is built for x86_64",
    ),
    Mistake(
        "no_partial_batch_response",
        "lambda.tf",
        '  function_response_types = ["ReportBatchItemFailures"]\n',
        "",
        "mapping",
        "a failed item would be deleted as if it had succeeded",
    ),
    Mistake(
        "past_the_alias",
        "lambda.tf",
        "aws_lambda_alias.worker[0].arn",
        "aws_lambda_function.worker[0].arn",
        "mapping",
        "the queue invokes something else than the alias",
    ),
    Mistake(
        "terraform_owns_the_image",
        "lambda.tf",
        "ignore_changes = [image_uri]",
        "ignore_changes = [description]",
        "image_belongs_to_releases",
        "an apply would change the running image past the release's tests",
    ),
]


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What Terraform said of each mistake's round."""
    folder = tmp_path_factory.mktemp("terraform")
    options = ("-backend=false", f"-test-directory={terraform.MODULE_TESTS}")
    right = terraform.initialised(folder / "right", *options)
    planned = rounds(MISTAKES)
    with ThreadPoolExecutor(2) as threads:
        folders = [folder / f"round{number}" for number in range(len(planned))]
        said = list(threads.map(_plant, repeat(right), folders, planned))
    return {mistake.name: text for text, group in zip(said, planned, strict=True) for mistake in group}


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_a_planted_mistake_is_found(outputs: dict[str, str], mistake: Mistake) -> None:
    """The test of that rule fails and says why; `make infra-test` has it pass without the mistake."""
    assert mistake.says in outputs[mistake.name]
    assert f"{mistake.test}.tftest.hcl... fail" in outputs[mistake.name]


def rounds(mistakes: Sequence[Mistake]) -> list[list[Mistake]]:
    """Deal the mistakes into rounds that each test sees one of: starting Terraform takes seconds."""
    dealt: list[list[Mistake]] = []
    for mistake in mistakes:
        free = (group for group in dealt if mistake.test not in {other.test for other in group})
        group = next(free, None)
        if group is None:
            dealt.append([mistake])
        else:
            group.append(mistake)
    return dealt


def _plant(right: Path, folder: Path, mistakes: Sequence[Mistake]) -> str:
    planted = terraform.copy_to(folder, right)
    for mistake in mistakes:
        edited = planted / "modules" / "image-processor" / mistake.file
        text = edited.read_text()
        assert mistake.right in text
        edited.write_text(text.replace(mistake.right, mistake.wrong, 1))
    done = terraform.run_tests(planted, [mistake.test for mistake in mistakes])
    return done.stdout + done.stderr
