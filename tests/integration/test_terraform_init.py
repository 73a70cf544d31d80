"""terraform-init.sh finds a mirror or asks the registry; a terraform of paper notes which."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[2]
_SCRIPT = _ROOT / "infra" / "scripts" / "terraform-init.sh"
_LOCK = _ROOT / "infra" / "terraform" / ".terraform.lock.hcl"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A configuration with a lock, a home, and a terraform that prints its arguments."""
    (tmp_path / "configuration").mkdir()
    shutil.copy(_LOCK, tmp_path / "configuration")
    for name in ("home", "bin"):
        (tmp_path / name).mkdir()
    terraform = tmp_path / "bin" / "terraform"
    terraform.write_text('#!/bin/sh\necho "$TF_CLI_CONFIG_FILE|$@"\n')
    terraform.chmod(0o755)
    # Machines may have a mirror in one of the conventional places: not for this test.
    find = tmp_path / "bin" / "find"
    find.write_text("#!/bin/sh\n")
    find.chmod(0o755)
    return tmp_path


def run(folder: Path, **variables: str) -> str:
    """What terraform was told."""
    environment = {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "HOME": str(folder / "home")} | variables
    command = [str(_SCRIPT), str(folder / "configuration"), "-backend=false"]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.strip()


def make_mirror(folder: Path, version: str = "5.100.0") -> Path:
    """A mirror's layout, down to the provider's platforms."""
    (folder / "registry.terraform.io/hashicorp/aws" / version).mkdir(parents=True)
    return folder


def test_a_named_mirror(folder: Path) -> None:
    """TF_PLUGIN_DIR, and the lock is not written."""
    mirror = make_mirror(folder / "mirror")
    expected = f"-plugin-dir={mirror} -lockfile=readonly -backend=false"
    assert run(folder, TF_PLUGIN_DIR=str(mirror)).endswith(expected)


def test_a_standard_mirror(folder: Path) -> None:
    """One of Terraform's own places."""
    mirror = make_mirror(folder / "home" / ".terraform.d" / "plugins")
    assert f"-plugin-dir={mirror} " in run(folder)


def test_a_mirror_of_another_version_does_not_count(folder: Path) -> None:
    """The lock names one version; the registry has it."""
    make_mirror(folder / "home" / ".terraform.d" / "plugins", "5.99.0")
    assert run(folder).endswith("init -input=false -no-color -backend=false")


def test_the_registry_without_a_mirror(folder: Path) -> None:
    """Plain init."""
    assert run(folder).endswith("init -input=false -no-color -backend=false")


def test_an_absent_configuration_file_is_not_named(folder: Path) -> None:
    """Terraform would warn at every call; one that is there stays."""
    present = folder / "terraform.rc"
    present.touch()
    assert run(folder, TF_CLI_CONFIG_FILE=str(folder / "absent")).startswith("|")
    assert run(folder, TF_CLI_CONFIG_FILE=str(present)).startswith(f"{present}|")
