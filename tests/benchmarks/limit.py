"""What no fp32 engine beats here: the networks' multiplications at this machine's measured sgemm peak."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

import numpy as np
import onnx

_SIDE: Final = 2048


def sgemm_gflops(repetitions: int = 5) -> float:
    """Return the best single-precision rate per CPU-second, in GFLOP."""
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal((_SIDE, _SIDE), np.float32) for _ in range(2))
    best = 0.0
    for _ in range(repetitions):
        started = time.process_time()
        a @ b
        best = max(best, 2.0 * _SIDE**3 / 1e9 / (time.process_time() - started))
    return best


def gmac(network: Path) -> float:
    """Return a network's billions of multiply-accumulates per pass, counted over its convolutions."""
    graph = onnx.shape_inference.infer_shapes(onnx.load(network), data_prop=True).graph
    weights = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    sizes = {
        value.name: [dimension.dim_value for dimension in value.type.tensor_type.shape.dim[2:]]
        for value in (*graph.value_info, *graph.output)
    }
    convolutions = [node for node in graph.node if node.op_type == "Conv"]
    return sum(float(np.prod(weights[c.input[1]]) * np.prod(sizes[c.output[0]])) for c in convolutions) / 1e9


def limits(u2net: Path, isnet: Path) -> dict[str, float]:
    """Return the peak and the CPU-seconds that each network needs at least."""
    gflops = sgemm_gflops()
    return {
        "gflops": gflops,
        "u2net_cpu_seconds": 2 * gmac(u2net) / gflops,
        "isnet_cpu_seconds": 2 * gmac(isnet) / gflops,
    }
