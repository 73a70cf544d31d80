"""Networks of a few hundred bytes with the published ones' signature: the mask is how red a photo is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper, save_model


def write_red_network(path: Path, *, weight: float = 4.0) -> None:
    """Write sigmoid(weight * (red - (green + blue) / 2)) for (1, 3, S, S) float32, (1, 1, S, S) out.

    With a batch normalisation behind the convolution: something that optimising takes away.
    """
    kernel = np.array([weight, -weight / 2, -weight / 2], np.float32).reshape(1, 3, 1, 1)
    one, zero = np.ones(1, np.float32), np.zeros(1, np.float32)
    tensors = {"kernel": kernel, "scale": one, "shift": zero, "mean": zero, "variance": one}
    nodes = [
        helper.make_node("Conv", ["photo", "kernel"], ["redness"]),
        helper.make_node("BatchNormalization", ["redness", "scale", "shift", "mean", "variance"], ["normal"]),
        helper.make_node("Sigmoid", ["normal"], ["mask"]),
    ]
    sides = ["side", "side"]
    graph = helper.make_graph(
        nodes,
        "red",
        [helper.make_tensor_value_info("photo", TensorProto.FLOAT, [1, 3, *sides])],
        [helper.make_tensor_value_info("mask", TensorProto.FLOAT, [1, 1, *sides])],
        [numpy_helper.from_array(value, name) for name, value in tensors.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model)
    save_model(model, str(path))
