"""publish-image.sh, deploy.sh and roll-back.sh in a repository of their own; docker only takes notes."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from delivery.tags import project_version
from local.aws import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY, AwsServer
from tests.infra.account import Environment, migrated, smoke_tested

_ROOT = Path(__file__).resolve().parents[2]
_DOCKER = """#!/bin/sh
echo "$@" >> "$NOTES"
case "$1" in
  buildx) exit "$NO_BUILDX" ;;
  image) echo "$DIGEST" ;;
  login) cat > "$NOTES.password" ;;
  build) exit "$BROKEN" ;;
esac
"""
PREFIX = "bluemoxon-staging"
BASE = "public.ecr.aws/lambda/python:3.12"
DIGEST = f"public.ecr.aws/lambda/python@sha256:{'0' * 64}"
URI = f"123456789012.dkr.ecr.{REGION}.amazonaws.com/{PREFIX}-image-processor"
VERSION = project_version(_ROOT / "pyproject.toml")


@dataclass(frozen=True)
class Checkout:
    """A repository of git with the scripts and one commit, and docker before it on PATH."""

    account: Environment
    folder: Path

    def run(
        self, script: str, *arguments: str, no_buildx: int = 0, broken: int = 0
    ) -> subprocess.CompletedProcess[str]:
        """Run one script."""
        variables = self._variables(NO_BUILDX=str(no_buildx), BROKEN=str(broken))
        return subprocess.run(
            self._command(script, *arguments), env=variables, check=False, capture_output=True, text=True
        )

    def start(self, script: str, *arguments: str, watch_seconds: int) -> subprocess.Popen[str]:
        """Start one script and let it run."""
        return subprocess.Popen(
            self._command(script, *arguments),
            env=self._variables(WATCH_SECONDS=str(watch_seconds)),
            stdout=subprocess.PIPE,
            text=True,
        )

    def _command(self, script: str, *arguments: str) -> list[str]:
        return [str(self.folder / "infra" / "scripts" / script), *arguments]

    def _variables(self, **more: str) -> dict[str, str]:
        return {
            "PATH": f"{self.folder}:{os.environ['PATH']}",
            "NOTES": str(self.folder / "notes"),
            "NO_BUILDX": "0",
            "BROKEN": "0",
            "DIGEST": DIGEST,
            "PYTHON": sys.executable,
            "AWS_ENDPOINT_URL": self.account.endpoint_url,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
            "AWS_DEFAULT_REGION": REGION,
            "NO_PROXY": "127.0.0.1",
            "WATCH_SECONDS": "1",
        } | more

    def git(self, *arguments: str) -> str:
        """Run git and return what it printed."""
        identity = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
        command = ["git", "-C", str(self.folder), *identity, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def notes(self) -> list[str]:
        """Return what docker was asked, command by command."""
        path = self.folder / "notes"
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture(scope="module")
def endpoint_url() -> Iterator[str]:
    """The emulator's address."""
    with AwsServer("tests.infra.emulator") as server:
        yield server.wait_for_endpoint()


@pytest.fixture
def checkout(endpoint_url: str, tmp_path: Path) -> Checkout:
    """A commit, and a repository of images without one."""
    docker = tmp_path / "docker"
    docker.write_text(_DOCKER)
    docker.chmod(0o755)
    for folder in ("scripts", "delivery"):
        shutil.copytree(_ROOT / "infra" / folder, tmp_path / "infra" / folder)
    shutil.copy(_ROOT / "pyproject.toml", tmp_path)
    account = Environment(endpoint_url, PREFIX)
    account.reset()
    account.create_repository()
    made = Checkout(account, tmp_path)
    made.git("init", "--quiet")
    made.git("add", "pyproject.toml")
    made.git("commit", "--quiet", "--message", "One")
    return made


def test_built_and_pushed(checkout: Checkout) -> None:
    """For linux/amd64, without attestations, under the repository's address, with its version inside."""
    assert checkout.run("publish-image.sh", PREFIX, "v1.2.3").returncode == 0
    uri = f"{URI}:v1.2.3"
    arguments = f"--build-arg VERSION=v1.2.3 --build-arg BASE_IMAGE={DIGEST}"
    options = f"--platform linux/amd64 {arguments} --tag {uri}"
    assert checkout.notes() == [
        f"pull --quiet --platform linux/amd64 {BASE}",
        f"image inspect --format {{{{index .RepoDigests 0}}}} {BASE}",
        "buildx version",
        f"build {options} --provenance=false --sbom=false {checkout.folder}",
        f"login --username AWS --password-stdin {uri.partition('/')[0]}",
        f"push {uri}",
    ]
    assert (checkout.folder / "notes.password").read_text().strip() != ""


def test_without_buildx_its_options_are_not_given(checkout: Checkout) -> None:
    """An older client does not know them, and makes no attestations."""
    assert checkout.run("publish-image.sh", PREFIX, "v1.2.3", no_buildx=1).returncode == 0
    (build,) = [note for note in checkout.notes() if note.startswith("build ")]
    assert "--provenance" not in build


