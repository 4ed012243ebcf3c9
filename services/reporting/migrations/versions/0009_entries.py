"""Figures that are entered by their owners."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "indicator_entries",
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("code", sa.String(48), nullable=False),
        sa.Column("period", sa.String(10), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("township", sa.String(64), nullable=True),
        sa.Column("numerator", sa.BigInteger(), nullable=True),
        sa.Column("denominator", sa.BigInteger(), nullable=True),
        sa.Column("stated", sa.Integer(), nullable=True),
        sa.Column("evidence", sa.String(300), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("entered_by", sa.String(128), nullable=False),
        sa.Column("entered_at", moment, nullable=False),
        sa.Column("confirmed_by", sa.String(128), nullable=True),
        sa.Column("confirmed_at", moment, nullable=True),
        sa.Column("withdrawn_by", sa.String(128), nullable=True),
        sa.Column("withdrawn_at", moment, nullable=True),
        sa.Column("reason", sa.String(300), nullable=True),
        sa.PrimaryKeyConstraint("entry_id", name="pk_indicator_entries"),
        sa.CheckConstraint(
            "state IN ('entered', 'confirmed', 'withdrawn')", name="ck_indicator_entries_state"
        ),
        sa.CheckConstraint(
            "(numerator IS NULL) <> (stated IS NULL)", name="ck_indicator_entries_parts_or_stated"
        ),
        sa.CheckConstraint(
            "(state = 'confirmed') <= (confirmed_by IS NOT NULL)",
            name="ck_indicator_entries_confirmed",
        ),
    )
    op.create_index("ix_indicator_entries_code", "indicator_entries", ["region", "code", "day"])


def downgrade() -> None:
    op.drop_table("indicator_entries")
