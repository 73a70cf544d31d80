"""Chooses what runs the function: the image in a real engine, else processes under bubblewrap."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from container import base
from container.__main__ import ENGINE_DATA, ROOT
from container.build import Order, build
from container.engine import EngineMissingError, running_engine
from lambdas.image_processor import weight_files
from models_download.main import main as download_models
from models_download.pull import DOWNLOADS
from tests.acceptance.bubbles import Bubbles
from tests.acceptance.containers import Containers
from tests.acceptance.runtime import Runtime
from tests.acceptance.weights import stand_ins

_STAND_INS: Final = ROOT / ".cache" / "stand-ins"
_TAG: Final = "bluemoxon-image-processor:acceptance"
_VERSION: Final = "v0.0.0-acce97a"
#: What a build reads, beside the weights.
CONTEXT: Final = (
    ".dockerignore", "Dockerfile", "backend/app", "backend/lambdas", "backend/models_download",
    "download_models.py", "infra/container/graphs-requirements.txt", "infra/container/trim.py",
    "requirements.txt",
)  # fmt: skip


@contextmanager
def chosen_runtime(folder: Path = ROOT / ".cache") -> Iterator[Runtime]:
    """Yield the best runtime that this machine has.

    Raises:
        EngineMissingError: it has none; the message says what is missing.

    """
    with ExitStack() as exits:
        try:
            runtime = exits.enter_context(containers())
        except EngineMissingError as exc:
            print(f"acceptance: without an image, {exc}", flush=True)
            runtime = exits.enter_context(processes(folder))
        yield runtime


@contextmanager
def processes(folder: Path) -> Iterator[Runtime]:
    """Yield processes under bubblewrap.

    Raises:
        EngineMissingError: there is no bubblewrap, or it may not do what is asked of it.

    """
    bubblewrap = shutil.which("bwrap")
    if bubblewrap is None:
        raise EngineMissingError("no container engine, and no bubblewrap")
    emulator = folder / "aws-lambda-rie"
    if not emulator.is_file():
        base.fetch_emulator(emulator)
    weights = folder / "optimised"
    _optimised(weights)
    _compile()
    yield Bubbles(bubblewrap, emulator, weights, _VERSION)


def _compile() -> None:
    """Leave bytecode of what the function imports, as the image's build does."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    code = (
        "import lambdas.image_processor.handler, lambdas.image_processor.pipeline, lambdas.reconciler.handler"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT / "backend", env=inherited, check=True)


def _optimised(folder: Path) -> None:
    """Make the stand-ins into what the image holds, unless that was done before."""
    if all(weight_files.optimised_weights(spec, folder).is_file() for spec in DOWNLOADS):
        return
    folder.mkdir(parents=True, exist_ok=True)
    for weight in stand_ins(_STAND_INS).glob("*.onnx"):
        (folder / weight.name).unlink(missing_ok=True)
        (folder / weight.name).hardlink_to(weight)
    options = ["--dir", str(folder), "--only-optimised", "--as-they-are"]
    if download_models(options, {}) != 0:
        raise EngineMissingError("the stand-ins of the weights cannot be optimised")


@contextmanager
def containers() -> Iterator[Runtime]:
    """Yield containers of an image that is built from the checkout and stand-ins of the weights.

    Raises:
        EngineMissingError: no engine, or no base image.

    """
    with running_engine(ENGINE_DATA) as engine:
        is_stand_in = base.provide(engine)
        with _context() as context:
            build(engine, Order(context, _TAG, _VERSION, weights="local"))
        name = "docker, on a stand-in of Lambda's base image" if is_stand_in else "docker"
        yield Containers(engine, _TAG, _VERSION, name)


@contextmanager
def _context() -> Iterator[Path]:
    """Yield the checkout as a build sees it, with stand-ins as its weights: a developer's stay untouched."""
    weights = stand_ins(_STAND_INS)
    with tempfile.TemporaryDirectory(prefix="context-", dir=_STAND_INS.parent) as name:
        folder = Path(name)
        for source in CONTEXT:
            (folder / source).parent.mkdir(parents=True, exist_ok=True)
            copy = shutil.copytree if (ROOT / source).is_dir() else shutil.copy
            copy(ROOT / source, folder / source)
        (folder / ".weights").mkdir()
        for weight in weights.glob("*.onnx"):
            (folder / ".weights" / weight.name).hardlink_to(weight)
        yield folder
