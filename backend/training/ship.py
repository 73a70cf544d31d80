"""`make ship ONNX=...`: puts an exported model into the product: its file, and its facts in recipes.py."""

from __future__ import annotations

import argparse
import hashlib
import re
from pathlib import Path
from typing import Final

_WORKER: Final = Path(__file__).resolve().parents[1] / "lambdas" / "image_processor"


def with_facts(source: str, name: str, data: bytes) -> str:
    """Return recipes.py's text with the embedded model replaced.

    Args:
        source: the text.
        name: of the model and of its recipe, e.g. "book-v1".
        data: the ONNX file.

    Raises:
        ValueError: the text has no such model.

    """
    found = re.search(r"^BOOK: Final = ModelSpec\($.*?^\)$", source, re.MULTILINE | re.DOTALL)
    if found is None:
        raise ValueError("recipes.py defines no BOOK")
    block = found.group()
    facts = {
        "name": f'"{name}"',
        "filename": f'"{name}.onnx"',
        "size_bytes": f"{len(data):_}",
        "sha256": f'"{hashlib.sha256(data).hexdigest()}"',
    }
    for field, value in facts.items():
        block = re.sub(rf"^    {field}=.*,$", f"    {field}={value},", block, flags=re.MULTILINE)
    replaced = source.replace(found.group(), block)
    return re.sub(r'(EMBEDDED_RECIPE: Final = Recipe\()"[^"]+"', rf'\g<1>"{name}"', replaced)


def ship(model: Path, name: str, worker: Path = _WORKER) -> list[Path]:
    """Replace the embedded model; the one before is removed. Returns the files that changed."""
    data = model.read_bytes()
    recipes, target = worker / "recipes.py", worker / "weights" / f"{name}.onnx"
    recipes.write_text(with_facts(recipes.read_text(), name, data))
    stale = [path for path in target.parent.glob("*.onnx") if path != target]
    target.write_bytes(data)
    for path in stale:
        path.unlink()
    return [recipes, target, *stale]


def main(arguments: list[str] | None = None) -> int:
    """Ship and return the exit status."""
    parser = argparse.ArgumentParser(prog="make ship", description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--name", default="book-v1")
    given = parser.parse_args(arguments)
    print("\n".join(str(path) for path in ship(given.model, given.name)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
