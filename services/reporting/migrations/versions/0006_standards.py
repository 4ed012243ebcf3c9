"""Facts of institutions with the days on which they hold, and the county's map."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TIMESTAMP = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "standard_facts",
        sa.Column("fact_id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("key", sa.String(160), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("township", sa.String(64), nullable=True),
        sa.Column("content", postgresql.JSONB(), nullable=False),
        sa.Column("recorded_at", TIMESTAMP, nullable=False),
        sa.Column("recorded_by", sa.String(128), nullable=False),
        sa.Column("replaced_at", TIMESTAMP, nullable=True),
        sa.PrimaryKeyConstraint("fact_id", name=op.f("pk_standard_facts")),
    )
    op.create_index(
        "uq_standard_facts_standing",
        "standard_facts",
        ["region", "kind", "key", "valid_from"],
        unique=True,
        postgresql_where=sa.text("replaced_at IS NULL"),
    )
    op.create_table(
        "standard_maps",
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("shapes", postgresql.JSONB(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("unplaced", postgresql.JSONB(), nullable=False),
        sa.Column("uploaded_at", TIMESTAMP, nullable=False),
        sa.Column("uploaded_by", sa.String(128), nullable=False),
        sa.PrimaryKeyConstraint("region", name=op.f("pk_standard_maps")),
    )


def downgrade() -> None:
    op.drop_table("standard_maps")
    op.drop_table("standard_facts")
