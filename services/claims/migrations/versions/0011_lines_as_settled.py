"""A settlement keeps each line's kind and class: its statement is the same for ever."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("settlement_lines", sa.Column("kind", sa.String(32), nullable=True))
    op.add_column("settlement_lines", sa.Column("catalogue_class", sa.String(1), nullable=True))


def downgrade() -> None:
    op.drop_column("settlement_lines", "catalogue_class")
    op.drop_column("settlement_lines", "kind")
