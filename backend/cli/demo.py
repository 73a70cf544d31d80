"""`image-processor demo`: the main job, end to end, on a stack of real components on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def demo(
    photo: Annotated[
        Path | None,
        typer.Argument(
            exists=True,
            dir_okay=False,
            readable=True,
            help="A photo of a book (JPEG, PNG, WebP). Without one, a photograph is drawn.",
        ),
    ] = None,
    *,
    out: Annotated[
        Path, typer.Option(help="Where the picture, its thumbnail, report.html and demo.json go.")
    ] = Path("out/demo"),
) -> None:
    """Run the main job: import a book with three pictures, queue one, work it, show what happened.

    Starts PostgreSQL, S3, SQS and Secrets Manager, and stops them again; DATABASE_URL names another
    PostgreSQL, in which a database of its own is made and dropped. Exit status: 0 completed, 3 refused
    (the report says why), 2 wrong usage, 1 anything else.
    """
    # Imported here: the stack takes a second to import, and the other commands start without it.
    from cli.demo_run import run_demo  # noqa: PLC0415

    raise typer.Exit(run_demo(photo, out))
