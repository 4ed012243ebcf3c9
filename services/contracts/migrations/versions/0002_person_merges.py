"""Merged persons: who stands for whom."""

from __future__ import annotations

from alembic import op

from shared.merges.ddl import create_person_merges

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_person_merges(op)


def downgrade() -> None:
    op.drop_table("person_merges")
