"""A key of cards may be compromised: what it signed proves nothing any more."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "card_keys", sa.Column("compromised_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.create_index("ix_cards_kid", "cards", ["kid"])


def downgrade() -> None:
    op.drop_index("ix_cards_kid", table_name="cards")
    op.drop_column("card_keys", "compromised_at")
