"""Answers that hold only until a newborn's number arrives."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "provisional_answers",
        sa.Column("recognition_id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(12), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(16), nullable=True),
        sa.PrimaryKeyConstraint("recognition_id", name=op.f("pk_provisional_answers")),
        sa.ForeignKeyConstraint(
            ["recognition_id"],
            ["recognitions.recognition_id"],
            name="fk_provisional_answers_recognition_id_recognitions",
        ),
        sa.CheckConstraint(
            "outcome IN ('number_arrived', 'expired', 'decided')",
            name=op.f("ck_provisional_answers_outcome_known"),
        ),
        sa.CheckConstraint(
            "(ended_at IS NULL) = (outcome IS NULL)",
            name=op.f("ck_provisional_answers_outcome_when_ended"),
        ),
    )
    op.create_index(
        "ix_provisional_answers_waiting",
        "provisional_answers",
        ["region", "recognition_id"],
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("provisional_answers")
