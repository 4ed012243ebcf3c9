"""The DRG pilot: its hospitals and prices from a day on, and the groups of settled stays."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "drg_pilots",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("document", sa.String(200), nullable=False),
        sa.Column("facilities", postgresql.JSONB(), nullable=False),
        sa.Column("weights", postgresql.JSONB(), nullable=False),
        sa.Column("rate_fen", sa.BigInteger(), nullable=False),
        sa.Column("coefficients", postgresql.JSONB(), nullable=False),
        sa.Column("high_ratios", postgresql.JSONB(), nullable=False),
        sa.Column("high_share", sa.Numeric(7, 6), nullable=False),
        sa.Column("low_ratio", sa.Numeric(7, 6), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(128), nullable=False),
        sa.CheckConstraint("rate_fen > 0", name=op.f("ck_drg_pilots_rate")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drg_pilots")),
        sa.UniqueConstraint("region", "valid_from", name=op.f("uq_drg_pilots_region_valid_from")),
    )
    op.create_table(
        "drg_cases",
        sa.Column("settlement_id", sa.Uuid(), nullable=False),
        sa.Column("pilot_id", sa.Uuid(), nullable=False),
        sa.Column("group_code", sa.String(8), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(128), nullable=False),
        sa.ForeignKeyConstraint(
            ["pilot_id"], ["drg_pilots.id"], name=op.f("fk_drg_cases_pilot_id_drg_pilots")
        ),
        sa.ForeignKeyConstraint(
            ["settlement_id"],
            ["settlements.id"],
            name=op.f("fk_drg_cases_settlement_id_settlements"),
        ),
        sa.PrimaryKeyConstraint("settlement_id", name=op.f("pk_drg_cases")),
    )


def downgrade() -> None:
    op.drop_table("drg_cases")
    op.drop_table("drg_pilots")
