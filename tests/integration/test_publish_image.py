"""publish-image.sh: builds and pushes once; a docker of paper notes what it was asked."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from local.aws import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY, AwsServer
from tests.infra.account import Account

_ROOT = Path(__file__).resolve().parents[2]
_SCRIPT = _ROOT / "infra" / "scripts" / "publish-image.sh"
_DOCKER = """#!/bin/sh
echo "$@" >> "$NOTES"
case "$1" in
  buildx) exit "$NO_BUILDX" ;;
  login) cat > "$NOTES.password" ;;
  build) exit "$BROKEN" ;;
esac
"""


@dataclass(frozen=True)
class Press:
    """The script with a docker of paper before it on PATH."""

    account: Account
    folder: Path

    def run(self, *arguments: str, no_buildx: int = 0, broken: int = 0) -> subprocess.CompletedProcess[str]:
        """Run the script."""
        variables = {
            "PATH": f"{self.folder}:{os.environ['PATH']}",
            "NOTES": str(self.folder / "notes"),
            "NO_BUILDX": str(no_buildx),
            "BROKEN": str(broken),
            "PYTHON": sys.executable,
            "AWS_ENDPOINT_URL": self.account.endpoint_url,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
            "AWS_DEFAULT_REGION": REGION,
            "NO_PROXY": "127.0.0.1",
        }
        command = [str(_SCRIPT), *arguments]
        return subprocess.run(command, env=variables, check=False, capture_output=True, text=True)

    def notes(self) -> list[str]:
        """Return what docker was asked, command by command."""
        path = self.folder / "notes"
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def press(tmp_path: Path) -> Iterator[Press]:
    """A repository without images."""
    docker = tmp_path / "docker"
    docker.write_text(_DOCKER)
    docker.chmod(0o755)
    with AwsServer("tests.infra.emulator") as server:
        account = Account(server.wait_for_endpoint())
        account.client("ecr").create_repository(repositoryName="x-prod-image-processor")
        yield Press(account, tmp_path)


def test_built_and_pushed(press: Press) -> None:
    """For linux/amd64, without attestations, under the repository's address, with its version inside."""
    assert press.run("x-prod", "v1.2.3").returncode == 0
    uri = f"123456789012.dkr.ecr.{REGION}.amazonaws.com/x-prod-image-processor:v1.2.3"
    plain = "--provenance=false --sbom=false"
    assert press.notes() == [
        "buildx version",
        f"build --platform linux/amd64 --build-arg IMAGE_VERSION=v1.2.3 --tag {uri} {plain} {_ROOT}",
        f"login --username AWS --password-stdin {uri.partition('/')[0]}",
        f"push {uri}",
    ]
    assert (press.folder / "notes.password").read_text().strip() != ""


def test_without_buildx_its_options_are_not_given(press: Press) -> None:
    """An older client does not know them, and makes no attestations."""
    assert press.run("x-prod", "v1.2.3", no_buildx=1).returncode == 0
    assert "--provenance" not in press.notes()[1]


def test_a_tag_that_is_there_is_not_pushed_again(press: Press) -> None:
    """A workflow that runs again goes on to the release."""
    press.account.push("x-prod-image-processor", "v1.2.3")
    done = press.run("x-prod", "v1.2.3")
    assert (done.returncode, press.notes()) == (0, [])
    assert "v1.2.3 is in the repository already" in done.stdout


def test_a_failed_build_is_not_pushed(press: Press) -> None:
    """And the script fails."""
    assert press.run("x-prod", "v1.2.3", broken=1).returncode != 0
    assert not [note for note in press.notes() if note.startswith(("login", "push"))]


def test_a_tag_outside_the_scheme_is_not_built(press: Press) -> None:
    """The repository's lifecycle would never count it."""
    done = press.run("x-prod", "latest")
    assert (done.returncode != 0, press.notes()) == (True, [])
    assert "'latest' is neither" in done.stderr
