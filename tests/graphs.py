"""Small ONNX graphs with the signatures of u2net and isnet, for tests on the real runtime without downloads.

A graph's mask comes from the input's colours: `Sees.RED` answers with a high probability where the photo is
red, so one graph shows every kind of mask, chosen by the photo (scenes.py draws them): a book, nothing, a
full frame, a speck, fragments. The other behaviours answer the same whatever they see.

    weights = graphs.write(tmp_path, {U2NET: Sees.NOTHING, ISNET: Sees.RED})
    Segmenter(weights).segment(U2NET, photo)
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, checker, helper, numpy_helper

from lambdas.image_processor.recipes import ISNET, U2NET, ModelSpec

#: What the real files have: rembg and the worker ask the file for its names and use output 0.
_INPUTS: Final = {U2NET.name: "input.1", ISNET.name: "input_image"}
_OUTPUT_COUNTS: Final = {U2NET.name: 7, ISNET.name: 2}
#: logit = GAIN * (red - (green + blue) / 2 - THRESHOLD), colours as shares of the photo's brightest sample.
_GAIN: Final = 40.0
_THRESHOLD: Final = 0.2
_RED: Final = np.array([1.0, -0.5, -0.5], np.float32)
_OPSET: Final = 17
_IR_VERSION: Final = 10


class Sees(StrEnum):
    """What a graph's first output shows."""

    #: What is red in the photo, with a soft edge.
    RED = "red"
    #: What is red, but never more probable than 0.1: stretched to the full range it would look like RED.
    FAINTLY = "faintly"
    #: The same low probability everywhere.
    NOTHING = "nothing"
    #: The same high probability everywhere.
    EVERYTHING = "everything"
    #: What is red, cut into many small squares.
    FRAGMENTS = "fragments"
    #: A map of another shape than the input's: not the model it is named after.
    ANOTHER_SHAPE = "another shape"


def write(folder: Path, behaviours: Mapping[ModelSpec, Sees]) -> Path:
    """Write one file per model under the name that the worker looks for; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for spec, sees in behaviours.items():
        (folder / spec.filename).write_bytes(graph(spec, sees))
    return folder


def graph(spec: ModelSpec, sees: Sees) -> bytes:
    """Return the file of a graph with the model's signature; the same arguments give the same bytes."""
    side = spec.input_side_px
    source = _INPUTS[spec.name]
    outputs = [f"output_{place}" for place in range(_OUTPUT_COUNTS[spec.name])]
    nodes, constants = _red(spec, source)
    tail, more = _BEHAVIOURS[sees](side)
    nodes += tail
    # The real networks' other outputs are coarser masks; whoever took them for the first would notice.
    nodes += [helper.make_node("Sub", ["one", outputs[0]], [name]) for name in outputs[1:]]
    tensors = [
        numpy_helper.from_array(np.asarray(array, np.float32 if array.dtype != np.int64 else np.int64), name)
        for name, array in (constants | more | {"one": np.ones((1,))}).items()
    ]
    shape = [1, 1, None, None] if sees is Sees.ANOTHER_SHAPE else [1, 1, side, side]
    body = helper.make_graph(
        nodes,
        f"{spec.name} for tests",
        [helper.make_tensor_value_info(source, TensorProto.FLOAT, [1, 3, side, side])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in outputs],
        tensors,
    )
    return _checked(body)


def _checked(body: GraphProto) -> bytes:
    model: ModelProto = helper.make_model(
        body, opset_imports=[helper.make_opsetid("", _OPSET)], producer_name="tests"
    )
    model.ir_version = _IR_VERSION
    checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


Arrays = dict[str, NDArray[np.generic]]


def _red(spec: ModelSpec, source: str) -> tuple[list[NodeProto], Arrays]:
    """Return the part up to `red`, (1, 1, S, S): the probability that a pixel is red."""
    # Folds the undoing of the standardisation into the weights: colour = std * x + mean.
    weights = _GAIN * _RED * np.asarray(spec.std, np.float32)
    bias = _GAIN * (float(_RED @ np.asarray(spec.mean, np.float32)) - _THRESHOLD)
    nodes = [
        helper.make_node(
            "AveragePool", [source], ["blurred"], kernel_shape=[3, 3], pads=[1] * 4, count_include_pad=0
        ),
        helper.make_node("Conv", ["blurred", "weights", "bias"], ["logit"]),
        helper.make_node("Sigmoid", ["logit"], ["red"]),
    ]
    return nodes, {"weights": weights.reshape(1, 3, 1, 1), "bias": np.array([bias])}


def _scaled(factor: float, offset: float) -> tuple[list[NodeProto], Arrays]:
    nodes = [
        helper.make_node("Mul", ["red", "factor"], ["product"]),
        helper.make_node("Add", ["product", "offset"], ["output_0"]),
    ]
    return nodes, {"factor": np.array([factor]), "offset": np.array([offset])}


def _fragments(side: int) -> tuple[list[NodeProto], Arrays]:
    """Multiply by squares of half a cell's side, 20 cells in a row."""
    cell = side // 20 + 1
    squares = np.zeros((1, 1, cell, cell))
    squares[..., : cell // 2, : cell // 2] = 1
    repeats = -(-side // cell)
    grid = np.tile(squares, (1, 1, repeats, repeats))[..., :side, :side]
    return [helper.make_node("Mul", ["red", "grid"], ["output_0"])], {"grid": grid}


def _another_shape(_: int) -> tuple[list[NodeProto], Arrays]:
    pool = helper.make_node("AveragePool", ["red"], ["output_0"], kernel_shape=[2, 2], strides=[2, 2])
    return [pool], {}


_BEHAVIOURS: Final = {
    Sees.RED: lambda _: _scaled(1.0, 0.0),
    Sees.FAINTLY: lambda _: _scaled(0.1, 0.0),
    Sees.NOTHING: lambda _: _scaled(0.0, 0.02),
    Sees.EVERYTHING: lambda _: _scaled(0.0, 0.97),
    Sees.FRAGMENTS: _fragments,
    Sees.ANOTHER_SHAPE: _another_shape,
}
