"""What `cut` is asked to cut, and what a mistyped path may have meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.cut_inputs import InputError, expand
from tests import pictures


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Photos, a photo without an ending, notes, hidden files, results of an earlier run."""
    jpeg = pictures.save(pictures.quarters(), "JPEG")
    for name in ("b.jpg", "a.JPEG", "sub/c.png", ".trash/d.jpg", "._a.jpg", "out/a.png", "scan"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(jpeg)
    (tmp_path / "phone.heic").write_bytes(pictures.iso_file(b"heic"))
    (tmp_path / "empty.jpg").write_bytes(b"")
    for name in ("notes.txt", "labels.json", "clip.mp4"):
        (tmp_path / name).write_text("no picture")
    return tmp_path


def _names(found: list[Path], folder: Path) -> list[str]:
    return [str(path.relative_to(folder)) for path in found]


def test_a_folder_is_searched_to_the_bottom(folder: Path) -> None:
    """By ending or content, sorted; not hidden files, not the results' own folder, not other files."""
    found = expand([str(folder)], (), folder / "out")
    assert _names(found, folder) == ["a.JPEG", "b.jpg", "empty.jpg", "phone.heic", "scan", "sub/c.png"]


def test_files_are_taken_whatever_they_hold(folder: Path) -> None:
    """What somebody names is answered with a verdict, not dropped."""
    assert _names(expand([str(folder / "notes.txt")], (), folder / "out"), folder) == ["notes.txt"]


def test_a_pattern_that_no_shell_expanded(folder: Path) -> None:
    """Quoted, or from a shell without patterns; also across folders, also absolute."""
    found = expand([str(folder / "*.jp*g")], (), folder / "out")
    assert _names(found, folder) == ["._a.jpg", "b.jpg", "empty.jpg"]
    assert _names(expand([str(folder / "**/c.png")], (), folder / "out"), folder) == ["sub/c.png"]


@pytest.mark.parametrize("separator", ["\n", "\r\n", "\0"])
def test_a_list_on_standard_input(separator: str, folder: Path) -> None:
    """One a line, or separated by NUL as `find -print0` writes."""
    text = separator.join(str(folder / name) for name in ("b.jpg", "scan")) + separator
    found = expand(["-", str(folder / "a.JPEG")], text.splitlines(keepends=True), folder / "out")
    assert _names(found, folder) == ["b.jpg", "scan", "a.JPEG"]


def test_a_photo_named_twice_is_cut_once(folder: Path) -> None:
    """By name, by folder, by another spelling."""
    words = [str(folder / "b.jpg"), str(folder / "sub" / ".." / "b.jpg"), str(folder)]
    found = expand(words, (), folder / "out")
    assert [path.name for path in found].count("b.jpg") == 1


@pytest.mark.parametrize(
    ("word", "meant"),
    [("b.jgp", "b.jpg"), ("sbu/c.png", "sub"), ("sub/C.pgn", "sub/c.png"), ("A.JPG", "a.JPEG")],
)
def test_a_mistyped_path_suggests(word: str, meant: str, folder: Path) -> None:
    """The nearest name in the deepest folder that exists."""
    with pytest.raises(InputError) as caught:
        expand([str(folder / word)], (), folder / "out")
    assert str(caught.value).endswith(f"did you mean {folder / meant}?")


@pytest.mark.parametrize("word", ["nothing-like-it", "*.xyz"])
def test_a_path_like_no_other_is_only_named(word: str, folder: Path) -> None:
    """No suggestion is better than a wild one."""
    with pytest.raises(InputError) as caught:
        expand([str(folder / word)], (), folder / "out")
    assert str(caught.value) == f"there is no {folder / word}"
