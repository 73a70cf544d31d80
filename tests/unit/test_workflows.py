"""The workflows: pinned, without spare rights, without shell, and watching all that the image copies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

_ROOT = Path(__file__).resolve().parents[2]
_FILES = sorted((_ROOT / ".github" / "workflows").glob("*.yml"))


def load(name: str) -> dict[Any, Any]:
    """A workflow; YAML reads its key `on` as a truth value."""
    found: dict[Any, Any] = yaml.safe_load((_ROOT / ".github" / "workflows" / f"{name}.yml").read_text())
    return found


def steps(workflow: dict[Any, Any]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Each job with each of its steps."""
    for job in workflow["jobs"].values():
        for step in job["steps"]:
            yield job, step


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.stem)
def test_actions_are_pinned(path: Path) -> None:
    """By commit, with the version that it is."""
    used = re.findall(r"uses: (.*)", path.read_text())
    assert used
    assert [line for line in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v[\d.]+", line)] == []


def test_an_action_has_one_version() -> None:
    """Everywhere the same."""
    used = {line for path in _FILES for line in re.findall(r"uses: (.*)", path.read_text())}
    assert len(used) == len({line.partition("@")[0] for line in used})


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.stem)
def test_no_spare_rights(path: Path) -> None:
    """None by default; an identity token only where a role is assumed; never a stored key."""
    workflow = load(path.stem)
    assert workflow["permissions"] == {}
    for job in workflow["jobs"].values():
        assumes = any("configure-aws-credentials" in step.get("uses", "") for step in job["steps"])
        expected = {"contents": "read"} | ({"id-token": "write"} if assumes else {})
        assert job["permissions"] == expected
        assert job["timeout-minutes"] <= 60
    assert "secrets." not in path.read_text()


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.stem)
def test_no_shell_in_yaml(path: Path) -> None:
    """A step calls make or one script of ours, which has a test; values reach it as variables."""
    for _, step in steps(load(path.stem)):
        if "run" in step:
            assert re.fullmatch(r'make [a-z-]+|infra/scripts/[a-z-]+\.sh( [a-z]+| "\$[A-Z_]+")*', step["run"])
            script = step["run"].split()[0]
            assert script == "make" or (_ROOT / script).stat().st_mode & 0o111


def test_ci_runs_what_developers_run() -> None:
    """The make targets exist, and the suites are among them."""
    targets = {step["run"] for _, step in steps(load("ci")) if "run" in step}
    assert {"make check", "make test", "make demo", "make infra-test", "make infra-apply-test"} <= targets
    makefile = (_ROOT / "Makefile").read_text()
    assert [
        target for target in targets if not re.search(rf"^{target.split()[1]}:", makefile, re.MULTILINE)
    ] == []


def test_one_release_at_a_time() -> None:
    """Deploy, roll-back and apply of an environment wait for each other, and none is cut off."""
    jobs = [load("deploy")["jobs"][name] for name in ("deploy", "roll-back")] + [
        load("terraform")["jobs"]["apply"]
    ]
    for job in jobs:
        assert job["concurrency"]["group"].startswith("live-")
        assert job["concurrency"]["cancel-in-progress"] is False
        # Behind the environment that the group is named after.
        assert job["concurrency"]["group"] == f"live-{job['environment']}"


def test_deploy_watches_all_that_the_image_copies() -> None:
    """Whatever a build reads starts a deploy; so does what delivers."""
    paths = load("deploy")[True]["push"]["paths"]
    watched = [
        "Dockerfile",
        ".dockerignore",
        "pyproject.toml",
        "infra/delivery/release.py",
        "infra/scripts/deploy.sh",
    ]
    # Stand-ins of the weights are never committed, so no push brings others.
    for source in [*watched, *(name for name in copied(_ROOT / "Dockerfile") if name != ".weights")]:
        inside = (
            source if (_ROOT / source).suffix or "." in source or source == "Dockerfile" else f"{source}/x"
        )
        assert any(fnmatch(inside, pattern) for pattern in paths), source


def copied(dockerfile: Path) -> list[str]:
    """Return what a Dockerfile copies out of the checkout."""
    text = dockerfile.read_text().replace("\\\n", " ")
    lines = [line.split()[1:] for line in text.splitlines() if re.match(r"(COPY|ADD) ", line)]
    own = [
        [word for word in words if not word.startswith("--")]
        for words in lines
        if "--from=" not in " ".join(words)
    ]
    return [source.rstrip("/").removeprefix("./") for words in own for source in words[:-1]]


def test_what_a_dockerfile_copies(tmp_path: Path) -> None:
    """Files and folders of the checkout, not of other stages."""
    dockerfile = tmp_path / "Dockerfile"
    dockerfile.write_text(
        "FROM x\nCOPY --chown=1:1 a.py \\\n  backend/ ./\nCOPY --from=build /opt /opt\nRUN x\n"
    )
    assert copied(dockerfile) == ["a.py", "backend"]


def test_drift_is_looked_for_weekly() -> None:
    """In both environments, by a role that may read."""
    workflow = load("drift")
    assert re.fullmatch(r"\d+ \d+ \* \* [0-6]", workflow[True]["schedule"][0]["cron"])
    job = workflow["jobs"]["drift"]
    assert (job["strategy"]["matrix"]["environment"], job["environment"]) == (
        ["staging", "prod"],
        "${{ matrix.environment }}-plan",
    )
