"""What stood in a follow-up before it was corrected."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "follow_ups",
        sa.Column("judged", sa.SmallInteger(), server_default="1", nullable=False),
    )
    op.create_table(
        "follow_up_corrections",
        sa.Column("correction_id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("follow_up_id", sa.Uuid(), nullable=False),
        sa.Column("outcome", sa.String(48), nullable=False),
        sa.Column("classification", sa.String(32)),
        sa.Column("control_status", sa.String(16)),
        sa.Column("measurements", postgresql.JSONB(none_as_null=True)),
        sa.Column("corrected_by", sa.String(128), nullable=False),
        sa.Column("corrected_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["follow_up_id"],
            ["follow_ups.follow_up_id"],
            name="fk_follow_up_corrections_follow_up_id_follow_ups",
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("correction_id", name="pk_follow_up_corrections"),
    )
    op.create_index(
        "ix_follow_up_corrections_follow_up_id", "follow_up_corrections", ["follow_up_id"]
    )


def downgrade() -> None:
    op.drop_table("follow_up_corrections")
    op.drop_column("follow_ups", "judged")
