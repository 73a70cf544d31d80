"""Starts a network from the embedded model's weights, as shipped: int8, normalisations folded in."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from training.network import BookNet, ConvNorm

#: The published graph's layer names -> ours.
_LAYERS: Final = {
    "e1.0": "level1",
    **{f"e{n}.0.0": f"level{n}.0" for n in (2, 3, 4, 5)},
    **{
        f"e{n}.1.{old}.0": f"level{n}.1.{new}"
        for n in (2, 3, 4, 5)
        for old, new in (("a", "first"), ("b", "second"))
    },
    **{
        f"e{n}.2.{old}.0": f"level{n}.2.{new}"
        for n in (4, 5)
        for old, new in (("a", "first"), ("b", "second"))
    },
    "e5.3.f.0": "context.squeeze",
    "e5.3.f.2": "context.excite",
    **{f"l{n}.0": f"merge{n}.lateral" for n in (1, 2, 3, 4)},
    **{f"u{n + 1}.0": f"merge{n}.reduce" for n in (1, 2, 3, 4)},
    **{f"d{n}.0": f"merge{n}.smooth" for n in (1, 2, 3, 4)},
    "head": "head",
}


def inherit(network: BookNet, weights: Path, pictures: Tensor) -> None:
    """Give the network the weights of book-v0.

    Its normalisations are folded into its convolutions; here each gets the statistics of `pictures` and the
    scale and shift that undo them, so that the network computes what the graph does and can be trained on.

    Args:
        network: changed in place; it may have a further input channel.
        weights: the ONNX file with per-tensor int8 weights.
        pictures: (N, 3 or 4, S, S) standardised; some dozens suffice.

    """
    tensors = {item.name: numpy_helper.to_array(item) for item in onnx.load(weights).graph.initializer}
    shifts: dict[nn.Module, Tensor] = {}
    for old, new in _LAYERS.items():
        stored = tensors[f"m.{old}.weight_quantized"].astype("float32")
        zero, scale = tensors[f"m.{old}.weight_zero_point"], tensors[f"m.{old}.weight_scale"]
        weight = torch.from_numpy((stored - float(zero)) * float(scale))
        bias = torch.from_numpy(tensors[f"m.{old}.bias"].copy())
        layer = network.get_submodule(new)
        convolution = layer.conv if isinstance(layer, ConvNorm) else layer
        with torch.no_grad():
            # A channel that the older network did not see says nothing at first.
            convolution.weight.zero_()
            convolution.weight[:, : weight.shape[1]].copy_(weight)
            if isinstance(layer, ConvNorm):
                shifts[layer.norm] = bias
            else:
                convolution.bias.copy_(bias)
    _calibrate(network, shifts, pictures)


def _calibrate(network: BookNet, shifts: dict[nn.Module, Tensor], pictures: Tensor) -> None:
    """Set each normalisation to the identity plus its shift on these pictures, in one pass."""

    def adopt(norm: Any, inputs: tuple[Tensor], _output: Tensor) -> Tensor:
        (features,) = inputs
        mean, variance = features.mean((0, 2, 3)), features.var((0, 2, 3), unbiased=False)
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
        norm.weight.copy_(torch.sqrt(variance + norm.eps))
        norm.bias.copy_(mean + shifts[norm])
        return features + shifts[norm].view(1, -1, 1, 1)

    handles = [norm.register_forward_hook(adopt) for norm in shifts]
    try:
        with torch.no_grad():
            network.eval()(pictures)
    finally:
        for handle in handles:
            handle.remove()
        network.train()
