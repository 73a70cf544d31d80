"""`make evaluate` on a folder of its own making, with the embedded model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from lambdas.image_processor import recipes
from lambdas.image_processor.recipes import BOOK
from training import evaluate
from training.cases import rendered_cases

OUTLINE = [(150.0, 90.0), (480.0, 110.0), (460.0, 560.0), (130.0, 540.0)]


def photograph(path: Path, *, with_book: bool) -> None:
    """Write a red book on grey, or grey alone."""
    picture = Image.new("RGB", (600, 700), (176, 176, 172))
    if with_book:
        ImageDraw.Draw(picture).polygon(OUTLINE, fill=(120, 24, 30), outline=(70, 10, 14))
    noise = np.random.default_rng(0).normal(0, 3, (700, 600, 3))
    Image.fromarray(np.clip(np.asarray(picture) + noise, 0, 255).astype(np.uint8)).save(path, quality=92)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a labelled book and a labelled nothing."""
    photos = tmp_path / "photos"
    photos.mkdir()
    photograph(photos / "red.jpg", with_book=True)
    photograph(photos / "none.jpg", with_book=False)
    size = {"width": 600, "height": 700}
    labels: list[dict[str, Any]] = [
        {"file": "red.jpg", **size, "kind": "book", "role": "positive", "polygons": [OUTLINE]},
        {"file": "none.jpg", **size, "kind": "other", "role": "negative", "polygons": []},
    ]
    (photos / "labels.json").write_text(json.dumps(labels))
    return photos


def test_a_folder_is_measured(folder: Path, tmp_path: Path) -> None:
    """The plain book is found, the figures are the contract's, the sheet is a picture."""
    assert evaluate.main([str(folder), "--out", str(tmp_path / "out")]) == 0
    report = json.loads((tmp_path / "out" / "evaluate.json").read_text())
    book, nothing = report["photos"]
    assert {"file", "role", "kind", "iou", "boundary_f", "boundary_px"} <= set(book)
    assert book["iou"] > 0.95
    assert book["baselines"]["grabcut"] > 0.9
    assert nothing["role"] == "negative"
    assert nothing["emptied"] == (nothing["coverage"] < 0.01 or not nothing["accepted"])
    assert report["model"]["sha256"] == BOOK.sha256
    assert report["summary"]["roles"]["positive"]["n"] == 1
    assert report["summary"]["negative"]["n"] == 1
    with Image.open(tmp_path / "out" / "evaluate.png") as sheet:
        assert sheet.size[0] > 600


def test_a_candidate_is_measured_in_place_of_the_embedded_model(folder: Path, tmp_path: Path) -> None:
    """Any file with the same signature can stand in."""
    weights = Path(recipes.__file__).parent / "weights" / BOOK.filename
    copy = tmp_path / "candidate.onnx"
    copy.write_bytes(weights.read_bytes())
    evaluate.main([str(folder), "--weights", str(copy), "--out", str(tmp_path / "out")])
    report = json.loads((tmp_path / "out" / "evaluate.json").read_text())
    assert report["model"] == {"name": "candidate", "sha256": BOOK.sha256, "size_bytes": BOOK.size_bytes}


@pytest.mark.parametrize(
    ("labels", "complaint"),
    [(None, "is missing"), ("{", "not in the labels' format"), ('[{"file": "gone.jpg"}]', "is not there")],
)
def test_a_folder_that_is_no_test_set_is_refused(tmp_path: Path, labels: str | None, complaint: str) -> None:
    """In a sentence that names the file."""
    if labels is not None:
        (tmp_path / "labels.json").write_text(labels)
    with pytest.raises(SystemExit, match=complaint):
        evaluate.main([str(tmp_path), "--out", str(tmp_path / "out")])


def test_rendered_cases_have_an_exact_truth() -> None:
    """At 1000 px; a pixel on the edge is covered in part."""
    case = next(case for case in rendered_cases(3) if case.role == "positive")
    assert case.photo.size == (1000, 1000)
    assert case.truth.shape == (1000, 1000)
    assert case.truth.max() == 1
    assert ((case.truth > 0) & (case.truth < 1)).any()
