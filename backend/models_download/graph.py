"""What onnxruntime leaves undone in a graph: layers that stay in the processor's layout, and none in vain.

Between convolutions onnxruntime keeps activations in blocks of channels. What cannot work on blocks stands
between two conversions, each a copy. It enlarges blocks by whole factors only, and the published networks
name sizes. Nor does it leave out what only unwanted outputs need.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
import onnx
from numpy.typing import NDArray

#: Channels of the widest block (AVX-512). Fewer are filled up: a single plane would be enlarged 16 times.
_BLOCK: Final = 16
#: How `Resize` may fill in; others look farther than blocks allow.
_MODES: Final = (b"linear", b"nearest")
_X, _ROI, _SCALES, _SIZES = range(4)
_AXES: Final = 4

#: Per tensor, its sizes: batch, channels, height, width; a name, or nothing, where the graph leaves one open.
Shapes = Mapping[str, tuple[int | str, ...]]


def edit(source: Path, target: Path) -> None:
    """Write what `prepared` makes of a graph; both share the weights beside them.

    Args:
        source: a graph with its constants folded.
        target: a file in the same folder.

    """
    onnx.save(prepared(onnx.load(source, load_external_data=False)), target)


def prepared(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return a graph that answers with the first output alone, and the same.

    Args:
        model: with its constants folded; its weights may lie in a file beside it.

    """
    result = onnx.ModelProto()
    result.CopyFrom(model)
    del result.graph.output[1:]
    shapes = _shapes(onnx.shape_inference.infer_shapes(result, data_prop=True).graph)
    for node in result.graph.node:
        if node.op_type == "Resize" and len(node.input) > _SIZES:
            _enlarge_by_factors(node, result.graph, shapes)
    _leave_what_is_needed(result.graph)
    return result


def _enlarge_by_factors(node: onnx.NodeProto, graph: onnx.GraphProto, shapes: Shapes) -> None:
    """Let a `Resize` name factors instead of sizes, where they are whole and blocks can be enlarged so."""
    factors = _whole_factors(shapes.get(node.input[_X], ()), shapes.get(node.output[0], ()))
    mode = next((each.s for each in node.attribute if each.name == "mode"), b"nearest")
    if factors is None or mode not in _MODES:
        return
    name = f"{node.output[0]}_factors"
    graph.initializer.append(onnx.numpy_helper.from_array(factors, name))
    node.input[_SCALES] = name
    del node.input[_SIZES]
    for each in node.attribute:
        # The two differ only where a side of one pixel comes out, and whole factors leave such a side alone.
        if each.name == "coordinate_transformation_mode" and each.s == b"pytorch_half_pixel":
            each.s = b"half_pixel"


def _whole_factors(before: tuple[int | str, ...], after: tuple[int | str, ...]) -> NDArray[np.float32] | None:
    """Return the (4,) factors between two shapes; None where one is not whole, or channels fill no block."""
    if len(before) != _AXES or len(after) != _AXES or before[:2] != after[:2] or not all(before):
        return None
    if not isinstance(before[1], int) or before[1] % _BLOCK:
        return None
    factors = [1.0, 1.0]
    for small, large in zip(before[2:], after[2:], strict=True):
        if not isinstance(small, int) or not isinstance(large, int) or large % small:
            return None
        factors.append(large // small)
    return np.array(factors, np.float32)


def _leave_what_is_needed(graph: onnx.GraphProto) -> None:
    """Take out the nodes and weights that no output needs."""
    needed = {output.name for output in graph.output}
    nodes = []
    for node in reversed(graph.node):
        if needed.intersection(node.output):
            needed.update(node.input)
            nodes.append(node)
    weights = [weight for weight in graph.initializer if weight.name in needed]
    del graph.node[:], graph.initializer[:], graph.value_info[:]
    graph.node.extend(reversed(nodes))
    graph.initializer.extend(weights)


def _shapes(graph: onnx.GraphProto) -> dict[str, tuple[int | str, ...]]:
    return {
        value.name: tuple(side.dim_value or side.dim_param for side in value.type.tensor_type.shape.dim)
        for value in (*graph.input, *graph.value_info, *graph.output)
    }
