"""A network of u2net's signature in two kilobytes, and a photograph that it cuts: real and quick."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper
from PIL import Image, ImageDraw

#: Side of u2net's input and output in pixels.
_SIDE = 320
#: u2net has seven outputs: the fused mask, then one per stage.
_OUTPUTS = tuple(str(1959 + number) for number in range(7))


def write_model(path: Path) -> None:
    """Write a graph that calls dark pixels subject: sigmoid of a weighted sum of the normalised channels."""
    shape = [1, 3, _SIDE, _SIDE]
    # Dark red stands near -1.5 per channel after normalisation, the light ground near +1.5.
    weights = helper.make_tensor("weights", TensorProto.FLOAT, [1, 3, 1, 1], [-3.0, -3.0, -3.0])
    bias = helper.make_tensor("bias", TensorProto.FLOAT, [1], [0.0])
    nodes = [
        helper.make_node("Conv", ["input.1", "weights", "bias"], ["logits"]),
        helper.make_node("Sigmoid", ["logits"], [_OUTPUTS[0]]),
        *(helper.make_node("Identity", [_OUTPUTS[0]], [name]) for name in _OUTPUTS[1:]),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny-u2net",
        [helper.make_tensor_value_info("input.1", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 1, _SIDE, _SIDE]) for name in _OUTPUTS],
        [weights, bias],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def photograph(seed: int) -> bytes:
    """Return a JPEG of 300 px: a dark book on a light ground, each a little different."""
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", (300, 225), (214, 210, 203))
    draw = ImageDraw.Draw(image)
    left, top = int(rng.integers(60, 75)), int(rng.integers(30, 40))
    draw.rectangle((left, top, left + 165, top + 150), fill=(96, 24, 28))
    draw.rectangle((left + 20, top + 25, left + 145, top + 60), outline=(130, 70, 40), width=2)
    noisy = np.asarray(image, np.int16) + rng.normal(0, 2, (225, 300, 3)).astype(np.int16)
    buffer = io.BytesIO()
    Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()
