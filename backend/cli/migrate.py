"""`image-processor migrate`: bring a database to the newest schema."""

from __future__ import annotations

from typing import Annotated

import typer


def migrate(
    *,
    database_url: Annotated[
        str | None,
        typer.Option(
            envvar="DATABASE_URL",
            metavar="URL",
            show_envvar=True,
            help="postgresql://user:password@host:port/database. Without it the worker's own environment and "
            "its database secret are used.",
        ),
    ] = None,
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
