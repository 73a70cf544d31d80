"""Checks the locks: `python -m tests.locks` (`--write` renews what is exported).

uv.lock must fit pyproject.toml and name public addresses only; requirements.txt must be its export, hold one
version per package for every supported Python, a hash for each, and nothing of the oracle or the tests. What
the image's build edits graphs with is exported likewise.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent
_UV = Path(sys.executable).with_name("uv")
_PUBLIC = ("https://pypi.org/", "https://files.pythonhosted.org/")
#: Exports: what each is for, and which part of the lock it is.
_EXPORTS = {
    "requirements.txt": ("The Lambda's runtime", ["--no-default-groups"]),
    "infra/container/graphs-requirements.txt": (
        "What edits graphs in the image's build",
        ["--only-group", "graphs"],
    ),
}
_NOT_RUNTIME = {"rembg", "pymatting", "numba", "scikit-image", "moto", "pytest", "torch", "typer", "rich"}


def main(arguments: list[str]) -> int:
    """Print each fault and return the exit status."""
    exported = {name: _export(purpose, part) for name, (purpose, part) in _EXPORTS.items()}
    if "--write" in arguments:
        for name, text in exported.items():
            (_ROOT / name).write_text(text)
    faults = [*_lock_faults(), *_runtime_faults(exported["requirements.txt"])]
    for name, text in exported.items():
        if not (_ROOT / name).exists() or (_ROOT / name).read_text() != text:
            faults.append(f"{name} is stale: run `make requirements`")
    print("\n".join(faults) if faults else "locks: fresh, public, one version per package")
    return int(bool(faults))


def _export(purpose: str, part: Sequence[str]) -> str:
    command = [str(_UV), "export", "--frozen", *part, "--no-emit-project", "--no-header", "--quiet"]
    done = subprocess.run(command, cwd=_ROOT, check=True, capture_output=True, text=True)
    return f"# {purpose}, exported from uv.lock by `make requirements`; do not edit.\n{done.stdout}"


def _lock_faults() -> list[str]:
    lock = tomllib.loads((_ROOT / "uv.lock").read_text())
    faults = []
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text())["project"]
    own = next(package for package in lock["package"] if package["name"] == project["name"])
    locked = {requirement["name"] for requirement in own["metadata"]["requires-dist"]}
    asked = {re.split(r"[\[<>=~! ]", line)[0] for line in project["dependencies"]}
    if locked != asked:
        faults.append(f"uv.lock is stale: {sorted(locked ^ asked)} differ; run `uv lock`")
    addresses = re.findall(r'https?://[^"\s]+', (_ROOT / "uv.lock").read_text())
    private = [address for address in addresses if not address.startswith(_PUBLIC)]
    return faults + [f"uv.lock names an address that is not public: {address}" for address in private]


def _runtime_faults(exported: str) -> list[str]:
    versions: dict[str, set[str]] = defaultdict(set)
    for name, version in re.findall(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", exported, re.MULTILINE):
        versions[name.lower()].add(version)
    faults = [
        f"{name} is locked at several versions: {found}" for name, found in versions.items() if len(found) > 1
    ]
    faults += [
        f"{name} is in requirements.txt and not runtime" for name in sorted(_NOT_RUNTIME & versions.keys())
    ]
    entries = len(re.findall(r"^[A-Za-z0-9._-]+==", exported, re.MULTILINE))
    if entries == 0 or exported.count("--hash=sha256:") < entries:
        faults.append("requirements.txt lacks hashes")
    return faults


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
