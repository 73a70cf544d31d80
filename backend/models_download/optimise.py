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
    runs on. Those of the processor itself are added when the engine loads the graph, which is edited so that
    they reach as far as they can (graph.py). The weights lie in a
    file of their own, which the engine maps: a graph that carries them is read and copied, at twice the
    time and memory.

    Raises:
        OptimiseError: the original is no graph, or the optimised one answers differently.

    """
    try:
        import onnxruntime  # noqa: F401, PLC0415 (the download itself must not need them)

        from models_download import graph  # noqa: F401, PLC0415
    except ImportError as exc:
        raise OptimiseError(
            f"--optimise needs {exc.name}: pip install -r requirements.txt"
            " -r infra/container/graphs-requirements.txt"
        ) from exc
    source = weight_files.original(spec, folder)
    try:
        with tempfile.TemporaryDirectory(prefix=f"{source.stem}-", dir=folder) as name:
            result = Path(name) / "result"
            result.mkdir()
            note = _write(spec, source, Path(name), result)
            # Without its note a graph is not used: the note goes first and comes last.
            weight_files.record(spec, folder).unlink(missing_ok=True)
            for file in note["files"]:
                (result / file).replace(folder / file)
            weight_files.record(spec, folder).write_text(json.dumps(note, indent=2) + "\n")
    except OptimiseError:
        raise
    except Exception as exc:
        raise OptimiseError(f"{source} cannot be optimised: {str(exc).splitlines()[0]}") from exc
    return weight_files.optimised(spec, folder)


def _write(spec: ModelSpec, source: Path, scratch: Path, result: Path) -> dict[str, Any]:
    """Write graph and weights into an empty folder; return the note."""
    import onnxruntime as ort  # noqa: PLC0415

    from models_download.graph import edit  # noqa: PLC0415

    folded, edited = scratch / "folded.onnx", scratch / "edited.onnx"
    before = _saved(source, folded, ort.GraphOptimizationLevel.ORT_ENABLE_BASIC)
    edit(folded, edited)
    graph = weight_files.optimised(spec, result)
    _saved(edited, graph, ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED)
    _require_same(spec, before, ort.InferenceSession(str(graph), providers=["CPUExecutionProvider"]))
    files = {
        path.name: {"size_bytes": path.stat().st_size, "sha256": weight_files.sha256(path)}
        for path in sorted(result.iterdir())
    }
    return {"source_sha256": weight_files.sha256(source), "onnxruntime": ort.__version__, "files": files}


def _saved(source: Path, target: Path, level: Any) -> Any:
    """Optimise a graph as far as `level`, write it with its weights beside it, and return its session."""
    import onnxruntime as ort  # noqa: PLC0415

    options = ort.SessionOptions()
    options.graph_optimization_level = level
    options.optimized_model_filepath = str(target)
    key = "session.optimized_model_external_initializers_"
    options.add_session_config_entry(key + "file_name", target.with_suffix(".weights").name)
    options.add_session_config_entry(key + "min_size_in_bytes", str(_SMALLEST_WEIGHT_BYTES))
    options.log_severity_level = 4
    return ort.InferenceSession(str(source), options, providers=["CPUExecutionProvider"])


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
