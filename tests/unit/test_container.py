"""The image's build: which engine, which base, which options, how large; docker answers what a test says."""

from __future__ import annotations

import json
import os
import re
from fnmatch import fnmatch
from pathlib import Path

import pytest

from container import base, trim
from container.build import Order, build, layers_mb
from container.engine import Engine, EngineError
from tests.acceptance.groups import ControlGroups
from tests.acceptance.setting import CONTEXT
from tests.unit.test_workflows import copied

_ROOT = Path(__file__).resolve().parents[2]
#: Takes notes, and answers with what stands in the file of its first word's name.
_DOCKER = """#!/bin/sh
echo "$@" >> "$0.notes"
[ -e "$0.$1.fails" ] && { echo "no such thing" >&2; exit 1; }
cat "$0.$1" 2>/dev/null || true
"""


class Docker:
    """A client that only takes notes."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "docker"
        self.path.write_text(_DOCKER)
        self.path.chmod(0o755)

    def answers(self, command: str, text: str) -> None:
        """Say what a command prints."""
        self.path.with_name(f"docker.{command}").write_text(text)

    def fails(self, command: str) -> None:
        """Let a command fail."""
        self.path.with_name(f"docker.{command}.fails").touch()

    def notes(self) -> list[str]:
        """Return what was asked."""
        return self.path.with_name("docker.notes").read_text().splitlines()

    def engine(self, *, has_buildx: bool = False) -> Engine:
        """Return it as an engine."""
        return Engine(str(self.path), has_buildx)


@pytest.fixture
def docker(tmp_path: Path) -> Docker:
    """A client."""
    return Docker(tmp_path)


def test_the_build_s_options(docker: Docker) -> None:
    """One platform, version, base and weights; no attestations where the builder could make them."""
    order = Order(Path("context"), "tag", "v1.2.3", "local", "base")
    build(docker.engine(), order)
    build(docker.engine(has_buildx=True), order)
    plain, extended = (
        note.replace(f"--secret id=ca,src={os.environ.get('PIP_CERT')} ", "") for note in docker.notes()
    )
    arguments = "--build-arg BASE_IMAGE=base --build-arg VERSION=v1.2.3 --build-arg WEIGHTS=local"
    start = f"build --platform linux/amd64 --network host {arguments}"
    assert re.sub(r"--secret \S+ ", "", plain) == f"{start} --tag tag context"
    assert (
        re.sub(r"--secret \S+ ", "", extended)
        == f"{start} --provenance=false --sbom=false --load --tag tag context"
    )


def test_a_failed_build_is_told_in_docker_s_words(docker: Docker) -> None:
    """Nobody has to look for a log."""
    docker.fails("build")
    with pytest.raises(EngineError, match="no such thing"):
        build(docker.engine(), Order(Path("context"), "tag", "v1.2.3", "local"))


def test_sizes_by_layer(docker: Docker) -> None:
    """What the last stage copies is ours by name, everything else is the base's."""
    lines = [
        "0\tCMD [handler]",
        "5200000\tCOPY /code /var/task # buildkit",
        "352000000\tCOPY /weights /opt/u2net # buildkit",
        "230000000\tCOPY /dependencies /var/task # buildkit",
        "900000\tCOPY /elsewhere /usr # buildkit",
        "203000000\tImported from -",
    ]
    docker.answers("history", "\n".join(lines))
    assert layers_mb(docker.engine(), "tag") == {
        "dependencies": 230.0,
        "weights": 352.0,
        "code": 5.2,
        "base": 203.9,
    }


def test_a_base_that_can_be_pulled_needs_no_stand_in(docker: Docker) -> None:
    """What is there already is not asked for again."""
    docker.answers("image", "null")
    assert base.provide(docker.engine()) is False
    assert not any(note.startswith("pull") for note in docker.notes())
    docker.fails("image")
    assert base.provide(docker.engine()) is False
    assert docker.notes()[-1] == f"pull --quiet --platform linux/amd64 {base.BASE_IMAGE}"


