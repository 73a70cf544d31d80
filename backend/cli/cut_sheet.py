"""The contact sheet of `cut --report`: every photo before and after, filtered by verdict, in one file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, Final

from cli import report
from cli.crew import Crashed, Crew, Raised, sizes
from cli.cut_log import CutLog, Line
from cli.files import write_whole
from cli.preview import Preview, preview

NAME: Final = "report.html"
#: Two previews a photo, some 25 kB each: 200 photos make a file of about 15 MB.
_PREVIEW_PX: Final = 640
_QUALITY: Final = 80
_MIB_EACH: Final = 500


@dataclass(frozen=True, slots=True)
class _Pair:
    """The two files of a photo."""

    before: Path
    after: Path | None


def write(target: Path, lines: Sequence[Line], log: CutLog, jobs: int | None = None) -> None:
    """Write the sheet.

    Args:
        target: the HTML file.
        lines: the verdicts, in order.
        log: knows where the pictures are.
        jobs: processes that scale the previews; None: as many as there is room for.

    """
    pairs = [_Pair(Path(line["path"]), log.result(line)) for line in lines]
    count, threads = sizes(len(pairs), _MIB_EACH, jobs)
    crew: Crew[_Pair, tuple[Preview | None, Preview | None]] = Crew(_make, count, threads)
    shown: dict[_Pair, tuple[Preview | None, Preview | None]] = {}
    with crew:
        for pair, previews in crew.run(pairs):
            shown[pair] = (None, None) if isinstance(previews, Crashed | Raised) else previews
    cards = "".join(_card(line, *shown[pair]) for line, pair in zip(lines, pairs, strict=True))
    write_whole(target, _page(lines, cards).encode(errors="backslashreplace"))


def _make() -> Any:
    return _previews


def _previews(pair: _Pair) -> tuple[Preview | None, Preview | None]:
    """Scale both files down; runs in a process of its own."""
    return _scaled(pair.before), _scaled(pair.after)


def _scaled(path: Path | None) -> Preview | None:
    try:
        return None if path is None else preview(path.read_bytes(), _PREVIEW_PX, _QUALITY)
    except OSError:
        return None


def _page(lines: Sequence[Line], cards: str) -> str:
    verdicts = Counter(_kind(line) for line in lines)
    reasons = Counter(line.get("reason") or "failed" for line in lines if _kind(line) == "bad")
    lead = f"{verdicts['good']} of {len(lines)} photos cut out"
    if reasons:
        lead += "; refused: " + ", ".join(f"{count} × {name}" for name, count in reasons.most_common())
    seconds = sum(line.get("seconds") or 0 for line in lines)
    lead += f". {seconds / max(len(lines), 1):.1f} s a photo."
    choices = {"all": ("All", len(lines)), "good": ("Cut out", verdicts["good"])}
    choices["bad"] = ("Refused", verdicts["bad"])
    filters = "".join(
        f'<input type="radio" name="show" id="show-{kind}"{" checked" if kind == "all" else ""}>'
        f'<label for="show-{kind}">{told} <b>{count}</b></label>'
        for kind, (told, count) in choices.items()
    )
    sheet = f'<div class="sheet">{filters}<div class="cards">{cards}</div></div>\n'
    return report.page("Before and after", lead, [], [sheet])


def _kind(line: Line) -> str:
    return "good" if line["verdict"] == "accepted" else "bad"


def _card(line: Line, before: Preview | None, after: Preview | None) -> str:
    file = Path(line["file"]).name
    badge = "cut out" if line["verdict"] == "accepted" else str(line.get("reason") or line["verdict"])
    if line.get("output") is None:
        right, clear = '<div class="none">No picture was made.</div>', ""
    else:
        right = report.picture(after, f"{file}, cut out")
        clear = " clear" if after is not None and after.is_clear else ""
    return (
        f'<section class="card {_kind(line)}"><div class="pair">'
        f'<figure><div class="well">{report.picture(before, file)}</div></figure>'
        f'<figure class="{clear.strip()}"><div class="well">{right}</div></figure></div>\n'
        f'<div class="verdict"><span class="badge {_kind(line)}">{escape(badge)}</span>'
        f"<b>{escape(file)}</b></div>\n<p>{escape(str(line['told']))}</p>\n{_details(line)}</section>\n"
    )


def _details(line: Line) -> str:
    facts = _facts(line)
    trials = "".join(_trial(trial) for trial in line.get("trials", ()))
    if not trials:
        return ""
    stages = report.bars(line.get("stages", {}))
    return (
        f"<details><summary>{escape(' · '.join(facts))}</summary>\n"
        f'<div class="scroll"><table>{trials}</table></div>\n{stages}</details>'
    )


def _facts(line: Line) -> list[str]:
    facts = [f"{line['width']} × {line['height']} {line['format']}"] if "width" in line else []
    facts.append(f"{line.get('seconds') or 0:.2f} s")
    if line.get("score") is not None:
        facts.append(f"score {line['score']:.2f}")
    if line.get("brightness") is not None:
        facts.append(f"brightness {line['brightness']:.0f}")
    return facts


def _trial(trial: Mapping[str, Any]) -> str:
    """Return a recipe's row: its mask squeezed to the square, what was said of it, by which measures."""
    if "accepted" not in trial:
        told = str(trial.get("note") or "not tried")
    else:
        told = "accepted" if trial["accepted"] else str(trial["reason"])
        measures = [f"{name} {value:.3f}" for name, value in trial["measures"].items()]
        told += f", score {trial['score']:.2f}: " + ", ".join(measures)
    recipe, mask = escape(str(trial["recipe"])), ""
    if trial.get("mask_png"):
        source = escape(f"data:image/png;base64,{trial['mask_png']}")
        mask = f'<img src="{source}" width="96" height="96" alt="the mask of {recipe}"> '
    return f'<tr><th scope="row">{mask}{recipe}</th><td>{escape(told)}</td></tr>'
