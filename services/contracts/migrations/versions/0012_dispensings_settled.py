"""Dispensings are settled by claims, and withdrawn; what settled visits used of the same cap."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("dispensings", sa.Column("told_fen", sa.BigInteger()))
    op.execute("UPDATE dispensings SET told_fen = fund_fen")
    op.alter_column("dispensings", "told_fen", nullable=False)
    op.add_column(
        "dispensings",
        sa.Column("status", sa.String(12), nullable=False, server_default="told"),
    )
    op.add_column("dispensings", sa.Column("withdrawn_reason", sa.String(24)))
    op.create_check_constraint(
        op.f("ck_dispensings_status"),
        "dispensings",
        "status IN ('told', 'settled', 'withdrawn')",
    )
    op.create_check_constraint(
        op.f("ck_dispensings_reason"),
        "dispensings",
        "(status = 'withdrawn') = (withdrawn_reason IS NOT NULL)",
    )
    op.create_table(
        "drug_settlements",
        sa.Column("settlement_id", sa.String(64), nullable=False),
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("person_id", sa.String(64)),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("fund_fen", sa.BigInteger(), nullable=False),
        sa.Column("reversed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("settlement_id", name="pk_drug_settlements"),
    )
    op.create_index("ix_drug_settlements_person", "drug_settlements", ["person_id", "year"])


def downgrade() -> None:
    op.drop_table("drug_settlements")
    for name in ("reason", "status"):
        op.drop_constraint(op.f(f"ck_dispensings_{name}"), "dispensings")
    for column in ("withdrawn_reason", "status", "told_fen"):
        op.drop_column("dispensings", column)
