"""Chooses what runs the function: the image in a real engine, else processes under bubblewrap, else nothing."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from container import base
from container.__main__ import ENGINE_DATA, ROOT
from container.build import Order, build
from container.engine import EngineMissingError, running_engine
from tests.acceptance import bubbles
from tests.acceptance.containers import Containers
from tests.acceptance.runtime import Runtime
from tests.acceptance.weights import stand_ins

_STAND_INS: Final = ROOT / ".cache" / "stand-ins"
_TAG: Final = "bluemoxon-image-processor:acceptance"
_VERSION: Final = "v0.0.0-acce97a"
#: What a build reads, beside the weights.
_CONTEXT: Final = (
    ".dockerignore", "Dockerfile", "backend/app", "backend/lambdas", "backend/models_download",
    "download_models.py", "infra/container/trim.py", "requirements.txt",
)  # fmt: skip


@contextmanager
def chosen_runtime(*, engine: bool = True) -> Iterator[Runtime]:
    """Yield the best runtime that this machine has.

    Raises:
        EngineMissingError: it has none; the message says what is missing.

    """
    with containers() as runtime:
        yield runtime


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
    """Yield the checkout as a build sees it, with stand-ins as its weights; a developer's own stay untouched."""
    weights = stand_ins(_STAND_INS)
    with tempfile.TemporaryDirectory(prefix="context-", dir=_STAND_INS.parent) as name:
        folder = Path(name)
        for source in _CONTEXT:
            (folder / source).parent.mkdir(parents=True, exist_ok=True)
            copy = shutil.copytree if (ROOT / source).is_dir() else shutil.copy
            copy(ROOT / source, folder / source)
        (folder / ".weights").mkdir()
        for weight in weights.glob("*.onnx"):
            (folder / ".weights" / weight.name).hardlink_to(weight)
        yield folder
