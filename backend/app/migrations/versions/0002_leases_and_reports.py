"""Leases, the crash counter, the send's time, the failure's code and the report of a job.

Every column is nullable or has a default, so a version that does not know them keeps
inserting and updating.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TABLE = "image_processing_jobs"


def upgrade() -> None:
    """Add the columns that are absent; none of them rewrites the table."""
    for column in (
        sa.Column("lease_token", sa.Uuid),
        sa.Column("lease_expires_at", sa.DateTime(timezone=True)),
        sa.Column("claim_count", sa.Integer, nullable=False, server_default=sa.text("0")),
        sa.Column("enqueued_at", sa.DateTime(timezone=True)),
        sa.Column("failure_code", sa.String(50)),
        sa.Column("report", JSONB),
    ):
        op.add_column(_TABLE, column, if_not_exists=True)


def downgrade() -> None:
    """Nothing: columns are only ever added."""
