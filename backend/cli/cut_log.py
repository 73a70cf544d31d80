"""cut.jsonl: one line per photo, appended as each is done, in order and without repetition at the end."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from cli.files import write_whole

NAME: Final = "cut.jsonl"

Line = Mapping[str, Any]


class CutLog:
    """The verdicts of a folder of results, this run's and earlier ones'.

    Args:
        out: the folder; it exists.

    """

    def __init__(self, out: Path) -> None:
        self._path = out / NAME
        #: Where the pictures are.
        self.folder = out
        self._lines: dict[str, Line] = {line["path"]: line for line in _read(self._path)}

    def find(self, photo: Path) -> Line | None:
        """Return a photo's verdict, or None."""
        return self._lines.get(str(photo.resolve()))

    def append(self, photo: Path, line: Line) -> None:
        """Keep a photo's verdict: it is in the file when this returns."""
        whole = {"file": str(photo), "path": str(photo.resolve()), **line}
        self._lines[whole["path"]] = whole
        with self._path.open("a") as file:
            file.write(_text(whole))

    def tidy(self, order: Sequence[Path]) -> None:
        """Rewrite the file: one line per photo, the given ones last and in their order."""
        mine = [str(photo.resolve()) for photo in order]
        others = [key for key in self._lines if key not in set(mine)]
        kept = [self._lines[key] for key in (*others, *mine) if key in self._lines]
        if kept:
            write_whole(self._path, "".join(_text(line) for line in kept).encode())

    def name(self, photo: Path, taken: set[str]) -> str:
        """Return the name of a photo's result, without its ending, and add it to `taken`.

        The photo's own; a second photo of that name gets a number. What it got once it keeps.
        """
        known = self.find(photo)
        owners = {line["name"]: key for key, line in self._lines.items()}
        free = (
            name
            for name in ([known["name"]] if known else []) + _names(photo.stem)
            if name.lower() not in taken and owners.get(name, str(photo.resolve())) == str(photo.resolve())
        )
        chosen = next(free)
        taken.add(chosen.lower())
        return str(chosen)

    def result(self, line: Line) -> Path | None:
        """Return the path of a verdict's picture, None where there is none."""
        return self.folder / line["output"] if line.get("output") else None


def _names(stem: str) -> list[str]:
    return [stem, *(f"{stem}-{number}" for number in range(2, 10_000))]


def _read(path: Path) -> list[Line]:
    """Return the lines that are whole: a run that was killed may have left half of one."""
    found: list[Line] = []
    for text in path.read_text().splitlines() if path.exists() else []:
        try:
            line = json.loads(text)
        except ValueError:
            continue
        if isinstance(line, dict) and {"path", "name", "verdict"} <= line.keys():
            found.append(line)
    return found


def _text(line: Line) -> str:
    text = json.dumps(line, ensure_ascii=False)
    # Names that are not UTF-8 exist; escaped, they come back as they were.
    return (text if _is_utf8(text) else json.dumps(line)) + "\n"


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
