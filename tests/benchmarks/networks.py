"""u2net and isnet as ONNX graphs: the papers' architecture, so the real compute, with random weights.

X. Qin et al., "U2-Net: going deeper with nested U-structure for salient object detection", 2020, and
X. Qin et al., "Highly accurate dichotomous image segmentation", 2022. The weights are random and
their logit is scaled to nothing; a cheap side branch turns the input's brightness into the mask, so that
matting, judging and encoding meet what they meet in production.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

_OPSET: Final = 17
#: Keeps activations of the random network within range over its depth.
_GAIN: Final = 1.0
#: Logit per unit of (standardised) darkness in the side branch.
_STEEPNESS: Final = 14.0


@dataclass(frozen=True, slots=True)
class Block:
    """A residual U-block: `RSU-depth`, or the dilated `RSU-4F` where `is_flat`."""

    depth: int
    middle: int
    out: int
    is_flat: bool = False


#: Encoder and decoder of both papers; the decoder's inputs are the concatenated skip connections.
ENCODER: Final = (
    Block(7, 32, 64), Block(6, 32, 128), Block(5, 64, 256), Block(4, 128, 512),
    Block(4, 256, 512, is_flat=True), Block(4, 256, 512, is_flat=True),
)  # fmt: skip
DECODER: Final = (
    Block(4, 256, 512, is_flat=True), Block(4, 128, 256), Block(5, 64, 128), Block(6, 32, 64),
    Block(7, 16, 64),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Network:
    """What tells the two apart."""

    name: str
    input_name: str
    side_px: int
    #: isnet begins with a convolution of stride 2.
    has_stem: bool
    #: u2net fuses its six side outputs into a seventh, the first of its outputs.
    has_fusion: bool
    #: Standardised brightness that divides subject from background.
    threshold: float


U2NET: Final = Network("u2net", "input.1", 320, has_stem=False, has_fusion=True, threshold=0.0)
ISNET: Final = Network("isnet-general-use", "input", 1024, has_stem=True, has_fusion=False, threshold=0.0)


@dataclass(slots=True)
class _Graph:
    """Nodes and weights as they are added; tensors are named by what made them."""

    rng: np.random.Generator
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    weights: list[onnx.TensorProto] = field(default_factory=list)

    def add(self, kind: str, inputs: Sequence[str], **attributes: Any) -> str:
        """Add a node and return its output's name."""
        name = f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def constant(self, values: NDArray[np.generic]) -> str:
        """Add a weight and return its name."""
        name = f"weight_{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(values, name))
        return name

    def convolve(
        self, x: str, channels: tuple[int, int], *, side: int = 3, dilation: int = 1, stride: int = 1
    ) -> str:
        """Add a convolution with its (folded) normalisation as bias."""
        inward, outward = channels
        scale = _GAIN * np.sqrt(2.0 / (inward * side * side))
        weight = self.rng.normal(0, scale, (outward, inward, side, side)).astype(np.float32)
        bias = self.rng.normal(0, 0.01, outward).astype(np.float32)
        padding = dilation * (side // 2)
        return self.add(
            "Conv",
            [x, self.constant(weight), self.constant(bias)],
            kernel_shape=[side, side],
            pads=[padding] * 4,
            dilations=[dilation] * 2,
            strides=[stride] * 2,
        )

    def layer(self, x: str, channels: tuple[int, int], dilation: int = 1) -> str:
        """Add convolution, normalisation, ReLU."""
        return self.add("Relu", [self.convolve(x, channels, dilation=dilation)])

    def pool(self, x: str) -> str:
        """Halve the size."""
        return self.add("MaxPool", [x], kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1)

    def resize_like(self, x: str, other: str) -> str:
        """Enlarge to another tensor's height and width, bilinearly, as the exported networks do."""
        batch = self.add("Slice", [self.add("Shape", [x]), *self._range(0, 2)])
        size = self.add("Slice", [self.add("Shape", [other]), *self._range(2, 4)])
        sizes = self.add("Concat", [batch, size], axis=0)
        return self.add(
            "Resize", [x, "", "", sizes], mode="linear", coordinate_transformation_mode="pytorch_half_pixel"
        )

    def _range(self, start: int, stop: int) -> tuple[str, str]:
        return self.constant(np.array([start], np.int64)), self.constant(np.array([stop], np.int64))

    def join(self, *parts: str) -> str:
        """Concatenate along the channels."""
        return self.add("Concat", parts, axis=1)


def _u_block(graph: _Graph, x: str, inward: int, block: Block) -> str:
    """Add an RSU: down, one dilated layer at the bottom, up again with skip connections, and the residual."""
    middle, out = block.middle, block.out
    entry = graph.layer(x, (inward, out))
    flat = block.is_flat
    skips = [graph.layer(entry, (out, middle))]
    for level in range(1, block.depth - 1 + int(flat)):
        below = skips[-1] if flat else graph.pool(skips[-1])
        skips.append(graph.layer(below, (middle, middle), dilation=2**level if flat else 1))
    if flat:
        up, dilations = skips.pop(), [2 ** (level) for level in range(len(skips) - 1, -1, -1)]
    else:
        up, dilations = graph.layer(skips[-1], (middle, middle), dilation=2), [1] * len(skips)
    for skip, dilation in zip(reversed(skips), dilations, strict=True):
        joined = graph.join(up if flat else graph.resize_like(up, skip), skip)
        is_last = skip is skips[0]
        up = graph.layer(joined, (2 * middle, out if is_last else middle), dilation=dilation)
    return graph.add("Add", [up, entry])


def build(network: Network, seed: int = 7) -> onnx.ModelProto:
    """Return the network with the real one's signature."""
    graph = _Graph(np.random.default_rng(seed))
    x, inward = network.input_name, 3
    if network.has_stem:
        x, inward = graph.convolve(x, (3, 64), stride=2), 64
    levels: list[tuple[str, int]] = []
    for number, block in enumerate(ENCODER):
        x = _u_block(graph, graph.pool(x) if number else x, inward, block)
        inward = block.out
        levels.append((x, inward))
    outputs = [levels[-1]]
    for block, (skip, width) in zip(DECODER, reversed(levels[:-1]), strict=True):
        below, below_width = outputs[-1]
        joined = graph.join(graph.resize_like(below, skip), skip)
        outputs.append((_u_block(graph, joined, below_width + width, block), block.out))
    sides = [
        graph.resize_like(graph.convolve(level, (width, 1)), network.input_name)
        for level, width in reversed(outputs)
    ]
    logits = [graph.convolve(graph.join(*sides), (6, 1), side=1), *sides] if network.has_fusion else sides
    names = [_finish(graph, logit, network) for logit in logits]
    side = network.side_px
    shapes = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 1, side, side]) for name in names]
    taken = helper.make_tensor_value_info(network.input_name, TensorProto.FLOAT, [1, 3, side, side])
    body = helper.make_graph(graph.nodes, network.name, [taken], shapes, graph.weights)
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=8)
    onnx.checker.check_model(model)
    return model


def _finish(graph: _Graph, logit: str, network: Network) -> str:
    """Add the side branch's mask to a logit that weighs nothing, and the sigmoid."""
    hushed = graph.add("Mul", [graph.add("Tanh", [logit]), graph.constant(np.array([1e-3], np.float32))])
    grey = graph.add("ReduceMean", [network.input_name], axes=[1], keepdims=1)
    smooth = graph.add("AveragePool", [grey], kernel_shape=[5, 5], pads=[2] * 4, count_include_pad=0)
    darkness = graph.add("Sub", [graph.constant(np.array([network.threshold], np.float32)), smooth])
    mask = graph.add("Mul", [darkness, graph.constant(np.array([_STEEPNESS], np.float32))])
    return graph.add("Sigmoid", [graph.add("Add", [mask, hushed])])


def refusing(network: Network) -> Network:
    """Return the network that sees no subject in any photo."""
    return replace(network, threshold=-10.0)


def cached(network: Network, folder: Path) -> Path:
    """Return the network's file in `folder`, built where it is absent."""
    path = folder / f"{network.name}.onnx"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        onnx.save(build(network), partial)
        partial.rename(path)
    return path
