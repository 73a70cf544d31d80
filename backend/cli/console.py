"""How commands speak: results on standard output, complaints on standard error, stable exit codes."""

from __future__ import annotations

from typing import Final, NoReturn

import typer
from rich.console import Console
from rich.text import Text

#: Done.
EXIT_OK: Final = 0
#: It ran, and something failed.
EXIT_FAILED: Final = 1
#: The command was used wrongly.
EXIT_USAGE: Final = 2
#: The worker refused the photo, for a reason it names.
EXIT_REJECTED: Final = 3

console: Final = Console(highlight=False, soft_wrap=True)
complaints: Final = Console(stderr=True, highlight=False, soft_wrap=True)


def fail(message: str, status: int = EXIT_FAILED) -> NoReturn:
    """Say what was wrong and leave with a status."""
    complaints.print(Text.assemble(("✗ ", "red"), message))
    raise typer.Exit(status)
