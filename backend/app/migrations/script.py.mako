"""${message}."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add; never change or drop."""


def downgrade() -> None:
    """Columns are only ever added: the old version runs beside the new one."""
