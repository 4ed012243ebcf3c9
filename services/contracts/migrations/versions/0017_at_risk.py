"""Those at risk: what a measurement said that took a person in; what a check-up measured."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("enrolments", sa.Column("found_as", sa.String(16)))
    op.add_column("check_ups", sa.Column("measurements", JSONB()))


def downgrade() -> None:
    op.drop_column("check_ups", "measurements")
    op.drop_column("enrolments", "found_as")
