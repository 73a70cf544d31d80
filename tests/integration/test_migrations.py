"""The migrations on a real PostgreSQL: from nothing, onto the API's tables, twice, and two at once."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, text

from app import migrate
from app.models import Base
from tests.integration.deployed_schema import DEPLOYED_SCHEMA

ADDITIVE = {"lease_token", "lease_expires_at", "claim_count", "enqueued_at", "failure_code", "report"}


def test_an_empty_database_becomes_what_the_models_say(empty_database: Engine) -> None:
    """Tables, columns, types, defaults and indexes are those of app.models."""
    revision = migrate.upgrade(empty_database)
    with empty_database.connect() as connection:
        options = {
            "compare_type": True,
            "compare_server_default": True,
            "version_table": migrate.VERSION_TABLE,
        }
        context = MigrationContext.configure(connection, opts=options)
        differences = compare_metadata(context, Base.metadata)
    assert differences == []
    assert migrate.current_revision(empty_database) == revision == migrate.head_revision()


def test_a_second_upgrade_changes_nothing(database: Engine) -> None:
    """An upgraded database is left alone."""
    before = _schema(database)
    assert migrate.upgrade(database) == migrate.head_revision()
    assert _schema(database) == before


def test_lost_bookkeeping_does_no_harm(database: Engine) -> None:
    """Every revision can run on a database that has it, as after a restored version table."""
    before = _schema(database)
    with database.begin() as connection:
        connection.execute(text("DELETE FROM image_processor_alembic_version"))
    assert migrate.upgrade(database) == migrate.head_revision()
    assert _schema(database) == before


def test_the_apis_tables_only_grow(empty_database: Engine) -> None:
    """On the deployed schema six columns are added; no index is doubled under another name."""
    with empty_database.begin() as connection:
        connection.execute(text(DEPLOYED_SCHEMA))
    before = _schema(empty_database)
    migrate.upgrade(empty_database)
    after = _schema(empty_database)
    assert {table: sorted(set(after[table][0]) - set(before[table][0])) for table in before} == {
        "alembic_version": [],
        "book_images": [],
        "books": [],
        "image_processing_jobs": sorted(ADDITIVE),
    }
    assert {table: after[table][1] for table in before} == {table: before[table][1] for table in before}
    assert set(after) - set(before) == {migrate.VERSION_TABLE}


def test_the_deployed_version_keeps_working(empty_database: Engine) -> None:
    """Its statements, which know no new column, still insert, claim and complete."""
    with empty_database.begin() as connection:
        connection.execute(text(DEPLOYED_SCHEMA))
    migrate.upgrade(empty_database)
    with empty_database.begin() as connection:
        connection.execute(text("INSERT INTO books (title, value_mid) VALUES ('Idylls', 400)"))
        connection.execute(text("INSERT INTO book_images (book_id, s3_key) VALUES (1, 'a.jpg')"))
        connection.execute(text("INSERT INTO image_processing_jobs (book_id, source_image_id) VALUES (1, 1)"))
        connection.execute(text("UPDATE image_processing_jobs SET status = 'processing'"))
        row = connection.execute(
            text("SELECT status, claim_count, lease_token, failure_code, report FROM image_processing_jobs")
        ).one()
    assert tuple(row) == ("processing", 0, None, None, None)


def test_the_apis_bookkeeping_is_left_alone(empty_database: Engine) -> None:
    """The API's alembic_version keeps its revision."""
    with empty_database.begin() as connection:
        connection.execute(text(DEPLOYED_SCHEMA))
    migrate.upgrade(empty_database)
    with empty_database.connect() as connection:
        found = connection.scalars(text("SELECT version_num FROM alembic_version")).all()
    assert found == ["api_revision"]


def test_two_upgrades_at_once_both_succeed(empty_database: Engine) -> None:
    """A deploy and an operator may meet: one waits for the other."""
    with ThreadPoolExecutor(4) as pool:
        revisions = list(pool.map(lambda _: migrate.upgrade(empty_database), range(4)))
    assert revisions == [migrate.head_revision()] * 4


def test_the_partial_index_allows_one_live_job_per_picture(database: Engine) -> None:
    """Ended jobs do not count, live ones do."""
    insert = text(
        "INSERT INTO image_processing_jobs (book_id, source_image_id, status) VALUES (1, 1, :status)"
    )
    with database.begin() as connection:
        connection.execute(text("INSERT INTO books (title) VALUES ('Idylls')"))
        connection.execute(text("INSERT INTO book_images (book_id, s3_key) VALUES (1, 'a.jpg')"))
        for status in ("completed", "failed", "completed", "processing"):
            connection.execute(insert, {"status": status})
    with pytest.raises(Exception, match="uq_image_processing_jobs_live"), database.begin() as connection:
        connection.execute(insert, {"status": "pending"})


def test_require_head_names_what_is_missing(empty_database: Engine) -> None:
    """A database without our revisions is refused in words; an upgraded one passes."""
    with pytest.raises(migrate.SchemaOutdatedError, match="revision none, the code needs 0002"):
        migrate.require_head(empty_database)
    migrate.upgrade(empty_database)
    assert migrate.require_head(empty_database) == migrate.head_revision()


def test_a_newer_database_is_accepted(database: Engine) -> None:
    """During a roll-back the old code meets a newer schema; columns are only ever added, so it may run."""
    with database.begin() as connection:
        connection.execute(text("UPDATE image_processor_alembic_version SET version_num = '9999'"))
    assert migrate.require_head(database) == "9999"


def test_the_command_upgrades_from_any_folder(empty_database: Engine, tmp_path: Path) -> None:
    """`image-processor migrate` needs an address and nothing of the current folder."""
    url = empty_database.url.render_as_string(hide_password=False)
    command = [str(Path(sys.executable).parent / "image-processor"), "migrate"]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env=os.environ | {"DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, migrate.current_revision(empty_database)) == (0, migrate.head_revision())
    assert migrate.head_revision() in done.stdout


def _schema(engine: Engine) -> dict[str, tuple[list[str], list[tuple[str | None, ...]]]]:
    """Every table's columns and indexes."""
    inspector = inspect(engine)
    return {
        table: (
            sorted(column["name"] for column in inspector.get_columns(table)),
            sorted((index["name"], *index["column_names"]) for index in inspector.get_indexes(table)),
        )
        for table in inspector.get_table_names()
    }
