"""The before/after page: complete in itself, and safe with any name."""

from __future__ import annotations

import io
import re
from html.parser import HTMLParser

import pytest
from PIL import Image

from cli import report

_VOID = {"meta", "img", "br"}


class _Checker(HTMLParser):
    """Collects tags and checks that they nest."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.sources: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.sources += [value or "" for name, value in attrs if name in {"src", "href"}]
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def _file(mode: str, size: tuple[int, int] = (40, 30), form: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.new(mode, size, "red").save(file, form)
    return file.getvalue()


def _check(page: str) -> _Checker:
    checker = _Checker()
    checker.feed(page)
    assert checker.open == []
    return checker


def test_two_pictures_side_by_side_and_nothing_from_outside() -> None:
    """Both pictures are inside the file; no address leads out of it."""
    case = report.Case(
        "front.jpg", _file("RGB", form="JPEG"), _file("RGB"), "completed", "on black.", {"a": "b"}, {"c": 1}
    )
    page = report.page("Title", "Lead", [case])
    checker = _check(page)
    assert len(checker.sources) == 2
    assert all(source.startswith("data:image/webp;base64,") for source in checker.sources)
    assert re.findall(r"https?://|url\(|@import|<script|<link", page) == []
    assert "prefers-color-scheme: dark" in page


def test_names_and_reasons_are_text_never_markup() -> None:
    """A file called like a tag shows as its name."""
    case = report.Case("<script>x</script>", _file("RGB"), None, "failed", "a < b & c", {"<i>": "<b>"})
    page = report.page("<T>", "<L>", [case], [report.table("<H>", {"<n>": "<v>"})])
    assert "script" not in _check(page).seen
    assert "a &lt; b &amp; c" in page


def test_a_refused_photo_shows_the_original_and_the_reason() -> None:
    """There is one picture, and the reason stands in the other's place."""
    case = report.Case("grey.png", _file("L"), None, "failed", "No book could be told from the background.")
    page = report.page("T", "L", [case])
    assert _check(page).seen.count("img") == 1
    assert "No picture was made. No book could be told from the background." in page


@pytest.mark.parametrize("data", [b"", b"%PDF-1.4", _file("RGB")[:60]])
def test_a_file_that_is_no_picture_is_named_as_such(data: bytes) -> None:
    """Whatever the photo holds, there is a report."""
    page = report.page("T", "L", [report.Case("x", data, None, "failed", "It is not a picture.")])
    assert _check(page).seen.count("img") == 0
    assert "This file cannot be shown as a picture." in page


def test_a_large_photo_is_shown_upright_and_small() -> None:
    """EXIF's orientation is applied, and the copy inside is at most 1400 pixels a side."""
    file, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (3000, 1500)).save(file, "JPEG", exif=exif)
    page = report.page("T", "L", [report.Case("x", file.getvalue(), None, "failed", "r")])
    assert 'width="700" height="1400"' in page
    assert "3000 × 1500 px JPEG" in page


def test_transparency_stands_on_a_chequered_ground() -> None:
    """A picture with an alpha channel is marked, one without is not."""
    marked = [
        'figure class="clear"'
        in report.page("T", "L", [report.Case("x", _file("RGB"), _file(mode), "completed", "r")])
        for mode in ("RGBA", "RGB")
    ]
    assert marked == [True, False]


def test_a_gallery_frames_its_primary_picture() -> None:
    """In order, the primary one marked."""
    html = report.strip("H", [report.Thumbnail(_file("RGB"), "a", True), report.Thumbnail(b"", "b", False)])
    assert html.count('figure class="primary"') == 1
    assert html.index('class="primary"') < html.index(">b<")
