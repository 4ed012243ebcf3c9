"""Indexes of the window: the cases that wait, and what was settled today."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_encounters_waiting",
        "encounters",
        ["region", "id"],
        postgresql_where=sa.text("status IN ('open', 'charging', 'discharged')"),
    )
    op.create_index("ix_settlements_made_at", "settlements", ["region", "made_at"])


def downgrade() -> None:
    op.drop_index("ix_settlements_made_at", "settlements")
    op.drop_index("ix_encounters_waiting", "encounters")