def test_a_tag_that_is_there_is_not_pushed_again(checkout: Checkout) -> None:
    """A workflow that runs again goes on to the release."""
    checkout.account.push_tag("v1.2.3")
    done = checkout.run("publish-image.sh", PREFIX, "v1.2.3")
    assert (done.returncode, checkout.notes()) == (0, [])
    assert "v1.2.3 is in the repository already" in done.stdout


def test_a_failed_build_is_not_pushed(checkout: Checkout) -> None:
    """And the script fails."""
    assert checkout.run("publish-image.sh", PREFIX, "v1.2.3", broken=1).returncode != 0
    assert not [note for note in checkout.notes() if note.startswith(("login", "push"))]


def test_a_tag_outside_the_scheme_is_not_built(checkout: Checkout) -> None:
    """The repository's lifecycle would never count it."""
    done = checkout.run("publish-image.sh", PREFIX, "latest")
    assert (done.returncode != 0, checkout.notes()) == (True, [])
    assert "'latest' is neither" in done.stderr


def test_staging_is_deployed_by_commit_and_rolled_back(checkout: Checkout) -> None:
    """The tag names version and commit; the way back finds the commit by it and builds nothing."""
    commit = checkout.git("rev-parse", "HEAD")
    tag = f"v{VERSION}-{commit[:7]}"
    checkout.account.push_tag("v0.0.1")
    checkout.account.create_functions("v0.0.1")
    # Docker's push is on paper; the image is there as if it had come.
    assert checkout.run("publish-image.sh", PREFIX, tag).returncode == 0
    checkout.account.push_tag(tag)
    checkout.account.answer(migrated(), smoke_tested("2"))
    deployed = checkout.run("deploy.sh", "staging", commit)
    assert (deployed.returncode, checkout.account.live()) == (0, ("2", "2")), deployed.stderr

    built = len(checkout.notes())
    checkout.account.answer(smoke_tested("3"))
    rolled_back = checkout.run("roll-back.sh", "staging", tag)
    assert (rolled_back.returncode, checkout.account.live()) == (0, ("3", "3")), rolled_back.stderr
    function = checkout.account.client("lambda").get_function(FunctionName=checkout.account.worker)
    assert function["Tags"]["DeployedCommit"] == commit
    assert len(checkout.notes()) == built


def test_a_failed_smoke_test_fails_the_deploy(checkout: Checkout) -> None:
    """And leaves what was live."""
    commit = checkout.git("rev-parse", "HEAD")
    checkout.account.push_tag(f"v{VERSION}-{commit[:7]}")
    checkout.account.push_tag("v0.0.1")
    checkout.account.create_functions("v0.0.1")
    checkout.account.answer(migrated(), {"statusCode": 500})
    done = checkout.run("deploy.sh", "staging", commit)
    assert (done.returncode, checkout.account.live()) == (1, ("1", "1"))


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_a_cancelled_deploy_moves_back(checkout: Checkout, ending: signal.Signals) -> None:
    """Nobody has seen the watch pass."""
    commit = checkout.git("rev-parse", "HEAD")
    checkout.account.push_tag(f"v{VERSION}-{commit[:7]}")
    checkout.account.push_tag("v0.0.1")
    checkout.account.create_functions("v0.0.1")
    checkout.account.answer(migrated(), smoke_tested("2"))
    with checkout.start("deploy.sh", "staging", commit, watch_seconds=600) as process:
        assert process.stdout is not None
        told = iter(process.stdout.readline, "")
        assert any("image-reconciler: live is 2" in line for line in told)
        assert checkout.account.live() == ("2", "2")
        process.send_signal(ending)
        assert process.wait(60) != 0
    assert checkout.account.live() == ("1", "1")


def test_production_is_deployed_by_its_version_only(checkout: Checkout) -> None:
    """A git tag that is not the project's version builds nothing."""
    done = checkout.run("deploy.sh", "prod", checkout.git("rev-parse", "HEAD"), "v99.0.0")
    assert (done.returncode, checkout.notes()) == (1, [])
    assert f"the project's version makes it 'v{VERSION}'" in done.stderr


def test_a_roll_back_to_nowhere(checkout: Checkout) -> None:
    """A tag without a commit, and an environment that is none."""
    done = checkout.run("roll-back.sh", "staging", "v8.8.8")
    assert (done.returncode, "names no commit" in done.stderr) == (1, True)
    assert checkout.run("deploy.sh", "nowhere", 40 * "a").returncode == 2


def test_wrong_use_says_what_is_right(checkout: Checkout) -> None:
    """Neither an apply without an environment nor another command reaches an account."""
    for arguments in (("apply",), ("destroy", "prod"), ("apply", "production")):
        done = checkout.run("terraform-env.sh", *arguments)
        assert (done.returncode, "plan|apply|drift staging|prod" in done.stderr) == (2, True)
