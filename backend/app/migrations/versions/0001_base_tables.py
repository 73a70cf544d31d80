"""The API's three tables, where they are absent.

In staging and production the API's own migrations made them long ago, with columns and index names of their
own; there this revision adds nothing but an index that is missing. On an empty database (the local stack, the
tests) it makes what the worker needs to stand on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_LIVE = sa.text("status IN ('pending', 'processing')")
_NOW = sa.text("now()")


def upgrade() -> None:
    """Create the absent tables, then the absent indexes."""
    present = set(sa.inspect(op.get_bind()).get_table_names())
    for name, columns in (
        ("books", _books()),
        ("book_images", _book_images()),
        ("image_processing_jobs", _jobs()),
    ):
        if name not in present:
            op.create_table(name, *columns)
    _index("ix_book_images_book_id", "book_images", ["book_id"])
    _index("ix_image_processing_jobs_book_id", "image_processing_jobs", ["book_id"])
    _index("ix_image_processing_jobs_status", "image_processing_jobs", ["status"])
    _index(
        "ix_image_processing_jobs_book_source_status",
        "image_processing_jobs",
        ["book_id", "source_image_id", "status"],
    )
    _live_index("uq_image_processing_jobs_live", "image_processing_jobs", ["book_id", "source_image_id"])


def downgrade() -> None:
    """Nothing: the tables are the API's."""


def _books() -> list[sa.Column[Any]]:
    return [
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("title", sa.String(500), nullable=False),
    ]


def _book_images() -> list[sa.Column[Any]]:
    return [
        sa.Column("id", sa.Integer, primary_key=True),
        _reference("book_id", "books.id", "CASCADE", nullable=False),
        sa.Column("s3_key", sa.String(500), nullable=False),
        sa.Column("cloudfront_url", sa.String(500)),
        sa.Column("original_filename", sa.String(255)),
        sa.Column("content_hash", sa.String(64)),
        sa.Column("image_type", sa.String(50)),
        sa.Column("display_order", sa.Integer, server_default=sa.text("0")),
        sa.Column("is_primary", sa.Boolean, server_default=sa.text("false")),
        sa.Column("is_background_processed", sa.Boolean, nullable=False, server_default=sa.text("false")),
        sa.Column("caption", sa.Text),
    ]


def _jobs() -> list[sa.Column[Any]]:
    return [
        sa.Column("id", sa.Uuid, primary_key=True, server_default=sa.text("gen_random_uuid()")),
        _reference("book_id", "books.id", "CASCADE", nullable=False),
        _reference("source_image_id", "book_images.id", "SET NULL", nullable=True),
        _reference("processed_image_id", "book_images.id", "SET NULL", nullable=True),
        sa.Column("status", sa.String(20), nullable=False, server_default=sa.text("'pending'")),
        sa.Column("attempt_count", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("queue_retry_count", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("model_used", sa.String(50)),
        sa.Column("failure_reason", sa.Text),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=_NOW),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False, server_default=_NOW),
        sa.Column("completed_at", sa.DateTime(timezone=True)),
    ]


def _reference(name: str, target: str, on_delete: str, *, nullable: bool) -> sa.Column[Any]:
    return sa.Column(name, sa.Integer, sa.ForeignKey(target, ondelete=on_delete), nullable=nullable)


def _index(name: str, table: str, columns: Sequence[str]) -> None:
    """Create a plain index unless one over exactly these columns is there under whatever name."""
    existing = sa.inspect(op.get_bind()).get_indexes(table)
    if not any(list(index["column_names"]) == list(columns) and not index["unique"] for index in existing):
        op.create_index(name, table, list(columns), if_not_exists=True)


def _live_index(name: str, table: str, columns: Sequence[str]) -> None:
    """Create the partial unique index on live jobs unless there is one; the producer relies on it."""
    existing = sa.inspect(op.get_bind()).get_indexes(table)
    if not any(list(index["column_names"]) == list(columns) and index["unique"] for index in existing):
        op.create_index(name, table, list(columns), unique=True, postgresql_where=_LIVE, if_not_exists=True)
