"""The limit against guessing is kept here, so that several processes share it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "guess_budgets",
        sa.Column("client_id", sa.String(128), nullable=False),
        sa.Column("facility_code", sa.String(32), nullable=False),
        sa.Column("spent", sa.Float(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("client_id", "facility_code", name=op.f("pk_guess_budgets")),
    )


def downgrade() -> None:
    op.drop_table("guess_budgets")
