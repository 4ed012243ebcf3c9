"""Stays that did not take place, and when a stay began."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "cancelled_stays",
        sa.Column("encounter_id", sa.String(64), nullable=False),
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("encounter_id", name="pk_cancelled_stays"),
    )
    op.add_column("discharges", sa.Column("admitted_on", sa.Date()))


def downgrade() -> None:
    op.drop_column("discharges", "admitted_on")
    op.drop_table("cancelled_stays")
