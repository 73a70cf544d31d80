"""Brings a database to the newest schema; safe to run twice, at once, and from any folder."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, create_engine, text

#: The API's own migrations own `alembic_version`.
VERSION_TABLE: Final = "image_processor_alembic_version"
_SCRIPTS: Final = Path(__file__).resolve().parent / "migrations"
#: Any number that no other user of the database takes for an advisory lock.
_LOCK_KEY: Final = 0x1A6E_B00C


class SchemaOutdatedError(Exception):
    """The database lacks a revision; the message names both and how to mend it."""


def upgrade(target: Engine | URL | str) -> str:
    """Run every missing revision in one transaction and return the newest revision.

    Two upgrades at once wait for each other: the second finds nothing to do.

    Args:
        target: an engine, or the address of a PostgreSQL database.

    """
    if not isinstance(target, Engine):
        engine = create_engine(target)
        try:
            return upgrade(engine)
        finally:
            engine.dispose()
    config = _config()
    with target.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return head_revision()


def current_revision(engine: Engine) -> str | None:
    """Return the database's revision, or None before the first upgrade."""
    with engine.connect() as connection:
        return _current(connection)


def head_revision() -> str:
    """Return the newest revision that this code knows."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    if revision is None:
        raise RuntimeError(f"there are no revisions in {_SCRIPTS}")
    return revision


def require_head(engine: Engine) -> str:
    """Return the database's revision when it is one that this code can run on.

    A newer revision than this code knows passes: columns are only ever added.

    Raises:
        SchemaOutdatedError: a revision that this code knows is missing.

    """
    head, found = head_revision(), current_revision(engine)
    scripts = ScriptDirectory.from_config(_config())
    known = {script.revision for script in scripts.walk_revisions()}
    if found is None or (found in known and found != head):
        raise SchemaOutdatedError(
            f"the database is at revision {found or 'none'}, the code needs {head}: "
            'run `image-processor migrate` or invoke the function with {"migrate": true}'
        )
    return found


def _current(connection: Connection) -> str | None:
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    return context.get_current_revision()


def _config() -> Config:
    config = Config()
    # Percent signs are Alembic's interpolation.
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    return config
