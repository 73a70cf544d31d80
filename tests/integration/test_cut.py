"""`cut` through its console script: pictures, verdicts, report, going on, stopping."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cli.files import alone_in
from lambdas.image_processor.recipes import EMBEDDED_RECIPE, ISNET, U2NET
from tests import graphs, pictures
from tests.graphs import Sees

_SCRIPT = Path(sys.executable).parent / "image-processor"


def _environment(folder: Path) -> dict[str, str]:
    # No weights: the embedded model works, whatever this machine has downloaded.
    return os.environ | {"U2NET_HOME": str(folder / "weights"), "COLUMNS": "200"}


def _cut(folder: Path, *arguments: str, listed: str = "") -> subprocess.CompletedProcess[str]:
    command = [str(_SCRIPT), "cut", *arguments]
    return subprocess.run(
        command,
        cwd=folder,
        env=_environment(folder),
        input=listed,
        capture_output=True,
        text=True,
        check=False,
    )


def _lines(folder: Path) -> dict[str, dict[str, Any]]:
    lines = [json.loads(text) for text in (folder / "out/cut.jsonl").read_text().splitlines()]
    return {Path(line["file"]).name: line for line in lines}


@pytest.fixture(scope="module")
def cut_folder(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """A folder with a book, the same in another format, and what cannot be cut; cut once."""
    folder = tmp_path_factory.mktemp("cut")
    photos = folder / "photos"
    photos.mkdir()
    (photos / "book.jpg").write_bytes(pictures.book_photo())
    (photos / "sub").mkdir()
    (photos / "sub/book.webp").write_bytes(pictures.save(Image.open(photos / "book.jpg"), "WEBP", quality=95))
    Image.new("RGB", (320, 240), (128, 128, 128)).save(photos / "grey.png")
    (photos / "phone.heic").write_bytes(pictures.iso_file(b"heic", b"mif1"))
    (photos / "<i>page<i>.jpg").write_text("<html>404</html>")
    (photos / "notes.txt").write_text("not mine to cut")
    return folder, _cut(folder, "photos", "--out", "out", "--report")


def test_one_verdict_per_photo(cut_folder: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    """Exit status 1, for some were refused; a line each, in order, with its code."""
    folder, done = cut_folder
    assert (done.returncode, done.stderr) == (1, "")
    lines = _lines(folder)
    assert {name: (line["verdict"], line["reason"]) for name, line in lines.items()} == {
        "<i>page<i>.jpg": ("rejected", "not_an_image"),
        "book.jpg": ("accepted", None),
        "grey.png": ("rejected", "no_subject"),
        "phone.heic": ("rejected", "unsupported_format"),
        "book.webp": ("accepted", None),
    }
    assert "2 of 5 cut out" in done.stdout
    assert "\x1b[" not in done.stdout


def test_only_accepted_photos_leave_a_picture(
    cut_folder: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    """OUT/{stem}.png at the photo's size; a second photo of that name gets a number; no half-written file."""
    folder, _ = cut_folder
    found = sorted(path.name for path in (folder / "out").iterdir())
    assert found == ["book-2.png", "book.png", "cut.jsonl", "report.html"]
    with Image.open(folder / "out/book.png") as picture:
        assert (picture.format, picture.mode, picture.size) == ("PNG", "RGB", (320, 240))
        pixels = np.asarray(picture)
    assert pixels[:20, :20].max() == 0
    assert pixels[120, 160, 0] > 80


