"""Reversals are found without reading every settlement: whose later bills they shift is asked often."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        op.f("ix_settlements_reversals"),
        "settlements",
        ["region", "person_id"],
        postgresql_where=sa.text("kind = 'reversal'"),
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_settlements_reversals"), table_name="settlements")
