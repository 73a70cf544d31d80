"""Where a model's files lie, whether they are what they should be, and which of them the engine loads."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Final

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
    graph's own size; nothing is hashed, for this runs at every cold start.

    Args:
        spec: the model.
        folder: of the downloads.
        runtime_version: `onnxruntime.__version__`.

    """
    graph = optimised(spec, folder)
    try:
        note = json.loads(record(spec, folder).read_text())
        wanted = {
            "source_sha256": spec.sha256,
            "onnxruntime": runtime_version,
            "size_bytes": graph.stat().st_size,
        }
        is_ours = wanted.items() <= note.items()
    except (OSError, ValueError, AttributeError):
        is_ours = False
    return graph if is_ours else original(spec, folder)


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
