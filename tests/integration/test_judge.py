"""`judge` through its console script: a right mask, wrong ones, and masks that are none."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from lambdas.image_processor.domain import Photo
from lambdas.image_processor.photo import decode
from lambdas.image_processor.recipes import BOOK
from lambdas.image_processor.segment import Segmenter
from tests import pictures

_SCRIPT = Path(sys.executable).parent / "image-processor"


def _judge(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(_SCRIPT), "judge", *map(str, arguments)],
        env=os.environ | {"COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photo, and masks of it: the book model's own, and what may become of it."""
    room = tmp_path_factory.mktemp("judge")
    data = pictures.book_photo()
    (room / "photo.jpg").write_bytes(data)
    photo = decode(data)
    found = Segmenter(room).segment(BOOK, photo).alpha
    _save(room / "right.png", found)
    _save(room / "inverted.png", 255 - found)
    _save(room / "half.png", np.where(np.arange(found.shape[1]) < _middle(found), found, 0))
    _save(room / "empty.png", np.zeros_like(found))
    _save(room / "turned.png", np.rot90(found))
    Image.fromarray(found).convert("RGBA").save(room / "rgba.png")
    (room / "text.png").write_text("no picture")
    return room


def _middle(mask: NDArray[np.uint8]) -> float:
    return float(ndimage.center_of_mass(mask)[1])


def _save(path: Path, mask: NDArray[np.uint8]) -> None:
    Image.fromarray(np.ascontiguousarray(mask, np.uint8)).save(path)


@pytest.mark.parametrize(
    ("mask", "status", "reasons"),
    [
        ("right", 0, {None}),
        ("inverted", 1, {"not_the_book", "leak", "hole", "part_missing"}),
        ("half", 1, {"part_missing", "weak_edges", "not_the_book", "eaten_corner"}),
        ("empty", 1, {"no_subject"}),
    ],
)
def test_the_verdict_as_json(mask: str, status: int, reasons: set[str | None], folder: Path) -> None:
    """One object on standard output, nothing beside it, and the status says the same."""
    done = _judge(folder / "photo.jpg", folder / f"{mask}.png", "--json")
    told = json.loads(done.stdout)
    assert (status, "") == (done.returncode, done.stderr)
    assert {"accepted", "reason", "score", "measures"} == set(told)
    assert (status == 0, told["reason"] in reasons) == (told["accepted"], True)
    assert 0 <= told["score"] <= 1
    assert 0 <= told["measures"]["coverage"] <= 1


def test_the_verdict_for_people(folder: Path) -> None:
    """The code's sentence, and the measures below."""
    done = _judge(folder / "photo.jpg", folder / "empty.png")
    assert 1 == done.returncode
    assert "No book could be told" in done.stdout
    assert "confidence" in done.stdout


def test_the_seeds_policy_by_name(folder: Path) -> None:
    """The first version's checks, with their own measures."""
    done = _judge(folder / "photo.jpg", folder / "right.png", "--json", "--policy", "seed")
    assert {"box_area", "aspect_difference"} == set(json.loads(done.stdout)["measures"])


@pytest.mark.parametrize(
    ("photo", "mask", "told"),
    [
        ("photo.jpg", "turned.png", "the upright photo has"),
        ("photo.jpg", "rgba.png", "mode RGBA"),
        ("photo.jpg", "text.png", "is not a picture"),
        ("text.png", "right.png", "not a picture"),
        ("photo.jpg", "nowhere.png", "does not exist"),
    ],
)
def test_wrong_usage(photo: str, mask: str, told: str, folder: Path) -> None:
    """Status 2 and what is wrong, on standard error alone."""
    done = _judge(folder / photo, folder / mask, "--json")
    assert (2, "") == (done.returncode, done.stdout)
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_the_mask_is_sized_as_the_upright_photo(tmp_path: Path) -> None:
    """EXIF turns the photo before it is compared with the mask."""
    upright = Image.open(io.BytesIO(pictures.book_photo()))
    exif = Image.Exif()
    exif[0x0112] = 6
    upright.rotate(90, expand=True).save(tmp_path / "turned.jpg", quality=95, exif=exif)
    photo: Photo = decode((tmp_path / "turned.jpg").read_bytes())
    assert upright.size == photo.size
    _save(tmp_path / "mask.png", Segmenter(tmp_path).segment(BOOK, photo).alpha)
    assert 0 == _judge(tmp_path / "turned.jpg", tmp_path / "mask.png", "--json").returncode
