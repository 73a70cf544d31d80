"""Masks against rembg's own sessions, both on the same generated files."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lambdas.image_processor.domain import Photo
from lambdas.image_processor.recipes import ISNET, U2NET, ModelSpec
from lambdas.image_processor.segment import Segmenter
from lambdas.image_processor.tensors import preprocess
from local import sample_photo
from tests import graphs, scenes
from tests.graphs import Sees

pytestmark = pytest.mark.oracle

rembg = pytest.importorskip("rembg", reason="needs the dependency group `oracle`")

MODELS = pytest.mark.parametrize("spec", [U2NET, ISNET], ids=lambda spec: spec.name)
_TALL = replace(sample_photo.FROM_ABOVE, width_px=300, height_px=400)


@cache
def photos() -> dict[str, np.ndarray[Any, np.dtype[np.uint8]]]:
    drawn = np.asarray(Image.open(io.BytesIO(sample_photo.photographs(_TALL)[0])))
    book = scenes.scene(scenes.BOOK)
    return {
        "book": book,
        "dim": (book * 0.4).astype(np.uint8),
        "noisy": scenes.scene(scenes.BOOK, noise=30),
        "large": scenes.scene(scenes.BOOK, size_px=(1301, 977)),
        "pieces": scenes.scene(*scenes.PIECES),
        "nothing": scenes.scene(),
        "drawn": drawn,
    }


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The generated files."""
    return graphs.write(tmp_path_factory.mktemp("weights"), {U2NET: Sees.RED, ISNET: Sees.RED})


@pytest.fixture(scope="module")
def sessions(weights: Path) -> Iterator[dict[str, Any]]:
    """rembg's sessions on the generated files: its own variables name the folder and waive the checksum."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("U2NET_HOME", str(weights))
        environment.setenv("MODEL_CHECKSUM_DISABLED", "1")
        yield {
            spec.name: rembg.new_session(spec.name, providers=["CPUExecutionProvider"])
            for spec in (U2NET, ISNET)
        }


@MODELS
def test_input(spec: ModelSpec, sessions: dict[str, Any]) -> None:
    """The network is shown the same numbers."""
    for pixels in photos().values():
        side = spec.input_side_px
        (expected,) = (
            sessions[spec.name].normalize(Image.fromarray(pixels), spec.mean, spec.std, (side, side)).values()
        )
        assert np.abs(expected - preprocess(spec, pixels)).max() < 1e-5


@MODELS
def test_mask(spec: ModelSpec, sessions: dict[str, Any], weights: Path) -> None:
    """At most one level off, anywhere."""
    segmenter = Segmenter(weights)
    for name, pixels in photos().items():
        expected = np.asarray(sessions[spec.name].predict(Image.fromarray(pixels))[0], np.int16)
        found = segmenter.segment(spec, Photo(pixels, "JPEG")).alpha
        assert expected.shape == found.shape, name
        assert np.abs(expected - found).max() <= 1, name
