"""Optimises a graph ahead of time, so that no cold start pays for it, and checks that it says the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from lambdas.image_processor import weight_files
from lambdas.image_processor.recipes import ModelSpec

#: Largest difference of a probability (0..1) that reordered float32 sums may make.
_TOLERANCE: Final = 1e-3


class OptimiseError(Exception):
    """The graph cannot be optimised; the message names the file and the reason."""


def optimise(spec: ModelSpec, folder: Path) -> Path:
    """Write `{stem}.optimised.onnx` and its note beside the original, and return the graph's path.

    Only optimisations that hold on every processor are stored: the image is built on another machine than it
    runs on. Those of the processor itself are added when the engine loads the graph.

    Raises:
        OptimiseError: the original is no graph, or the optimised one answers differently.

    """
    try:
        import onnxruntime as ort  # noqa: PLC0415 (the download itself must not need it)
    except ImportError as exc:
        raise OptimiseError("--optimise needs onnxruntime: pip install -r requirements.txt") from exc
    source, target = weight_files.original(spec, folder), weight_files.optimised(spec, folder)
    temporary = target.with_name(target.name + ".part")
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(temporary)
    options.log_severity_level = 4
    try:
        before = ort.InferenceSession(str(source), options, providers=["CPUExecutionProvider"])
        after = ort.InferenceSession(str(temporary), providers=["CPUExecutionProvider"])
        _require_same(spec, before, after)
        note = {
            "source_sha256": weight_files.sha256(source),
            "onnxruntime": ort.__version__,
            "size_bytes": temporary.stat().st_size,
            "sha256": weight_files.sha256(temporary),
        }
        # Without its note a graph is not used: the note goes first and comes last.
        weight_files.record(spec, folder).unlink(missing_ok=True)
        temporary.replace(target)
        weight_files.record(spec, folder).write_text(json.dumps(note, indent=2) + "\n")
    except OptimiseError:
        raise
    except Exception as exc:
        raise OptimiseError(f"{source} cannot be optimised: {str(exc).splitlines()[0]}") from exc
    finally:
        temporary.unlink(missing_ok=True)
    return target


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
