"""A visit that measured nothing has no measurements, not JSON's word for nothing."""

from __future__ import annotations

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE follow_ups SET measurements = NULL WHERE measurements = 'null'")


def downgrade() -> None:
    pass
