"""Terraform for the tests: found or skipped, initialised once, run on copies."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
CONFIGURATION: Final = ROOT / "infra" / "terraform"
MODULE_TESTS: Final = "modules/image-processor/tests"


def environment() -> dict[str, str]:
    """Return the process's environment without anyone's account or an absent configuration file."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    if not Path(kept.get("TF_CLI_CONFIG_FILE", "/")).exists():
        del kept["TF_CLI_CONFIG_FILE"]
    # A local run: no proxy stands before the loopback.
    return kept | {"AWS_EC2_METADATA_DISABLED": "true", "CHECKPOINT_DISABLE": "1", "NO_PROXY": "127.0.0.1"}


def copy_to(folder: Path, source: Path = CONFIGURATION) -> Path:
    """Copy a configuration with its initialisation, without anyone's state."""
    return Path(shutil.copytree(source, folder, symlinks=True, ignore=shutil.ignore_patterns("*.tfstate*")))


def copy_sources(folder: Path) -> None:
    """Copy the configuration to a folder, without its initialisation."""
    if shutil.which("terraform") is None:
        pytest.skip("needs terraform")
    shutil.copytree(CONFIGURATION, folder, ignore=shutil.ignore_patterns(".terraform", "*.tfstate*"))


def initialised(folder: Path, *options: str) -> Path:
    """Copy the configuration to a folder and initialise it there."""
    copy_sources(folder)
    initialise(folder, *options)
    return folder


def initialise(folder: Path, *options: str) -> None:
    """Initialise a configuration where it is, from a mirror where one is."""
    script = ROOT / "infra" / "scripts" / "terraform-init.sh"
    subprocess.run([str(script), str(folder), *options], env=environment(), check=True, capture_output=True)


def run(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run one command in a configuration's folder, with more environment variables."""
    return subprocess.run(
        ["terraform", f"-chdir={folder}", *arguments],
        env=environment() | variables,
        check=False,
        capture_output=True,
        text=True,
    )


def run_tests(folder: Path, names: Iterable[str], *options: str) -> subprocess.CompletedProcess[str]:
    """Run some files of the module's tests."""
    chosen = [f"-filter={MODULE_TESTS}/{name}.tftest.hcl" for name in names]
    return run(folder, "test", "-no-color", f"-test-directory={MODULE_TESTS}", *chosen, *options)
