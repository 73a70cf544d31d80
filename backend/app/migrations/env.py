"""Alembic's environment: runs the revisions on the connection that app.migrate hands over."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

from app.migrate import VERSION_TABLE
from app.models import Base

connection: Connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Base.metadata, version_table=VERSION_TABLE)
with context.begin_transaction():
    context.run_migrations()
