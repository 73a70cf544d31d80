"""`image-processor enqueue`: queue pictures from the command line."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.options import DatabaseUrl


def enqueue(
    *,
    book: Annotated[list[int] | None, typer.Option(help="These books' primary pictures.")] = None,
    image: Annotated[list[int] | None, typer.Option(help="These pictures.")] = None,
    all_unprocessed: Annotated[
        bool,
        typer.Option(
            "--all-unprocessed", help="The primary picture of every book without a cut-out and without a job."
        ),
    ] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be queued.")] = False,
    database_url: DatabaseUrl = None,
) -> None:
    """Create jobs and send their messages, ten at a time.

    Interrupted, it is simply run again: pictures with a live job are skipped, and what was created but not
    sent is the reconciler's. Needs IMAGE_PROCESSING_QUEUE_NAME. Exit status 1 when SQS refused messages.
    """
    from cli.enqueue_run import Wanted, enqueue_all  # noqa: PLC0415 (the other commands start without it)

    wanted = Wanted(tuple(book or ()), tuple(image or ()), all_unprocessed)
    raise typer.Exit(enqueue_all(database_url, wanted, limit, dry_run=dry_run))