def test_a_line_says_what_was_measured(cut_folder: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    """Checksums of both files, sizes, recipe, background, measures, seconds."""
    folder, _ = cut_folder
    line = _lines(folder)["book.jpg"]
    photo, picture = (folder / "photos/book.jpg").read_bytes(), (folder / "out/book.png").read_bytes()
    assert line["sha256"] == hashlib.sha256(photo).hexdigest()
    assert line["output_sha256"] == hashlib.sha256(picture).hexdigest()
    assert (line["width"], line["height"], line["format"]) == (320, 240, "JPEG")
    assert (line["recipe"], line["background"], line["attempts"]) == (EMBEDDED_RECIPE.name, "black", 1)
    assert 0 < line["measures"]["coverage"] < 1
    assert line["seconds"] >= line["stages"]["segment"] > 0
    assert [trial["recipe"] for trial in line["trials"]] == [
        "u2net-alpha",
        "isnet-general-use",
        EMBEDDED_RECIPE.name,
    ]
    assert "weights missing" in line["trials"][0]["note"]


def test_the_report_is_whole_and_safe(cut_folder: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    """Before and after inside the file, nothing from outside, names are text."""
    page = (cut_folder[0] / "out/report.html").read_text()
    # Three photos that can be shown, two pictures.
    assert page.count("data:image/webp;base64,") == 5
    assert re.findall(r"https?://|@import|<script|<link", page) == []
    assert "&lt;i&gt;page&lt;i&gt;.jpg" in page
    assert page.count('class="card good"') == 2
    assert page.count('class="card bad"') == 3
    assert "on an iPhone" in page


def test_what_is_done_is_skipped(cut_folder: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    """Until its photo, its settings or its picture change, or --force asks for it."""
    folder, _ = cut_folder
    before = (folder / "out/book.png").stat().st_mtime_ns
    assert "5 of 5 done before" in _cut(folder, "photos", "--out", "out").stdout
    assert (folder / "out/book.png").stat().st_mtime_ns == before
    (folder / "out/book-2.png").unlink()
    (folder / "photos/grey.png").write_bytes(pictures.book_photo(2))
    assert "3 of 5 done before" in _cut(folder, "photos", "--out", "out").stdout
    assert _lines(folder)["grey.png"]["verdict"] == "accepted"
    forced = _cut(folder, "photos/book.jpg", "--out", "out", "--force", "--background", "transparent")
    assert (forced.returncode, "done before" in forced.stdout) == (0, False)
    with Image.open(folder / "out/book.png") as picture:
        assert (picture.mode, picture.getpixel((5, 5))[3]) == ("RGBA", 0)  # type: ignore[index]
    assert len(_lines(folder)) == 5


def test_a_photo_that_is_refused_now_loses_its_picture(tmp_path: Path) -> None:
    """What lies in OUT is what the verdicts say."""
    (tmp_path / "a.jpg").write_bytes(pictures.book_photo())
    assert _cut(tmp_path, "a.jpg", "--out", "out").returncode == 0
    Image.new("RGB", (320, 240), (128, 128, 128)).save(tmp_path / "a.jpg")
    assert _cut(tmp_path, "a.jpg", "--out", "out").returncode == 1
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["cut.jsonl"]


def test_a_list_on_standard_input(tmp_path: Path) -> None:
    """`find | image-processor cut -`."""
    (tmp_path / "a b.jpg").write_bytes(pictures.book_photo())
    done = _cut(tmp_path, "-", "--out", "out", listed="a b.jpg\n")
    assert (done.returncode, [*_lines(tmp_path)]) == (0, ["a b.jpg"])


@pytest.mark.parametrize("recipe", ["book", "u2net", "isnet"])
def test_both_engines_cut_the_same_book(recipe: str, tmp_path: Path) -> None:
    """The deployed path and ours, by the same model: side by side hardly a level apart.

    A little more by the book model: rembg's matting does not know that a book is solid.
    """
    pytest.importorskip("rembg", reason="needs the dependency group `oracle`")
    graphs.write(tmp_path / "weights", {U2NET: Sees.RED, ISNET: Sees.RED})
    (tmp_path / "book.jpg").write_bytes(pictures.book_photo())
    found = []
    for engine in ("ours", "rembg"):
        done = _cut(tmp_path, "book.jpg", "--out", "out", "--engine", engine, "--recipe", recipe)
        assert (done.returncode, _lines(tmp_path)["book.jpg"]["settings"]["engine"]) == (0, engine)
        found.append(np.asarray(Image.open(tmp_path / "out/book.png"), np.int16))
    assert np.abs(found[0] - found[1]).mean() < (1.0 if recipe == "book" else 0.5)


def test_a_name_that_is_not_utf8_is_cut(tmp_path: Path) -> None:
    """Old disks hold such names: the verdict finds its photo again."""
    name = os.fsdecode(b"caf\xe9.jpg")
    (tmp_path / name).write_bytes(pictures.book_photo())
    assert _cut(tmp_path, ".", "--out", "out", "--report").returncode == 0
    assert _lines(tmp_path)[name]["output"] == os.fsdecode(b"caf\xe9.png")
    assert "1 of 1 done before" in _cut(tmp_path, ".", "--out", "out").stdout


def test_two_cuts_do_not_share_a_folder(tmp_path: Path) -> None:
    """The second is told, and the first goes on undisturbed."""
    (tmp_path / "book.jpg").write_bytes(pictures.book_photo())
    (tmp_path / "out").mkdir()
    with alone_in(tmp_path / "out"):
        done = _cut(tmp_path, "book.jpg", "--out", "out")
    assert (done.returncode, "another cut is at work" in done.stderr) == (2, True)
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["phots", "--out", "out"], "did you mean photos?"),
        (["photos"], "Missing option '--out'"),
        (["--out", "out"], "Missing argument"),
        (["photos", "--out", "out", "--recipe", "isnet"], "image-processor models pull"),
        (["photos", "--out", "out", "--background", "pink"], "pink"),
        (["photos/empty", "--out", "out"], "there are no photos in photos/empty"),
        (["photos/a.png", "--out", "photos"], "choose another folder"),
        (["photos/a.png", "--out", "photos/a.png"], "is a file"),
    ],
)
def test_wrong_usage_is_status_2(arguments: list[str], told: str, tmp_path: Path) -> None:
    """Told on standard error in a sentence that helps; nothing is cut."""
    (tmp_path / "photos/empty").mkdir(parents=True)
    (tmp_path / "photos/a.png").write_bytes(pictures.save(pictures.quarters(), "PNG"))
    done = _cut(tmp_path, *arguments)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert told in re.sub(r"\s+", " ", done.stderr)
    assert sorted(path.name for path in (tmp_path / "photos").iterdir()) == ["a.png", "empty"]


def test_ctrl_c_leaves_whole_files_and_a_way_on(tmp_path: Path) -> None:
    """Stopped after the first of many: status 130, whole pictures, whole lines; the same command goes on."""
    for number in range(8):
        (tmp_path / f"{number}.jpg").write_bytes(pictures.book_photo(number))
    command = [str(_SCRIPT), "cut", ".", "--out", "out", "--jobs", "1"]
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        env=_environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stdout is not None
        while not (line := program.stdout.readline()).startswith("✓"):
            assert line
        program.send_signal(signal.SIGINT)
        rest, complaints = program.communicate(timeout=60)
    assert (program.returncode, complaints) == (130, "")
    assert "the same command goes on" in rest
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    pngs = [name for name in names if name.endswith(".png")]
    assert names == [*pngs, "cut.jsonl"]
    assert 1 <= len(pngs) < 8
    for name in pngs:
        with Image.open(tmp_path / "out" / name) as picture:
            picture.load()
    assert sorted(line["output"] for line in _lines(tmp_path).values()) == pngs
    done = _cut(tmp_path, ".", "--out", "out")
    assert (done.returncode, f"{len(pngs)} of 8 done before" in done.stdout) == (0, True)
