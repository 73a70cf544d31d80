"""`make export`: the trained average as ONNX with int8 weights, checked against the network it came from."""

from __future__ import annotations

import argparse
import hashlib
import tempfile
from pathlib import Path
from typing import Final

import numpy as np
import onnx
import onnxruntime as ort
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import Tensor, nn

from lambdas.image_processor.recipes import BOOK, CRITIC
from training.candidates import Candidates
from training.checkpoint import State
from training.generator import Generator
from training.heritage import inherit
from training.network import BookNet, ConvNorm, Exported, ExportedCritic
from training.plan import DEFAULT_FOLDER
from training.sources import to_tensors

_OPSET: Final = 17
_COLOURS: Final = 3
#: Scenes of another seed than the training's, for parity.
_PARITY_SEED: Final = 90_001
_PARITY_SAMPLES: Final = 48
#: Largest difference that rounding in float32 explains.
_MAX_FLOAT_ERROR: Final = 1e-3
#: Share of pixels that may fall on the other side of 0.5 with int8 weights.
_MAX_INT8_FLIPS: Final = 0.003
_MAX_BYTES: Final = 4_500_000


def fuse(network: BookNet) -> BookNet:
    """Fold every normalisation into its convolution, in place."""
    for layer in network.modules():
        if isinstance(layer, ConvNorm):
            layer.conv = torch.nn.utils.fuse_conv_bn_eval(layer.conv, layer.norm)
            layer.norm = nn.Identity()  # type: ignore[assignment]
    return network


def write_float(networks: list[BookNet], path: Path) -> nn.Module:
    """Write the fused networks, the second (if any) beside the first, as one float32 graph; return it.

    A network of four input channels is a critic: it is written with both its answers.
    """
    plain = [
        fuse(network.eval().to(memory_format=torch.contiguous_format))  # type: ignore[call-overload]
        for network in networks
    ]
    inputs = plain[0].inputs
    is_critic = inputs > _COLOURS
    side = (CRITIC if is_critic else BOOK).input_side_px
    exported = ExportedCritic(*plain).eval() if is_critic else Exported(*plain).eval()
    torch.onnx.export(
        exported,
        (torch.zeros(1, inputs, side, side),),
        str(path),
        opset_version=_OPSET,
        input_names=["picture"],
        output_names=["mask", "rightness"] if is_critic else ["mask"],
        dynamo=False,
    )
    onnx.checker.check_model(onnx.load(path))
    return exported


def parity(exported: nn.Module, path: Path, pictures: Tensor) -> tuple[float, float]:
    """Return the masks' largest difference of probabilities, and the share of pixels that 0.5 parts."""
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    with torch.no_grad():
        answers = exported(pictures)
        wanted = (answers[0] if isinstance(answers, tuple) else answers).numpy()
    name = session.get_inputs()[0].name
    got = np.concatenate([session.run(None, {name: one[None]})[0] for one in pictures.numpy()])
    return float(np.abs(wanted - got).max()), float(((wanted > 0.5) != (got > 0.5)).mean())


def main(arguments: list[str] | None = None) -> int:
    """Export and return the exit status; nothing is written unless both graphs agree with the network."""
    parser = argparse.ArgumentParser(prog="make export", description=__doc__)
    parser.add_argument("--checkpoint", type=Path, default=DEFAULT_FOLDER / "finished.pt")
    parser.add_argument("--out", type=Path, default=DEFAULT_FOLDER / "book-v2.onnx")
    parser.add_argument(
        "--averaged", type=Path, help="checkpoint of a run that this one began from: the mean of both"
    )
    parser.add_argument(
        "--beside", type=Path, help="ONNX weights of an older model whose opinion is averaged in"
    )
    given = parser.parse_args(arguments)
    if not given.checkpoint.is_file():
        raise SystemExit(f"{given.checkpoint} is missing: `make train FINISH=1` ends in it")
    state = State.load(given.checkpoint)
    if given.averaged:
        state.meet(State.load(given.averaged))
    renderer, spec = (Candidates, CRITIC) if state.average.inputs > _COLOURS else (Generator, BOOK)
    batch = renderer(_PARITY_SEED, spec.input_side_px).batch(0, _PARITY_SAMPLES)
    pictures = to_tensors(batch)[0].contiguous()
    with tempfile.TemporaryDirectory() as scratch:
        whole, small = Path(scratch) / "float.onnx", Path(scratch) / "int8.onnx"
        networks = [state.average]
        if given.beside:
            networks.append(BookNet())
            inherit(networks[1], given.beside, pictures)
        exported = write_float(networks, whole)
        float_error, _ = parity(exported, whole, pictures)
        quantize_dynamic(whole, small, weight_type=QuantType.QUInt8)
        int8_error, flips = parity(exported, small, pictures)
        data = small.read_bytes()
    print(f"{state.next_sample} samples, {state.step} steps, {state.seconds / 60:.0f} minutes of training")
    print(f"float32 against torch: largest difference {float_error:.2g} (at most {_MAX_FLOAT_ERROR:g})")
    print(
        f"int8 against torch: largest difference {int8_error:.2g}, "
        f"{flips:.3%} of pixels flip (at most {_MAX_INT8_FLIPS:.1%})"
    )
    if float_error > _MAX_FLOAT_ERROR or flips > _MAX_INT8_FLIPS or len(data) > _MAX_BYTES:
        print(f"not exported: parity or size ({len(data)} bytes, at most {_MAX_BYTES}) failed")
        return 1
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_bytes(data)
    print(f"{given.out}: size_bytes={len(data):_}, sha256={hashlib.sha256(data).hexdigest()}")
    print(
        "to ship it: `make evaluate DIR=... WEIGHTS=...`, the file into weights/, its facts into recipes.py"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
