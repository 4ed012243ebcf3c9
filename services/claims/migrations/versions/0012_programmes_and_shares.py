"""A visit may belong to several disease programmes, and schemes may tell what they pay of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column(
        "encounters", "disease_programme", existing_type=sa.String(32), type_=sa.String(64)
    )
    op.add_column(
        "encounters",
        sa.Column(
            "stated_payments", JSONB(), nullable=False, server_default=sa.text("'{}'::jsonb")
        ),
    )


def downgrade() -> None:
    op.drop_column("encounters", "stated_payments")
    op.alter_column(
        "encounters", "disease_programme", existing_type=sa.String(64), type_=sa.String(32)
    )
