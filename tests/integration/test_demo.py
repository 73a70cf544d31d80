"""The demo through its console script: what it prints, what it leaves, how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from app.models import BookImage, ImageProcessingJob
from lambdas.image_processor.recipes import EMBEDDED_RECIPE

_SCRIPT = Path(sys.executable).parent / "image-processor"
_JOB_COLUMNS = sorted(ImageProcessingJob.__table__.columns.keys())
_IMAGE_COLUMNS = sorted(BookImage.__table__.columns.keys())


def _demo(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(_SCRIPT), "demo", *arguments]
    return subprocess.run(
        command, cwd=folder, env=_environment(folder), capture_output=True, text=True, check=False
    )


def _environment(folder: Path) -> dict[str, str]:
    temporary = folder / "tmp"
    temporary.mkdir(exist_ok=True)
    # No weights: the embedded model works, whatever this machine has downloaded.
    return os.environ | {"TMPDIR": str(temporary), "U2NET_HOME": str(folder / "weights"), "COLUMNS": "200"}


def _facts(folder: Path) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((folder / "out/demo/demo.json").read_text())
    return facts


@pytest.fixture(scope="module")
def completed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """A demo with the drawn photograph, run once."""
    folder = tmp_path_factory.mktemp("demo")
    return folder, _demo(folder)


@pytest.fixture(scope="module")
def rejected(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """A demo with a plain grey picture, in a folder where an earlier one left files."""
    folder = tmp_path_factory.mktemp("rejected")
    out = folder / "out/demo"
    out.mkdir(parents=True)
    for name in ("processed.png", "thumbnail.jpg", "report.html", "demo.json"):
        (out / name).write_text("an earlier run's")
    Image.new("RGB", (640, 480), (128, 128, 128)).save(folder / "grey.png")
    return folder, _demo(folder, "grey.png")


def test_the_drawn_photograph_is_cut_out(completed: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    """Exit status 0, the four files, and a job that the database called completed."""
    folder, done = completed
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(path.name for path in (folder / "out/demo").iterdir()) == [
        "demo.json", "processed.png", "report.html", "thumbnail.jpg",
    ]  # fmt: skip
    facts = _facts(folder)
    assert sorted(facts) == [
        "engine", "gallery_after", "gallery_before", "image", "job", "objects", "peak_rss_mib", "stages",
    ]  # fmt: skip
    assert (facts["job"]["status"], facts["job"]["model_used"]) == ("completed", EMBEDDED_RECIPE.name)
    assert facts["job"]["processed_image_id"] == facts["image"]["id"]
    assert 50 < facts["peak_rss_mib"] < 7168
    assert min(facts["stages"].values()) >= 0


def test_rows_use_the_columns_names(completed: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    """demo.json can be read beside the tables."""
    facts = _facts(completed[0])
    assert sorted(facts["job"]) == _JOB_COLUMNS
    for row in (facts["image"], *facts["gallery_before"], *facts["gallery_after"]):
        assert sorted(row) == _IMAGE_COLUMNS


def test_the_gallery_is_reordered(completed: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    """The new picture first and primary, its source last, the others between in their order."""
    facts = _facts(completed[0])
    before = [row["id"] for row in facts["gallery_before"]]
    after = [(row["id"], row["display_order"], row["is_primary"]) for row in facts["gallery_after"]]
    expected = [facts["image"]["id"], before[1], before[2], before[0]]
    assert after == [(image_id, order, order == 0) for order, image_id in enumerate(expected)]
    assert facts["image"]["is_background_processed"] is True


def test_the_objects_are_the_files(completed: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    """Keys from the job's id; an opaque PNG of the photo's size and a small JPEG."""
    folder, _ = completed
    facts = _facts(folder)
    db_key = f"{facts['job']['book_id']}_processed_{facts['job']['id']}.png"
    assert facts["image"]["s3_key"] == db_key
    assert facts["image"]["cloudfront_url"] == f"https://images.bluemoxon.test/books/{db_key}"
    sizes = [(folder / f"out/demo/{name}").stat().st_size for name in ("processed.png", "thumbnail.jpg")]
    assert facts["objects"] == [
        {"key": f"books/{db_key}", "content_type": "image/png", "bytes": sizes[0]},
        {"key": f"books/thumb_{db_key}", "content_type": "image/jpeg", "bytes": sizes[1]},
    ]
    with Image.open(folder / "out/demo/processed.png") as picture:
        assert (picture.format, picture.mode, picture.size) == ("PNG", "RGB", (1600, 1200))
    with Image.open(folder / "out/demo/thumbnail.jpg") as picture:
        assert (picture.format, picture.size) == ("JPEG", (300, 225))


def test_the_picture_is_the_book_on_its_background(
    completed: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    """A dark book stands on black: the corners are black, the title's panel is red leather and gold."""
    pixels = np.asarray(Image.open(completed[0] / "out/demo/processed.png"), np.float32)
    for corner in (pixels[:80, :80], pixels[:80, -80:], pixels[-80:, :80], pixels[-80:, -80:]):
        assert corner.max() == 0
    leather = pixels[612:636, 805:880].mean(axis=(0, 1))
    assert leather[0] > 2 * max(leather[1], leather[2])
    assert 0.12 < (pixels.max(axis=2) > 0).mean() < 0.45


