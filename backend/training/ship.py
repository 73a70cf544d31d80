"""`make ship ONNX=...`: puts an exported model into the product: its file, and its facts in recipes.py.

A name that begins with "critic" is the judge's critic, any other the book model.
"""

from __future__ import annotations

import argparse
import hashlib
import re
from pathlib import Path
from typing import Final

_WORKER: Final = Path(__file__).resolve().parents[1] / "lambdas" / "image_processor"


def with_facts(source: str, name: str, data: bytes) -> str:
    """Return recipes.py's text with an embedded model replaced.

    Args:
        source: the text.
        name: of the model, and of its recipe if it has one, e.g. "book-v2".
        data: the ONNX file.

    Raises:
        ValueError: the text has no such model.

    """
    block = _block(source, name)
    facts = {
        "name": f'"{name}"',
        "filename": f'"{name}.onnx"',
        "size_bytes": f"{len(data):_}",
        "sha256": f'"{hashlib.sha256(data).hexdigest()}"',
    }
    for field, value in facts.items():
        block = re.sub(rf"^    {field}=.*,$", f"    {field}={value},", block, flags=re.MULTILINE)
    replaced = source.replace(_block(source, name), block)
    if _constant(name) != "BOOK":
        return replaced
    return re.sub(r'(EMBEDDED_RECIPE: Final = Recipe\()"[^"]+"', rf'\g<1>"{name}"', replaced)


def ship(model: Path, name: str, worker: Path = _WORKER) -> list[Path]:
    """Replace an embedded model; the one before is removed. Returns the files that changed."""
    data = model.read_bytes()
    recipes, target = worker / "recipes.py", worker / "weights" / f"{name}.onnx"
    source = recipes.read_text()
    before = re.search(r'filename="([^"]+)"', _block(source, name))
    old = target.parent / before.group(1) if before else target
    recipes.write_text(with_facts(source, name, data))
    stale = [old] if old != target and old.exists() else []
    target.write_bytes(data)
    for path in stale:
        path.unlink()
    return [recipes, target, *stale]


def _constant(name: str) -> str:
    return "CRITIC" if name.startswith("critic") else "BOOK"


def _block(source: str, name: str) -> str:
    """Return the lines of recipes.py that define the model of this name, or the one before it."""
    constant = _constant(name)
    found = re.search(rf"^{constant}: Final = ModelSpec\($.*?^\)$", source, re.MULTILINE | re.DOTALL)
    if found is None:
        raise ValueError(f"recipes.py defines no {constant}")
    return found.group()


def main(arguments: list[str] | None = None) -> int:
    """Ship and return the exit status."""
    parser = argparse.ArgumentParser(prog="make ship", description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--name", default="book-v2")
    given = parser.parse_args(arguments)
    print("\n".join(str(path) for path in ship(given.model, given.name)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
