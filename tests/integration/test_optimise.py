"""The graph that is optimised ahead of time: the same answers, and loaded only where it is the model's."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

from lambdas.image_processor import smoke, weight_files
from lambdas.image_processor.errors import WeightsError
from lambdas.image_processor.recipes import BOOK, ISNET, U2NET, ModelSpec
from lambdas.image_processor.segment import Segmenter
from models_download.main import main as download_models
from models_download.optimise import OptimiseError, optimise
from tests import graphs
from tests.graphs import Sees


@pytest.fixture
def spec(tmp_path: Path) -> ModelSpec:
    """A model whose weights lie in the folder."""
    path = graphs.write(tmp_path, {U2NET: Sees.RED}) / U2NET.filename
    return replace(U2NET, size_bytes=path.stat().st_size, sha256=weight_files.sha256(path))


def _preferred(spec: ModelSpec, folder: Path) -> str:
    return weight_files.preferred(spec, folder, ort.__version__).name


def test_the_optimised_graph_answers_as_the_original(spec: ModelSpec, tmp_path: Path) -> None:
    """It is another graph, its convolution fused with what follows, and the engine loads it."""
    before = Segmenter(tmp_path).segment(spec, smoke.embedded_picture())
    path = optimise(spec, tmp_path)
    assert (path.name, _preferred(spec, tmp_path)) == ("u2net.optimised.onnx", "u2net.optimised.onnx")
    assert b"FusedConv" in path.read_bytes()
    after = Segmenter(tmp_path).segment(spec, smoke.embedded_picture())
    np.testing.assert_allclose(after.probability, before.probability, atol=1e-5)
    # This graph is too small for a file of weights.
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "u2net.onnx", "u2net.optimised.json", "u2net.optimised.onnx",
    ]  # fmt: skip


def test_weights_lie_beside_the_graph(tmp_path: Path) -> None:
    """The engine maps them; a file that lacks a byte, or has another, is noticed by its name."""
    spec = _with_weights(tmp_path)
    before = Segmenter(tmp_path).segment(spec, smoke.embedded_picture())
    optimise(spec, tmp_path)
    weights, kernels_bytes = weight_files.optimised_weights(spec, tmp_path), 32 * 32 * 9 * 4
    assert weights.stat().st_size >= kernels_bytes > (tmp_path / "u2net.optimised.onnx").stat().st_size
    assert _preferred(spec, tmp_path) == "u2net.optimised.onnx"
    after = Segmenter(tmp_path).segment(spec, smoke.embedded_picture())
    np.testing.assert_allclose(after.probability, before.probability, atol=1e-5)
    assert weight_files.damage(spec, tmp_path) is None
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert "u2net.optimised.weights has another checksum" in (weight_files.damage(spec, tmp_path) or "")
    weights.write_bytes(whole[:-1])
    assert f"{weights} has {len(whole) - 1:,} bytes" in (weight_files.damage(spec, tmp_path) or "")
    assert _preferred(spec, tmp_path) == "u2net.onnx"


def test_wide_layers_are_enlarged_by_factors(tmp_path: Path) -> None:
    """They stay in the processor's layout then; narrow ones keep their sizes, and other outputs go."""
    spec = _enlarging(tmp_path)
    before = Segmenter(tmp_path).segment(spec, smoke.embedded_picture())
    graph = onnx.load(optimise(spec, tmp_path)).graph
    wide, narrow = (node for node in graph.node if node.op_type == "Resize")
    weights = {weight.name: numpy_helper.to_array(weight) for weight in graph.initializer}
    assert weights[wide.input[2]].tolist() == [1, 1, 2, 2]
    assert weights[narrow.input[3]].tolist() == [1, 1, 320, 320]
    assert [output.name for output in graph.output] == ["output"]
    assert "Tanh" not in {node.op_type for node in graph.node}
    after = Segmenter(tmp_path).segment(spec, smoke.embedded_picture())
    np.testing.assert_allclose(after.probability, before.probability, atol=1e-5)


