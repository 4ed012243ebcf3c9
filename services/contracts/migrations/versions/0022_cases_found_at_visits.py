"""Which follow-up put a disease on the register: a correction of it takes the case off again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("disease_cases", sa.Column("follow_up_id", sa.Uuid()))
    op.create_foreign_key(
        "fk_disease_cases_follow_up_id_follow_ups",
        "disease_cases",
        "follow_ups",
        ["follow_up_id"],
        ["follow_up_id"],
        ondelete="RESTRICT",
    )
    op.create_index(
        "ix_disease_cases_follow_up_id",
        "disease_cases",
        ["follow_up_id"],
        postgresql_where=sa.text("follow_up_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_column("disease_cases", "follow_up_id")
