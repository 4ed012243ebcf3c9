"""What visits cost and who paid; what made a household poor."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("people", sa.Column("poverty_cause", sa.String(16)))
    op.create_table(
        "visit_costs",
        sa.Column("settlement_id", sa.String(64), nullable=False),
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("person_id", sa.String(64), nullable=False),
        sa.Column("discharged_on", sa.Date(), nullable=False),
        sa.Column("total_fen", sa.BigInteger(), nullable=False),
        sa.Column("in_scope_fen", sa.BigInteger(), nullable=False),
        sa.Column("patient_fen", sa.BigInteger(), nullable=False),
        sa.Column("payers", JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("settlement_id", name="pk_visit_costs"),
    )
    op.create_index("ix_visit_costs_person_id", "visit_costs", ["person_id"])
    op.create_table(
        "reversed_settlements",
        sa.Column("settlement_id", sa.String(64), nullable=False),
        sa.Column("region", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("settlement_id", name="pk_reversed_settlements"),
    )


def downgrade() -> None:
    op.drop_table("reversed_settlements")
    op.drop_table("visit_costs")
    op.drop_column("people", "poverty_cause")