def _enlarging(folder: Path) -> ModelSpec:
    """Write a network that halves the picture twice and enlarges it to sizes, as the published ones do."""
    random = np.random.default_rng(3)
    weights: dict[str, NDArray[Any]] = {
        "lift": random.standard_normal((16, 3, 3, 3)).astype(np.float32),
        "drop": random.standard_normal((1, 16, 1, 1)).astype(np.float32) / 16,
        "half": np.array([1, 16, 160, 160]),
        "whole": np.array([1, 1, 320, 320]),
        # Of the eleventh edition an empty region must be named.
        "nowhere": np.empty(0, np.float32),
    }
    bilinear = {"mode": "linear", "coordinate_transformation_mode": "pytorch_half_pixel"}
    nodes = [
        helper.make_node("Conv", ["input", "lift"], ["a"], pads=[1, 1, 1, 1], strides=[2, 2]),
        helper.make_node("MaxPool", ["a"], ["b"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Resize", ["b", "nowhere", "nowhere", "half"], ["c"], **bilinear),
        helper.make_node("Conv", ["c", "drop"], ["d"]),
        helper.make_node("Resize", ["d", "nowhere", "nowhere", "whole"], ["e"], **bilinear),
        helper.make_node("Sigmoid", ["e"], ["output"]),
        helper.make_node("Tanh", ["e"], ["unwanted"]),
    ]
    return _written(folder, nodes, weights, "output", "unwanted", batch=1, opset=11)


def _with_weights(folder: Path) -> ModelSpec:
    """Write a network with 36 KiB of weights: their sum over the picture's edges, squashed."""
    kernels = np.random.default_rng(1).standard_normal((32, 32, 3, 3)).astype(np.float32) / 32
    lift = np.random.default_rng(2).standard_normal((32, 3, 1, 1)).astype(np.float32)
    drop = np.ones((1, 32, 1, 1), np.float32)
    nodes = [
        helper.make_node("Conv", ["input", "lift"], ["a"]),
        helper.make_node("Conv", ["a", "kernels"], ["b"], pads=[1, 1, 1, 1]),
        helper.make_node("Conv", ["b", "drop"], ["c"]),
        helper.make_node("Sigmoid", ["c"], ["output"]),
    ]
    return _written(folder, nodes, {"lift": lift, "kernels": kernels, "drop": drop}, "output")


def _written(
    folder: Path,
    nodes: Sequence[NodeProto],
    weights: Mapping[str, NDArray[Any]],
    *outputs: str,
    batch: int | str = "N",
    opset: int = 17,
) -> ModelSpec:
    side = U2NET.input_side_px
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, [batch, 3, side, side])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [batch, 1, side, side]) for name in outputs],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    path = folder / U2NET.filename
    path.write_bytes(model.SerializeToString())
    return replace(U2NET, size_bytes=path.stat().st_size, sha256=weight_files.sha256(path))


def test_another_model_s_graph_is_not_loaded(spec: ModelSpec, tmp_path: Path) -> None:
    """After the weights change, by another onnxruntime, cut short, or with a spoilt note: the original is."""
    optimise(spec, tmp_path)
    assert _preferred(replace(spec, sha256="0" * 64), tmp_path) == "u2net.onnx"
    assert weight_files.preferred(spec, tmp_path, "0.1").name == "u2net.onnx"
    note = weight_files.record(spec, tmp_path)
    whole = json.loads(note.read_text())
    facts = {"u2net.optimised.onnx": {"size_bytes": 1}}
    for spoilt in ("", "[]", json.dumps(whole | {"files": facts}), json.dumps(whole | {"files": []})):
        note.write_text(spoilt)
        assert _preferred(spec, tmp_path) == "u2net.onnx"
    note.unlink()
    assert _preferred(spec, tmp_path) == "u2net.onnx"


def test_without_an_original_the_optimised_graph_is_enough(spec: ModelSpec, tmp_path: Path) -> None:
    """An image may carry one file per model."""
    optimise(spec, tmp_path)
    (tmp_path / "u2net.onnx").unlink()
    segmenter = Segmenter(tmp_path)
    assert segmenter.has_weights(spec)
    assert segmenter.segment(spec, smoke.embedded_picture()).alpha.shape == (240, 320)


