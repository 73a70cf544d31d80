"""Optimises a graph ahead of time, so that no cold start pays for it, and checks that it says the same."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any, Final

from lambdas.image_processor import weight_files
from lambdas.image_processor.recipes import ModelSpec

#: Largest difference of a probability (0..1) that reordered float32 sums may make.
_TOLERANCE: Final = 1e-3
#: Smaller ones stay in the graph.
_SMALLEST_WEIGHT_BYTES: Final = 1024


class OptimiseError(Exception):
    """The graph cannot be optimised; the message names the file and the reason."""


def optimise(spec: ModelSpec, folder: Path) -> Path:
    """Write `{stem}.optimised.onnx`, its weights and its note beside the original; return the graph's path.

    Only optimisations that hold on every processor are stored: the image is built on another machine than it
    runs on. Those of the processor itself are added when the engine loads the graph. The weights lie in a
    file of their own, which the engine maps: a graph that carries them is read and copied, at twice the
    time and memory.

    Raises:
        OptimiseError: the original is no graph, or the optimised one answers differently.

    """
    try:
        import onnxruntime  # noqa: F401, PLC0415 (the download itself must not need it)
    except ImportError as exc:
        raise OptimiseError("--optimise needs onnxruntime: pip install -r requirements.txt") from exc
    source = weight_files.original(spec, folder)
    try:
        with tempfile.TemporaryDirectory(prefix=f"{source.stem}-", dir=folder) as name:
            note = _write(spec, source, Path(name))
            # Without its note a graph is not used: the note goes first and comes last.
            weight_files.record(spec, folder).unlink(missing_ok=True)
            for file in note["files"]:
                (Path(name) / file).replace(folder / file)
            weight_files.record(spec, folder).write_text(json.dumps(note, indent=2) + "\n")
    except OptimiseError:
        raise
    except Exception as exc:
        raise OptimiseError(f"{source} cannot be optimised: {str(exc).splitlines()[0]}") from exc
    return weight_files.optimised(spec, folder)


def _write(spec: ModelSpec, source: Path, folder: Path) -> dict[str, Any]:
    """Write graph and weights into an empty folder; return the note."""
    import onnxruntime as ort  # noqa: PLC0415

    graph = weight_files.optimised(spec, folder)
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(graph)
    key = "session.optimized_model_external_initializers_"
    options.add_session_config_entry(key + "file_name", weight_files.optimised_weights(spec, folder).name)
    options.add_session_config_entry(key + "min_size_in_bytes", str(_SMALLEST_WEIGHT_BYTES))
    options.log_severity_level = 4
    before = ort.InferenceSession(str(source), options, providers=["CPUExecutionProvider"])
    after = ort.InferenceSession(str(graph), providers=["CPUExecutionProvider"])
    _require_same(spec, before, after)
    files = {
        path.name: {"size_bytes": path.stat().st_size, "sha256": weight_files.sha256(path)}
        for path in sorted(folder.iterdir())
    }
    return {"source_sha256": weight_files.sha256(source), "onnxruntime": ort.__version__, "files": files}


def _require_same(spec: ModelSpec, before: Any, after: Any) -> None:
    import numpy as np  # noqa: PLC0415

    side = spec.input_side_px
    photo = np.random.default_rng(0).standard_normal((1, 3, side, side)).astype(np.float32)
    found = [
        session.run([session.get_outputs()[0].name], {session.get_inputs()[0].name: photo})[0]
        for session in (before, after)
    ]
    difference = float(np.abs(found[0] - found[1]).max())
    if not difference <= _TOLERANCE:
        raise OptimiseError(
            f"{spec.filename}: the optimised graph answers differently, by {difference:.4f} of 1"
        )
