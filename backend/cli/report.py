"""Before and after as one HTML file that needs nothing else: pictures inside, light and dark."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any, Final

from cli.preview import Preview, describe, preview

_STYLE: Final = Path(__file__).with_name("report.css")
_PREVIEW_PX: Final = 1400
_STRIP_PX: Final = 360


@dataclass(frozen=True, slots=True)
class Case:
    """One photo and what became of it."""

    name: str
    #: The photo's file; whatever it holds.
    before: bytes = field(repr=False)
    #: The picture's file, or None where the photo was refused.
    after: bytes | None = field(repr=False)
    #: One word or two, e.g. "completed".
    verdict: str
    #: The refusal's reason, or what ran; a sentence.
    told: str
    facts: Mapping[str, str] = field(default_factory=dict)
    #: Wall seconds by stage.
    seconds: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A picture of a gallery."""

    #: The picture's file.
    data: bytes = field(repr=False)
    caption: str
    is_primary: bool


def page(title: str, lead: str, cases: Sequence[Case], sections: Sequence[str] = ()) -> str:
    """Return the whole file.

    Args:
        title: its heading.
        lead: the sentence below.
        cases: what is compared, in order.
        sections: HTML from `strip` and `table`, put below the cases.

    """
    body = "".join(_case(case) for case in cases) + "".join(sections)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{_STYLE.read_text()}</style>\n</head>\n<body>\n<main>\n"
        f'<h1>{escape(title)}</h1>\n<p class="lead">{escape(lead)}</p>\n{body}'
        "<footer>Made by image-processor. This file is complete in itself.</footer>\n"
        "</main>\n</body>\n</html>\n"
    )


def strip(heading: str, pictures: Sequence[Thumbnail]) -> str:
    """Return a gallery in its order, the primary picture framed."""
    figures = "".join(
        f'<figure class="{"primary" if one.is_primary else ""}">'
        f'<div class="well">{picture(preview(one.data, _STRIP_PX), one.caption)}</div>'
        f"<figcaption>{escape(one.caption)}{'<br><b>primary</b>' if one.is_primary else ''}"
        "</figcaption></figure>"
        for one in pictures
    )
    return f'<h2>{escape(heading)}</h2>\n<div class="strip">{figures}</div>\n'


def table(heading: str, row: Mapping[str, Any]) -> str:
    """Return a row as a table of names and values."""
    lines = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(_text(value))}</td></tr>'
        for name, value in row.items()
    )
    return f'<h2>{escape(heading)}</h2>\n<div class="scroll"><table>{lines}</table></div>\n'


def _case(case: Case) -> str:
    kind = "bad" if case.after is None else "good"
    shown = None if case.after is None else preview(case.after, _PREVIEW_PX)
    if case.after is None:
        after = f'<div class="none">No picture was made. {escape(case.told)}</div>'
    else:
        after = picture(shown, f"{case.name}, cut out")
    clear = "clear" if shown is not None and shown.is_clear else ""
    return (
        '<section class="case">\n<div class="verdict">'
        f'<span class="badge {kind}">{escape(case.verdict)}</span>'
        f"<span><b>{escape(case.name)}</b>: {escape(case.told)}</span></div>\n"
        '<div class="pair">'
        f'<figure><div class="well">{picture(preview(case.before, _PREVIEW_PX), case.name)}</div>'
        f"<figcaption><b>Before</b> {escape(_size(case.before))}</figcaption></figure>"
        f'<figure class="{clear}"><div class="well">{after}</div>'
        f"<figcaption><b>After</b> {escape(_size(case.after))}</figcaption></figure></div>\n"
        f"{_facts(case.facts)}{bars(case.seconds)}</section>\n"
    )


def _facts(facts: Mapping[str, str]) -> str:
    if not facts:
        return ""
    items = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in facts.items()
    )
    return f'<dl class="facts">{items}</dl>\n'


def bars(seconds: Mapping[str, float]) -> str:
    """Return wall seconds by stage as bars."""
    if not seconds:
        return ""
    longest = max(seconds.values()) or 1
    lines = "".join(
        f'<span>{escape(name)}</span><span class="track"><span class="fill" '
        f'style="width:{100 * spent / longest:.1f}%"></span></span><span class="number">{spent:.3f} s</span>'
        for name, spent in seconds.items()
    )
    total = sum(seconds.values())
    return f'<h2>{total:.2f} seconds, by stage</h2>\n<div class="bars">{lines}</div>\n'


def picture(shown: Preview | None, text: str) -> str:
    """Return an <img> with the picture inside, or a note where there is none."""
    if shown is None:
        return '<div class="none">This file cannot be shown as a picture.</div>'
    encoded = base64.b64encode(shown.data).decode()
    return (
        f'<img src="data:image/webp;base64,{encoded}" width="{shown.width_px}" height="{shown.height_px}" '
        f'alt="{escape(text)}">'
    )


def _size(data: bytes | None) -> str:
    """Return a file's dimensions and weight in words."""
    if data is None:
        return "nothing: the original stays"
    return ", ".join(part for part in (describe(data), f"{len(data) / 1000:,.0f} kB") if part)


def _text(value: object) -> str:
    if value is None:
        return "NULL"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list)) else str(value)
