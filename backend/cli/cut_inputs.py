"""What `cut` is asked to cut: files, folders, patterns, a list; and what a mistyped path may have meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from lambdas.image_processor import sniff

#: In folders, files with these endings are taken whatever they hold: what is refused should be said.
_ENDINGS: Final = frozenset(
    (
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".png",
        ".webp",
        ".avif",
        ".gif",
        ".tif",
        ".tiff",
        ".bmp",
        ".heic",
        ".heif",
    )
)
_MAGIC_CHARACTERS: Final = frozenset("*?[")
_HEAD_BYTES: Final = 64


class InputError(Exception):
    """A path leads nowhere; the message says which and what may have been meant."""


def expand(words: Sequence[str], listed: Iterable[str], out: Path) -> list[Path]:
    """Return the photos' files in a stable order, each once.

    Args:
        words: files, folders (searched to the bottom), patterns that no shell expanded, `-` for the list.
        listed: the lines of standard input; read only where a word is `-`.
        out: where results go; never searched for photos.

    Raises:
        InputError: a word leads to nothing.

    """
    found: dict[Path, Path] = {}
    for word in words:
        lines = _lines(listed) if word == "-" else [word]
        for line in lines:
            for path in _files(line, out.resolve()):
                found.setdefault(path.resolve(), path)
    return list(found.values())


def _lines(listed: Iterable[str]) -> list[str]:
    """Return the paths of a list: one a line, or separated by NUL as `find -print0` does."""
    text = "".join(listed)
    parts = text.split("\0") if "\0" in text else text.splitlines()
    return [part for part in parts if part.strip()]


def _files(word: str, out: Path) -> list[Path]:
    path = Path(word).expanduser()
    if path.is_dir():
        return _in_folder(path, out)
    if path.is_file():
        return [path]
    if path.exists():
        raise InputError(f"{path} is neither a file nor a folder")
    matches = _matches(path) if _MAGIC_CHARACTERS & set(word) else []
    if not matches:
        raise InputError(_missing(path))
    return [file for match in matches for file in (_in_folder(match, out) if match.is_dir() else [match])]


def _matches(pattern: Path) -> list[Path]:
    """Return what a pattern means that no shell expanded."""
    base = Path(pattern.anchor or ".")
    return sorted(base.glob(str(pattern.relative_to(pattern.anchor))))


def _in_folder(folder: Path, out: Path) -> list[Path]:
    """Return the pictures of a folder, by ending or content; hidden files are other programs' notes."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return [
        path
        for path in found
        if not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and out not in path.resolve().parents
        and (path.suffix.lower() in _ENDINGS or _holds_picture(path))
    ]


def _holds_picture(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            found = sniff.format_of(file.read(_HEAD_BYTES))
    except OSError:
        return False
    return found is not None and found not in {"PDF", "SVG", "an icon", "a video"}


def _missing(path: Path) -> str:
    """Return the complaint about a path that leads nowhere, with the nearest name there is."""
    folder = path.parent
    while not folder.is_dir():
        path, folder = folder, folder.parent
    names = {entry.name.lower(): entry for entry in folder.iterdir()}
    near = difflib.get_close_matches(path.name.lower(), names, n=1, cutoff=0.6)
    hint = f"; did you mean {names[near[0]]}?" if near else ""
    return f"there is no {path}{hint}"
