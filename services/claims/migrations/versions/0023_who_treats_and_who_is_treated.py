"""The doctor of a visit, and a registered person's sex and year of birth, for monitoring (KZ-20)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("encounters", sa.Column("doctor_code", sa.String(16)))
    op.add_column("members", sa.Column("sex", sa.String(1)))
    op.add_column("members", sa.Column("birth_year", sa.SmallInteger()))


def downgrade() -> None:
    op.drop_column("members", "birth_year")
    op.drop_column("members", "sex")
    op.drop_column("encounters", "doctor_code")
