"""The doctor's checks of this machine: Python, packages, weights, engine."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Final

from cli.finding import Finding, ok, wrong
from lambdas.image_processor import smoke, weight_files
from lambdas.image_processor.errors import WeightsError
from lambdas.image_processor.recipes import MODELS
from lambdas.image_processor.segment import Segmenter

_PROJECT: Final = "bluemoxon-image-processor"
_LOCK: Final = Path(__file__).resolve().parents[2] / "requirements.txt"
_OLDEST, _TOO_NEW = (3, 11), (3, 14)
_SET_UP: Final = "make setup"


def python() -> Finding:
    """Check the interpreter's version."""
    found = ".".join(map(str, sys.version_info[:3]))
    if _OLDEST <= sys.version_info[:2] < _TOO_NEW:
        return ok("python", f"{found} at {sys.executable}")
    return wrong("python", f"{found} is not 3.11, 3.12 or 3.13", f"make PYTHON=python3.12 {_SET_UP[5:]}")


def packages() -> Finding:
    """Check that the runtime's packages are there, in the locked versions."""
    locked = dict(re.findall(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", _lock(), re.MULTILINE))
    names = [re.split(r"[\[<>=~! ;]", line)[0] for line in requires(_PROJECT) or [] if "extra ==" not in line]
    missing = [name for name in names if _version(name) is None]
    if missing:
        return wrong("packages", f"{', '.join(missing)} not installed", _SET_UP)
    others = [
        f"{name} is {_version(name)}, locked is {wanted}"
        for name, wanted in locked.items()
        if _version(name) not in {None, wanted}
    ]
    if others:
        return wrong("packages", "; ".join(others), _SET_UP)
    told = f"{len(locked)} locked packages" if locked else f"{len(names)} packages, no lock to compare with"
    return ok("packages", told)


def weights(folder: Path) -> Iterator[Finding]:
    """Check each model's file: there, of its size, with its checksum."""
    for spec in MODELS.values():
        name, path = f"weights {spec.name}", weight_files.original(spec, folder)
        fault = weight_files.fault(spec, folder)
        if fault is None:
            yield ok(name, f"{path}, checksum right")
        else:
            fix = (
                "git checkout -- backend" if spec.is_embedded else f"image-processor models pull {spec.name}"
            )
            yield wrong(name, f"{path} {fault}", fix)


def engine(folder: Path) -> Finding:
    """Run every model whose weights are there over a drawn picture."""
    segmenter = Segmenter(folder)
    specs = [spec for spec in MODELS.values() if segmenter.has_weights(spec)]
    try:
        found = smoke.check_models(segmenter, specs)
    except (smoke.SmokeTestError, WeightsError) as exc:
        return wrong("engine", str(exc), "image-processor models pull")
    return ok("engine", f"ran {', '.join(found)}")


def _lock() -> str:
    return _LOCK.read_text() if _LOCK.exists() else ""


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
