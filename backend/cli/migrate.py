"""`image-processor migrate`: bring a database to the newest schema."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.options import DatabaseUrl


def migrate(
    *,
    database_url: DatabaseUrl = None,
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit 1 when a revision is missing.")
    ] = False,
) -> None:
    """Add what the database lacks: tables where absent, columns and indexes always additively.

    Safe to run twice, at once, and while the deployed version works.
    """
    # Imported here: the other commands start without it.
    from cli.migrate_run import require_newest, upgrade  # noqa: PLC0415

    if check:
        require_newest(database_url)
    else:
        upgrade(database_url)
