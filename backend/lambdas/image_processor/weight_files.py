"""Where a model's files lie, whether they are what they should be, and which of them the engine loads."""

from __future__ import annotations

import hashlib
import json
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


def record(spec: ModelSpec, folder: Path) -> Path:
    """Return the path of the note beside an optimised graph: what it was made from, and by what."""
    return optimised(spec, folder).with_suffix(".json")


def preferred(spec: ModelSpec, folder: Path, runtime_version: str) -> Path:
    """Return the file that the engine loads: the optimised graph if it is this model's, else the original.

    An optimised graph counts when its note names the model's checksum, this version of onnxruntime and the
    graph's own size; where no original lies beside it, as in the image, whatever it was made from.
    Nothing is hashed, for this runs at every cold start.

    Args:
        spec: the model.
        folder: of the downloads.
        runtime_version: `onnxruntime.__version__`.

    """
    graph, source = optimised(spec, folder), original(spec, folder)
    note = _note(spec, folder)
    is_loadable = (note.get("onnxruntime"), note.get("size_bytes")) == (runtime_version, _size(graph))
    is_the_model_s = note.get("source_sha256") == spec.sha256 or not source.exists()
    return graph if is_loadable and is_the_model_s else source


def damage(spec: ModelSpec, folder: Path) -> str | None:
    """Return what is wrong with the file that a model is loaded from, with its path; None: nothing.

    A graph that has a note is compared with it, byte for byte; so nothing that an image was built with can
    change unnoticed. An original beside no note is left to the engine, which knows a graph when it reads one.
    """
    path, note = optimised(spec, folder), _note(spec, folder)
    if spec.is_embedded:
        what = fault(spec, folder)
        return f"{original(spec, folder)} {what}" if what else None
    if not note and original(spec, folder).exists():
        return None
    found_bytes = _size(path)
    if not note or found_bytes is None:
        return f"{path} is missing" if note else f"{original(spec, folder)} is missing"
    if found_bytes != note.get("size_bytes"):
        return f"{path} has {found_bytes:,} bytes instead of {note.get('size_bytes')}"
    # Notes that name no checksum were written before there was one.
    is_as_noted = note.get("sha256") in {None, sha256(path)}
    return None if is_as_noted else f"{path} has another checksum than its note"


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
