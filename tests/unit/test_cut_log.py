"""cut.jsonl: one verdict per photo, whatever stopped the run before; names that stay."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from cli.cut_log import CutLog


def _line(name: str, verdict: str = "accepted") -> dict[str, str]:
    return {"name": name, "verdict": verdict}


def _file(folder: Path) -> list[dict[str, str]]:
    return [json.loads(text) for text in (folder / "cut.jsonl").read_text().splitlines()]


def test_a_verdict_is_there_at_once(tmp_path: Path) -> None:
    """Another process that looks now finds it."""
    CutLog(tmp_path).append(tmp_path / "a.jpg", _line("a"))
    found = CutLog(tmp_path).find(tmp_path / "a.jpg")
    assert found == {"file": str(tmp_path / "a.jpg"), "path": str(tmp_path / "a.jpg"), **_line("a")}


def test_half_a_line_of_a_killed_run_is_dropped(tmp_path: Path) -> None:
    """The rest is read."""
    CutLog(tmp_path).append(tmp_path / "a.jpg", _line("a"))
    with (tmp_path / "cut.jsonl").open("a") as file:
        file.write('{"file": "b.jpg", "pa')
    log = CutLog(tmp_path)
    assert log.find(tmp_path / "a.jpg") is not None
    log.tidy([])
    assert [line["name"] for line in _file(tmp_path)] == ["a"]


def test_one_line_per_photo_in_the_run_s_order(tmp_path: Path) -> None:
    """The newest verdict; other runs' photos stay before them."""
    photos = [tmp_path / f"{name}.jpg" for name in "abc"]
    log = CutLog(tmp_path)
    for photo in (photos[2], photos[1], photos[0], photos[1]):
        log.append(photo, _line(photo.stem, "rejected" if photo == photos[1] else "accepted"))
    log.tidy(photos[:2])
    assert [(line["name"], line["verdict"]) for line in _file(tmp_path)] == [
        ("c", "accepted"), ("a", "accepted"), ("b", "rejected"),
    ]  # fmt: skip


def test_names_are_the_photos_own_and_stay(tmp_path: Path) -> None:
    """Two photos of one name, in any case: the second gets a number, and keeps it in later runs."""
    photos = [tmp_path / "x/front.jpg", tmp_path / "y/Front.png", tmp_path / "y/back.jpg"]
    log, taken = CutLog(tmp_path), set[str]()
    assert [log.name(photo, taken) for photo in photos] == ["front", "Front-2", "back"]
    log.append(photos[1], _line("Front-2"))
    again = CutLog(tmp_path)
    assert [again.name(photo, taken) for taken in [set[str]()] for photo in (photos[1], photos[0])] == [
        "Front-2", "front",
    ]  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(["n", "N", "m", "n-2"])), unique=True))
def test_no_two_photos_share_a_result(photos: list[tuple[str, str]]) -> None:
    """Also on file systems that do not tell cases apart."""
    log, taken = CutLog(Path("/nonexistent")), set[str]()
    names = [log.name(Path(f"/{folder}/{stem}.jpg"), taken).lower() for folder, stem in photos]
    assert len(set(names)) == len(photos)
