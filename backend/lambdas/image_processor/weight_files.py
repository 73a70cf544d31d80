"""Where a model's files lie, whether they are what they should be, and which of them the engine loads."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from lambdas.image_processor.recipes import ModelSpec

#: Folder of the models that are packaged with the worker.
EMBEDDED_DIR: Final = Path(__file__).resolve().parent / "weights"
_BLOCK_BYTES: Final = 1 << 20


def original(spec: ModelSpec, folder: Path) -> Path:
    """Return the path of a model's weights as they were published.

    Args:
        spec: the model.
        folder: of the downloads; embedded models lie beside this module.

    """
    return (EMBEDDED_DIR if spec.is_embedded else folder) / spec.filename


def optimised(spec: ModelSpec, folder: Path) -> Path:
    """Return the path of the graph that onnxruntime optimised ahead of time, whether or not it exists."""
    return original(spec, folder).with_suffix(".optimised.onnx")


def optimised_weights(spec: ModelSpec, folder: Path) -> Path:
    """Return the path of that graph's weights: beside it, so that they are mapped and not copied."""
    return original(spec, folder).with_suffix(".optimised.weights")


def record(spec: ModelSpec, folder: Path) -> Path:
    """Return the path of the note beside an optimised graph: what it was made from, and by what."""
    return optimised(spec, folder).with_suffix(".json")


def preferred(spec: ModelSpec, folder: Path, runtime_version: str) -> Path:
    """Return the file that the engine loads: the optimised graph if it is this model's, else the original.

    An optimised graph counts when its note names the model's checksum, this version of onnxruntime and the
    sizes of its files; where no original lies beside it, as in the image, whatever it was made from.
    Nothing is hashed, for this runs at every cold start.

    Args:
        spec: the model.
        folder: of the downloads.
        runtime_version: `onnxruntime.__version__`.

    """
    source, note = original(spec, folder), _note(spec, folder)
    files = _noted_files(note, folder)
    is_loadable = note.get("onnxruntime") == runtime_version and bool(files)
    is_whole = all(_size(path) == facts.get("size_bytes") for path, facts in files.items())
    is_the_model_s = note.get("source_sha256") == spec.sha256 or not source.exists()
    return optimised(spec, folder) if is_loadable and is_whole and is_the_model_s else source


def damage(spec: ModelSpec, folder: Path) -> str | None:
    """Return what is wrong with the files that a model is loaded from, with their paths; None: nothing.

    A graph that has a note is compared with it, byte for byte; so nothing that an image was built with can
    change unnoticed. An original beside no note is left to the engine, which knows a graph when it reads one.
    """
    source = original(spec, folder)
    if spec.is_embedded:
        what = fault(spec, folder)
        return f"{source} {what}" if what else None
    files = _noted_files(_note(spec, folder), folder)
    if not files:
        return None if source.exists() else f"{source} is missing"
    faults = [what for path, facts in files.items() if (what := _damage(path, facts)) is not None]
    return "; ".join(faults) or None


def _damage(path: Path, facts: Mapping[str, Any]) -> str | None:
    found_bytes = _size(path)
    if found_bytes is None:
        return f"{path} is missing"
    if found_bytes != facts.get("size_bytes"):
        return f"{path} has {found_bytes:,} bytes instead of {facts.get('size_bytes')}"
    return None if sha256(path) == facts.get("sha256") else f"{path} has another checksum than its note"


def fault(spec: ModelSpec, folder: Path) -> str | None:
    """Return what is wrong with a model's weights, e.g. "is missing"; None when they are the model's."""
    path = original(spec, folder)
    try:
        found_bytes = path.stat().st_size
        if found_bytes != spec.size_bytes:
            return f"has {found_bytes:,} bytes instead of {spec.size_bytes:,}"
        return None if sha256(path) == spec.sha256 else "has another checksum than the model's"
    except FileNotFoundError:
        return "is missing"
    except OSError as exc:
        return f"cannot be read: {exc.strerror}"


def _note(spec: ModelSpec, folder: Path) -> dict[str, Any]:
    try:
        note = json.loads(record(spec, folder).read_text())
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}


def _noted_files(note: Mapping[str, Any], folder: Path) -> dict[Path, Mapping[str, Any]]:
    """Return the files of an optimised graph and what its note says of each."""
    files = note.get("files")
    if not isinstance(files, dict) or not all(isinstance(facts, dict) for facts in files.values()):
        return {}
    return {folder / name: facts for name, facts in files.items()}


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def sha256(path: Path) -> str:
    """Return a file's SHA-256, hexadecimal.

    Raises:
        OSError: it cannot be read.

    """
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()