def test_the_image_s_build_keeps_one_file_per_model(tmp_path: Path) -> None:
    """Stand-ins are taken as they are, become the graphs that the engine loads, and are what it loads."""
    graphs.write(tmp_path, {U2NET: Sees.RED, ISNET: Sees.RED})
    assert download_models(["--dir", str(tmp_path), "--only-optimised", "--as-they-are"], {}) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"{stem}.optimised.{ending}" for stem in ("isnet-general-use", "u2net") for ending in ("json", "onnx")
    ]
    assert weight_files.preferred(U2NET, tmp_path, ort.__version__) == weight_files.optimised(U2NET, tmp_path)
    smoke.check_weights(tmp_path, [U2NET, ISNET, BOOK])
    assert smoke.check_models(Segmenter(tmp_path), [U2NET])["u2net"] > 0.9


def test_stand_ins_are_not_taken_beside_the_original(tmp_path: Path) -> None:
    """Where the original lies there too, the graph must be the published model's."""
    optimise(U2NET, graphs.write(tmp_path, {U2NET: Sees.RED}))
    assert _preferred(U2NET, tmp_path) == "u2net.onnx"


def _flip(path: Path) -> None:
    body = bytearray(path.read_bytes())
    body[len(body) // 2] ^= 1
    path.write_bytes(body)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (Path.unlink, "is missing"),
        (_flip, "has another checksum than its note"),
        (lambda path: path.write_bytes(path.read_bytes()[:-1]), "bytes instead of"),
        (lambda path: path.with_suffix(".json").unlink(), r"u2net\.onnx is missing"),
    ],
)
def test_the_smoke_test_names_what_is_wrong(
    spec: ModelSpec, tmp_path: Path, damage: Callable[[Path], object], words: str
) -> None:
    """Also a byte that inference would not have noticed."""
    path = optimise(spec, tmp_path)
    weight_files.original(spec, tmp_path).unlink()
    smoke.check_weights(tmp_path, [spec])
    damage(path)
    with pytest.raises(smoke.SmokeTestError, match=words) as caught:
        smoke.check_weights(tmp_path, [spec])
    assert str(tmp_path / "u2net.") in str(caught.value)


def test_every_damage_is_named_at_once(tmp_path: Path) -> None:
    """Both downloads are missing, the embedded model is there."""
    with pytest.raises(
        smoke.SmokeTestError, match=r"u2net\.onnx is missing; .*isnet-general-use\.onnx is missing"
    ):
        smoke.check_weights(tmp_path, [U2NET, ISNET, BOOK])


def test_an_original_without_a_note_is_the_engine_s_to_judge(spec: ModelSpec, tmp_path: Path) -> None:
    """As on a developer's machine; so is a note from before notes had checksums."""
    smoke.check_weights(tmp_path, [spec])
    optimise(spec, tmp_path)
    note = weight_files.record(spec, tmp_path)
    note.write_text(
        json.dumps({key: value for key, value in json.loads(note.read_text()).items() if key != "sha256"})
    )
    smoke.check_weights(tmp_path, [spec])


def test_what_is_no_graph_cannot_be_optimised(spec: ModelSpec, tmp_path: Path) -> None:
    """The message names the file; nothing is left."""
    (tmp_path / "u2net.onnx").write_bytes(b"no graph")
    with pytest.raises(OptimiseError, match=r"u2net\.onnx cannot be optimised"):
        optimise(spec, tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["u2net.onnx"]


def test_missing_weights_name_the_command(tmp_path: Path) -> None:
    """An operator reads what to do."""
    with pytest.raises(WeightsError, match="image-processor models pull"):
        Segmenter(tmp_path).segment(U2NET, smoke.embedded_picture())


def test_threads_do_not_change_the_answer(spec: ModelSpec, tmp_path: Path) -> None:
    """One thread or all."""
    found = [
        Segmenter(tmp_path, threads).segment(spec, smoke.embedded_picture()).alpha for threads in (0, 1, 2)
    ]
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])
