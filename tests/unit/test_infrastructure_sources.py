"""What the sources under infra/ and docs/ may not hold, and what they must."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[2]
_TERRAFORM = _ROOT / "infra" / "terraform"
_MODULE = _TERRAFORM / "modules" / "image-processor"
_BLOCK = re.compile(r'^(?:resource|data|ephemeral) "(\w+)"', re.MULTILINE)
#: Types that hold a secret's value in plan or state, or a database that is not ours.
_FORBIDDEN = re.compile(
    r"aws_(db_|rds_|docdb_|dynamodb_|secretsmanager_|ssm_parameter|iam_access_key|iam_user|kms_secrets)"
    r"|random_password|random_string|tls_private_key|external|http|local_file|local_sensitive_file"
)
_SECRET_NAME = re.compile(
    r"password|passwd|token|credential|private_key|api_key|secret(?!_arn)", re.IGNORECASE
)


def sources() -> str:
    """All of the configuration, tests aside."""
    files = sorted(path for path in _TERRAFORM.rglob("*.tf") if ".terraform" not in path.parts)
    assert len(files) >= 10
    return "\n".join(path.read_text() for path in files)


def secret_holders(text: str) -> list[str]:
    """Return types and variables by which a secret's value, or a database, could come into plan or state."""
    types = [kind for kind in _BLOCK.findall(text) if _FORBIDDEN.match(kind)]
    names = re.findall(r'^(?:variable|output) "(\w+)"', text, re.MULTILINE)
    return types + [name for name in names if _SECRET_NAME.search(name)]


def test_nothing_can_hold_a_secret() -> None:
    """No resource, data source, variable or output has a place for a secret's value; no database is ours."""
    assert secret_holders(sources()) == []


@pytest.mark.parametrize(
    "planted",
    [
        'data "aws_secretsmanager_secret_version" "x" {',
        'resource "aws_db_instance" "x" {',
        'resource "random_password" "x" {',
        'ephemeral "aws_secretsmanager_secret_version" "x" {',
        'variable "database_password" {',
        'variable "database_secret" {',
        'output "api_token" {',
    ],
)
def test_a_planted_secret_is_found(planted: str) -> None:
    """Each way in is known."""
    assert len(secret_holders(f"{sources()}\n{planted}\n}}\n")) == 1


def test_every_skipped_check_is_explained() -> None:
    """A checkov skip says why, in a sentence of some length."""
    skips = re.findall(r"#checkov:skip=(\w+):?(.*)", sources())
    assert len(skips) >= 10
    assert [check for check, reason in skips if len(reason.split()) < 5] == []


def test_every_variable_is_typed_and_described() -> None:
    """And the module validates all but the free ones."""
    blocks = re.findall(
        r'^variable "(\w+)" \{\n(.*?)^\}', (_MODULE / "variables.tf").read_text(), re.MULTILINE | re.DOTALL
    )
    assert len(blocks) >= 15
    for name, body in blocks:
        assert re.search(r"^  type\s+=", body, re.MULTILINE), name
        assert re.search(r'^  description\s+= ".{15,}"', body, re.MULTILINE), name
    unvalidated = {name for name, body in blocks if "validation {" not in body}
    assert unvalidated == {"api_role_name", "embedded_model_fallback", "allow_image_repository_delete"}


def test_every_alarm_has_an_entry_in_the_runbook() -> None:
    """One section per alarm, by its name, and no section without an alarm."""
    text = (_MODULE / "alarms.tf").read_text()
    block = r"^    ([a-z-]+) = \{\n      description"
    alarms = set(re.findall(block, text, re.MULTILINE)) | set(re.findall(r"runbook\.md#([a-z-]+)\"", text))
    sections = set(re.findall(r"^## ([a-z-]+)$", (_ROOT / "docs" / "runbook.md").read_text(), re.MULTILINE))
    assert len(alarms) == 8
    assert sections == alarms


def test_every_script_has_a_test() -> None:
    """Each is run by name somewhere under tests/, or is the runner of these tests."""
    tests = "\n".join(path.read_text() for path in (_ROOT / "tests").rglob("*.py") if path != Path(__file__))
    scripts = {path.name for path in (_ROOT / "infra" / "scripts").glob("*.sh")}
    assert {name for name in scripts if f'"{name}"' not in tests} == {"infra-test.sh"}
