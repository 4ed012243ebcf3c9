"""A referral down opens a task, and one that nobody answers is told as expired."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

BEFORE = "ck_tasks_ck_tasks_origin"
"""The name that the sixth version gave by the convention."""


def upgrade() -> None:
    op.add_column("tasks", sa.Column("referral_id", sa.Uuid()))
    op.create_foreign_key(
        op.f("fk_tasks_referral_id_referrals"),
        "tasks",
        "referrals",
        ["referral_id"],
        ["referral_id"],
        ondelete="RESTRICT",
    )
    op.create_unique_constraint(op.f("uq_tasks_rule_referral_id"), "tasks", ["rule", "referral_id"])
    op.drop_constraint(op.f(BEFORE), "tasks")
    op.create_check_constraint(
        op.f("ck_tasks_origin"),
        "tasks",
        "num_nonnulls(encounter_id, programme, referral_id) = 1",
    )
    op.add_column(
        "referrals",
        sa.Column("expiry_told", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.create_index(
        "ix_referrals_unanswered",
        "referrals",
        ["valid_to"],
        postgresql_where=sa.text("status = 'made' AND NOT expiry_told"),
    )


def downgrade() -> None:
    op.drop_index("ix_referrals_unanswered", "referrals")
    op.drop_column("referrals", "expiry_told")
    op.execute("DELETE FROM referral_steps WHERE step = 'expire'")
    op.execute(
        "UPDATE follow_ups SET task_id = NULL WHERE task_id IN"
        " (SELECT task_id FROM tasks WHERE referral_id IS NOT NULL)"
    )
    op.execute("DELETE FROM tasks WHERE referral_id IS NOT NULL")
    op.drop_constraint(op.f("ck_tasks_origin"), "tasks")
    op.create_check_constraint(
        op.f(BEFORE), "tasks", "(encounter_id IS NULL) = (programme IS NOT NULL)"
    )
    op.drop_column("tasks", "referral_id")