def test_it_says_what_happened(completed: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    """Job row, galleries, keys, model, seconds, memory, and one line about the weights."""
    folder, done = completed
    facts = _facts(folder)
    keys = [item["key"] for item in facts["objects"]]
    headings = ["image_processing_jobs", "book_images before", "book_images after", "seconds per stage"]
    expected = [
        *headings,
        *keys,
        facts["job"]["id"],
        "peak memory",
        f"completed with {EMBEDDED_RECIPE.name} on black",
    ]
    assert [text for text in expected if text not in done.stdout] == []
    assert done.stdout.count("the embedded book model is used") == 1


def test_the_report_shows_before_and_after(completed: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    """Both pictures and the two galleries are inside the file."""
    page = (completed[0] / "out/demo/report.html").read_text()
    assert page.count("data:image/webp;base64,") == 2 + 3 + 4
    assert "<b>Before</b> 1600 × 1200 px JPEG" in page
    assert "<b>After</b> 1600 × 1200 px PNG" in page


def test_a_picture_without_a_book_is_refused(
    rejected: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    """Exit status 3; the row says why, the original stays primary, and no stale picture is left."""
    folder, done = rejected
    assert (done.returncode, done.stderr) == (3, "")
    assert sorted(path.name for path in (folder / "out/demo").iterdir()) == ["demo.json", "report.html"]
    facts = _facts(folder)
    assert (facts["job"]["status"], facts["job"]["failure_code"]) == ("failed", "no_subject")
    assert facts["job"]["failure_reason"].startswith("No book could be told from the background.")
    assert (facts["image"], facts["objects"]) == (None, [])
    assert facts["gallery_after"] == facts["gallery_before"]
    assert "no_subject" in done.stdout
    page = (folder / "out/demo/report.html").read_text()
    assert "No picture was made. No book could be told from the background." in page


def test_a_file_that_is_no_picture_is_refused(tmp_path: Path) -> None:
    """The name lies; the worker looks at the content."""
    (tmp_path / "book.jpg").write_text("This is not a photograph.")
    assert _demo(tmp_path, "book.jpg").returncode == 3
    assert _facts(tmp_path)["job"]["failure_code"] == "not_an_image"
    assert "This file cannot be shown as a picture." in (tmp_path / "out/demo/report.html").read_text()


@pytest.mark.parametrize("arguments", [["missing.jpg"], ["."], ["--no-such-option"], ["a.jpg", "b.jpg"]])
def test_wrong_usage_is_status_2(arguments: list[str], tmp_path: Path) -> None:
    """A missing file, a folder, an unknown option, two photos: told on standard error, nothing is started."""
    done = _demo(tmp_path, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Usage: image-processor demo" in done.stderr
    assert not (tmp_path / "out").exists()


def test_ctrl_c_is_tidy(tmp_path: Path) -> None:
    """Interrupted while the stack is up: status 130, no traceback, no temporary file, no process."""
    environment = _environment(tmp_path)
    command = [str(_SCRIPT), "demo"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout is not None
        assert "are up" in program.stdout.readline()
        program.send_signal(signal.SIGINT)
        _, complaints = program.communicate(timeout=60)
    assert (program.returncode, "Traceback" in complaints) == (130, False)
    assert list((tmp_path / "tmp").iterdir()) == []
    assert _processes_in(tmp_path) == []


def test_version_and_help() -> None:
    """The console script answers without starting anything."""
    done = [
        subprocess.run([str(_SCRIPT), option], capture_output=True, text=True, check=False)
        for option in ("--version", "--help")
    ]
    assert [run.returncode for run in done] == [0, 0]
    assert done[0].stdout.startswith("image-processor ")
    assert "demo" in done[1].stdout


def _processes_in(folder: Path) -> list[str]:
    """Return the command lines that name the folder, once those that are ending have ended."""
    give_up_at = time.monotonic() + 10
    while True:
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if str(folder) in line:
                found.append(line)
        if not found or time.monotonic() > give_up_at:
            return found
        time.sleep(0.1)
