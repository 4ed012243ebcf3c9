"""A visit may have been cancelled."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("encounters", sa.Column("cancelled_sequence", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("encounters", "cancelled_sequence")
