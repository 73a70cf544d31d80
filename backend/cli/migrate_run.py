"""The work of `image-processor migrate`."""

from __future__ import annotations

from app import migrate
from cli.console import console, fail
from cli.services import database


def upgrade(database_url: str | None) -> None:
    """Run every missing revision and say so."""
    with database(database_url) as engine:
        before = migrate.current_revision(engine)
        after = migrate.upgrade(engine)
        told = f"is at revision {after}" if before == after else f"went from {before or 'nothing'} to {after}"
        console.print(f"[green]✓[/] the database {told}")


def require_newest(database_url: str | None) -> None:
    """Say which revision the database is at; fail when one is missing."""
    with database(database_url) as engine:
        try:
            revision = migrate.require_head(engine)
        except migrate.SchemaOutdatedError as exc:
            fail(str(exc))
        console.print(f"[green]✓[/] the database is at revision {revision}")
