"""The README's table of failure codes, from the one in code: `python -m tests.failure_table --write`."""

from __future__ import annotations

import sys
from pathlib import Path

from lambdas.image_processor.errors import FAILURES

README = Path(__file__).resolve().parent.parent / "README.md"
_BEGIN, _END = "<!-- failure codes: begin -->\n", "<!-- failure codes: end -->"


def expected() -> str:
    """Return the table."""
    rows = [f"| `{code}` | {told.sentence} | {told.advice} |\n" for code, told in FAILURES.items()]
    return "".join(["| code | what was wrong | what to do |\n", "|---|---|---|\n", *rows])


def found(text: str) -> str:
    """Return what stands between the README's two marks."""
    return text.partition(_BEGIN)[2].partition(_END)[0]


def main(arguments: list[str]) -> int:
    """Renew the table, or say whether it is stale."""
    text = README.read_text()
    if "--write" in arguments:
        before, _, rest = text.partition(_BEGIN)
        README.write_text(before + _BEGIN + expected() + _END + rest.partition(_END)[2])
        return 0
    is_stale = found(text) != expected()
    print(
        "README.md is stale: run `python -m tests.failure_table --write`" if is_stale else "README.md: fresh"
    )
    return int(is_stale)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