def test_an_old_stand_in_is_not_used(docker: Docker, tmp_path: Path) -> None:
    """It is made anew by the recipe of today; a fresh one is taken as it is."""
    docker.answers("image", json.dumps({base.STAND_IN_LABEL: base.recipe()}))
    assert base.provide(docker.engine()) is True
    docker.answers("image", json.dumps({base.STAND_IN_LABEL: "older"}))
    assert base.provide(docker.engine()) is False
    assert any(note.startswith("pull") for note in docker.notes())


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A folder of wheels in small."""
    kept = [
        "numpy/_core/_multiarray_umath.cpython-312-x86_64-linux-gnu.so", "numpy/testing/__init__.py",
        "scipy/linalg/__init__.py", "scipy/special/_ufuncs.cpython-312-x86_64.so", "scipy/version.py",
        "botocore/data/s3/2006-03-01/service-2.json.gz", "botocore/data/endpoints.json",
        "onnxruntime/capi/onnxruntime_pybind11_state.cpython-312-x86_64-linux-gnu.so",
    ]  # fmt: skip
    gone = [
        "numpy/tests/test_ctypeslib.py", "numpy/__init__.pyi", "numpy/_core/_simd.cpython-312-x86_64.so",
        "scipy/stats/__init__.py", "botocore/data/ec2/2016-11-15/service-2.json.gz", "bin/f2py",
        "onnxruntime/capi/libonnxruntime.so.1.32.0", "onnxruntime/transformers/optimizer.py",
        "scipy/special/cython_special.cpython-312-x86_64.so", "sqlalchemy/testing/__init__.py",
    ]  # fmt: skip
    for name in kept + gone:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    (tmp_path / "kept").write_text("\n".join(kept))
    return tmp_path


def test_only_what_is_imported_stays(installed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Tests, stubs, other services, other languages and developers' tools go; a second run finds nothing."""
    wanted = sorted((installed / "kept").read_text().splitlines())
    (installed / "kept").unlink()
    for _ in range(2):
        assert trim.main(installed) == 0
        left = sorted(str(path.relative_to(installed)) for path in installed.rglob("*") if path.is_file())
        assert left == wanted
    assert "trimmed 0 MB to 0 MB" in capsys.readouterr().out


def test_the_context_holds_what_the_dockerfile_copies() -> None:
    """The acceptance suite's copy of the checkout, and what .dockerignore lets through."""
    through = [
        line[1:] for line in (_ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")
    ]
    for source in copied(_ROOT / "Dockerfile"):
        assert any(source == name or source.startswith(f"{name}/") for name in (*CONTEXT, ".weights")), source
        inside = source if (_ROOT / source).is_file() else f"{source}/x.onnx"
        assert any(fnmatch(inside, name) or inside.startswith(f"{name}/") for name in through), source


def test_the_image_s_command_is_the_worker() -> None:
    """And its base is the one that releases resolve to a digest."""
    text = (_ROOT / "Dockerfile").read_text()
    assert 'CMD ["lambdas.image_processor.handler.lambda_handler"]' in text
    assert f"ARG BASE_IMAGE={base.BASE_IMAGE}" in text
    assert f"base={base.BASE_IMAGE}" in (_ROOT / "infra/scripts/publish-image.sh").read_text()
    assert "apt-get" not in text
    assert "dnf" not in text


def test_accounts_of_both_versions_of_control_groups(tmp_path: Path) -> None:
    """Microseconds in one, nanoseconds in the other; kills beside other counts."""
    (tmp_path / "cpu.stat").write_text("usage_usec 1500000\nuser_usec 1\n")
    (tmp_path / "memory.events").write_text("oom 3\noom_kill 2\n")
    (tmp_path / "cpuacct.usage").write_text("2500000000\n")
    (tmp_path / "memory.oom_control").write_text("oom_kill_disable 0\nunder_oom 0\noom_kill 1\n")
    unified = ControlGroups(tmp_path, tmp_path, is_unified=True)
    split = ControlGroups(tmp_path, tmp_path, is_unified=False)
    assert (unified.cpu_seconds(), unified.memory_kills()) == (1.5, 2)
    assert (split.cpu_seconds(), split.memory_kills()) == (2.5, 1)
