"""What is read from every mask of the corpus, kept on disk block by block: the slow part, resumable."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from rich.progress import track
from threadpoolctl import threadpool_limits

from lambdas import image_processor
from lambdas.image_processor import seed_policy
from lambdas.image_processor.book_opinion import BookOpinion
from lambdas.image_processor.disputes import Piece
from lambdas.image_processor.domain import Photo
from lambdas.image_processor.measures import Reading, read
from lambdas.image_processor.recipes import BOOK, CRITIC, ModelSpec
from lambdas.image_processor.segment import Segmenter
from lambdas.image_processor.working_size import common_box, shrunk
from training.judging.corpus import BLOCK, FITTED, HELD_OUT, STRANGE, Example, Source
from training.judging.kept import CACHE, code, corpus_fingerprint, kept
from training.judging.scenes import Scene
from training.paint import as_weight

#: What a row depends on, beside the weights.
_SOURCES: Final = (
    "boxes", "quantiles", "working_size", "confidence", "mask_shape", "edge_evidence", "second_opinion",
    "disputes", "measures", "book_opinion", "critic",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """One mask of the corpus."""

    photo: str
    subject: str
    kind: str
    changed: float
    #: With the critic's first look alone.
    first: Reading
    #: With both opinions.
    reading: Reading
    #: Of the latter, per opinion and piece in dispute: whether the opinion was right about most of it.
    answers: tuple[tuple[bool, ...], ...]
    #: What the seed's two checks look at.
    box_area: float
    aspect_difference: float
    #: How near the opinion on the whole photo is to the truth: intersection over union.
    opinion_iou: float


def rows(source: Source, scenes: int, processes: int, critic: ModelSpec = CRITIC) -> list[Row]:
    """Return the rows of so many scenes, from the cache where they are there."""
    folder = CACHE / fingerprint(critic)
    folder.mkdir(parents=True, exist_ok=True)
    blocks = list(range(-(-scenes // BLOCK)))
    todo = [block for block in blocks if not _file(folder, source, block).exists()]
    if todo:
        with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
            futures = [pool.submit(_make, source.name, block, folder, critic) for block in todo]
            for future in track(as_completed(futures), f"{source.name} scenes", total=len(todo)):
                future.result()
    return [row for block in blocks for row in pickle.loads(_file(folder, source, block).read_bytes())]  # noqa: S301


def read_scene(
    name: str, scene: Scene, examples: Sequence[Example], segmenter: Segmenter, critic: ModelSpec = CRITIC
) -> Iterator[Row]:
    """Yield the rows of one scene's masks."""
    opinion = BookOpinion(segmenter, Photo(scene.pixels, "rendered"), critic)
    for example in examples:
        early, given = opinion.on(example.mask)
        with threadpool_limits(1):
            first, reading = (
                read(scene.pixels, example.mask, as_weight(example.mask), each) for each in (early, given)
            )
        box = common_box(example.mask.shape, shrunk(example.mask), given)
        truth = shrunk(scene.truth[box].astype(np.uint8) * 255) > 127
        _, book = given
        whole = book.within(book.box, scene.truth.shape[::-1]) > 127
        both, either = (whole & scene.truth).sum(), (whole | scene.truth).sum()
        yield Row(
            photo=name,
            subject=scene.kind,
            kind=example.kind,
            changed=example.changed,
            first=_without_regions(first),
            reading=_without_regions(reading),
            answers=tuple(tuple(_is_right(piece, truth) for piece in each) for each in reading.disputed),
            box_area=seed_policy.box_area(example.mask),
            aspect_difference=seed_policy.aspect_difference(example.mask),
            opinion_iou=float(both / max(int(either), 1)),
        )


def fingerprint(critic: ModelSpec = CRITIC) -> str:
    """Return what the rows depend on as a short text: the weights and the sources."""
    digest = hashlib.sha256((BOOK.sha256 + critic.sha256 + corpus_fingerprint()).encode())
    for name in _SOURCES:
        digest.update(code(Path(image_processor.__path__[0]) / f"{name}.py").encode())
    return digest.hexdigest()[:16]


def _is_right(piece: Piece, truth: NDArray[np.bool_]) -> bool:
    """Return whether most of a piece is as the opinion says."""
    return (float(truth[piece.region].mean()) > 0.5) is piece.is_missing


def _without_regions(reading: Reading) -> Reading:
    """Return the reading without the pieces' pixels, which would fill the disk."""
    nowhere = np.empty((0, 0), np.bool_)
    disputed = tuple(tuple(replace(piece, region=nowhere) for piece in each) for each in reading.disputed)
    return replace(reading, disputed=disputed)


def _file(folder: Path, source: Source, block: int) -> Path:
    return folder / f"{source.name.replace(' ', '-')}-{block:04d}.pickle"


def _make(name: str, block: int, folder: Path, critic: ModelSpec) -> None:
    source = next(source for source in (FITTED, STRANGE, HELD_OUT) if source.name == name)
    segmenter = _segmenter()
    made: list[Row] = []
    for index, (scene, examples) in enumerate(kept(source, block)):
        made += read_scene(f"{block * BLOCK + index}", scene, examples, segmenter, critic)
    file = _file(folder, source, block)
    part = file.with_suffix(".part")
    part.write_bytes(pickle.dumps(made))
    part.replace(file)


@cache
def _segmenter() -> Segmenter:
    return Segmenter(CACHE, threads=1)
