"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        envvar="DATABASE_URL",
        metavar="URL",
        show_envvar=True,
        help="postgresql://user:password@host:port/database. Without it the secret that DATABASE_SECRET_ARN "
        "names is used.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
