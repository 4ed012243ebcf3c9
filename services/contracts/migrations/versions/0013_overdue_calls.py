"""Calls to people who did not come when they were due."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "overdue_calls",
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("person_id", sa.String(64), nullable=False),
        sa.Column("team", sa.String(32), nullable=False),
        sa.Column("township", sa.String(64)),
        sa.Column("called_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("called_on", sa.Date(), nullable=False),
        sa.Column("outcome", sa.String(32), nullable=False),
        sa.Column("agreed_on", sa.Date()),
        sa.Column("again_on", sa.Date()),
        sa.Column("consent", sa.String(8)),
        sa.Column("note", sa.LargeBinary()),
        sa.Column("judged_on", sa.Date()),
        sa.Column("returned_on", sa.Date()),
        sa.Column("recorded_by", sa.String(128), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("call_id", name="pk_overdue_calls"),
        sa.CheckConstraint(
            "consent IN ('given', 'refused')", name=op.f("ck_overdue_calls_consent")
        ),
        sa.CheckConstraint(
            "returned_on IS NULL OR judged_on IS NOT NULL", name=op.f("ck_overdue_calls_judged")
        ),
    )
    op.create_index("ix_overdue_calls_person_id", "overdue_calls", ["person_id", "called_at"])
    op.create_index("ix_overdue_calls_team", "overdue_calls", ["team", "called_on"])
    op.create_index(
        "ix_overdue_calls_waiting",
        "overdue_calls",
        ["called_on"],
        postgresql_where=sa.text("judged_on IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("overdue_calls")
