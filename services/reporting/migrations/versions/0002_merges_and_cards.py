"""Merged persons, and health cards."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from shared.merges.ddl import create_person_merges

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_person_merges(op)
    op.create_table(
        "cards",
        sa.Column("card_id", sa.String(64), nullable=False),
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("person_id", sa.String(64), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("revoked_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("card_id", name=op.f("pk_cards")),
    )
    op.create_index("ix_cards_person_id", "cards", ["person_id"])


def downgrade() -> None:
    op.drop_table("cards")
    op.drop_table("person_merges")
