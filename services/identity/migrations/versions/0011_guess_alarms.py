"""Who was stopped by the limit against guessing is kept until somebody has looked into it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "guess_alarms",
        sa.Column("alarm_id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(12), nullable=False),
        sa.Column("client_id", sa.String(128), nullable=False),
        sa.Column("place", sa.String(32), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("refused", sa.BigInteger(), nullable=False),
        sa.Column("seen_by", sa.String(128), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("alarm_id", name=op.f("pk_guess_alarms")),
        sa.UniqueConstraint(
            "region",
            "client_id",
            "place",
            "on_day",
            name=op.f("uq_guess_alarms_region_client_id_place_on_day"),
        ),
    )
    op.create_index("ix_guess_alarms_day", "guess_alarms", ["region", "on_day", "alarm_id"])


def downgrade() -> None:
    op.drop_index("ix_guess_alarms_day", table_name="guess_alarms")
    op.drop_table("guess_alarms")
