"""Scenes and their masks kept on disk block by block: rendering is slow, and judging is changed often."""

from __future__ import annotations

import ast
import hashlib
import pickle
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

import training.judging
from training.judging.corpus import Example, Source, rendered
from training.judging.scenes import Scene

CACHE: Final = Path.home() / ".cache/bluemoxon-image-processor/judging"
#: What makes the scenes and their masks.
_CORPUS: Final = ("objects", "strangers", "scenes", "softness", "corruptions", "corpus")


@dataclass(frozen=True, slots=True)
class _Packed:
    """A boolean or 8-bit plane, packed."""

    shape: tuple[int, int]
    is_region: bool
    data: bytes

    @classmethod
    def of(cls, plane: NDArray[np.bool_] | NDArray[np.uint8]) -> _Packed:
        is_region = plane.dtype == np.bool_
        raw = np.packbits(plane) if is_region else plane
        return cls((plane.shape[0], plane.shape[1]), is_region, zlib.compress(raw.tobytes(), 1))

    def plane(self) -> NDArray[np.uint8]:
        """Return the plane; a region as 0 and 1."""
        raw = np.frombuffer(zlib.decompress(self.data), np.uint8)
        if self.is_region:
            raw = np.unpackbits(raw, count=self.shape[0] * self.shape[1])
        return raw.reshape(self.shape)


def kept(source: Source, block: int) -> Iterator[tuple[Scene, list[Example]]]:
    """Yield a block's scenes with their masks, as `corpus.rendered` does; rendered once, then read."""
    folder = CACHE / "scenes" / corpus_fingerprint()
    file = folder / f"{source.name.replace(' ', '-')}-{block:04d}.pickle"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(".part")
        part.write_bytes(pickle.dumps([_packed(*each) for each in rendered(source, block)]))
        part.replace(file)
    for packed in pickle.loads(file.read_bytes()):  # noqa: S301 (our own cache)
        yield _unpacked(packed)


def corpus_fingerprint() -> str:
    """Return what makes the scenes and their masks as a short text."""
    digest = hashlib.sha256()
    for name in _CORPUS:
        digest.update(code(Path(training.judging.__path__[0]) / f"{name}.py").encode())
    return digest.hexdigest()[:16]


def code(file: Path) -> str:
    """Return what a source does, whatever its words and its layout."""
    tree = ast.parse(file.read_text())
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
            and ast.get_docstring(node) is not None
        ):
            node.body = node.body[1:] or [ast.Pass()]
    return ast.dump(tree)


def _packed(scene: Scene, examples: list[Example]) -> tuple[Any, ...]:
    _, picture = cv2.imencode(".png", scene.pixels[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 1])
    layers = {name: _Packed.of(layer) for name, layer in scene.layers.items()}
    masks = [(example.kind, _Packed.of(example.mask), example.changed) for example in examples]
    return picture.tobytes(), _Packed.of(scene.truth), scene.kind, layers, scene.cover, masks


def _unpacked(packed: tuple[Any, ...]) -> tuple[Scene, list[Example]]:
    picture, truth, kind, layers, cover, masks = packed
    pixels = np.asarray(cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR), np.uint8)[..., ::-1]
    planes = {name: layer.plane() > 0 for name, layer in layers.items()}
    scene = Scene(np.ascontiguousarray(pixels), truth.plane() > 0, kind, planes, cover)
    return scene, [Example(name, mask.plane(), changed) for name, mask, changed in masks]
