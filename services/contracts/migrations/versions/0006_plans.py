"""Programmes of care: who is in them, their tasks, what a visit measured, services on record."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_TASK_COLUMNS: tuple[sa.Column[Any], ...] = (
    sa.Column("rule_version", sa.SmallInteger(), nullable=False, server_default="1"),
    sa.Column("programme", sa.String(32)),
    sa.Column("anchor", sa.String(64)),
    sa.Column("attempt", sa.SmallInteger(), nullable=False, server_default="0"),
    sa.Column("anchor_on", sa.Date()),
    sa.Column("priority", sa.SmallInteger(), nullable=False, server_default="15"),
    sa.Column("opens_on", sa.Date()),
    sa.Column("closes_on", sa.Date()),
    sa.Column("told", sa.Boolean(), nullable=False, server_default=sa.true()),
)
_VISIT_COLUMNS: tuple[sa.Column[Any], ...] = (
    sa.Column("disease", sa.String(32)),
    sa.Column("classification", sa.String(32)),
    sa.Column("control_status", sa.String(16)),
    sa.Column("measurements", postgresql.JSONB()),
    sa.Column("anchor_on", sa.Date()),
)
_OF_DISCHARGES = ("encounter_id", "facility_code", "discharged_on")


def upgrade() -> None:
    op.add_column("people", sa.Column("birth_year", sa.SmallInteger()))
    op.create_table(
        "enrolments",
        sa.Column("enrolment_id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("person_id", sa.String(64), nullable=False),
        sa.Column("programme", sa.String(32), nullable=False),
        sa.Column("started_on", sa.Date(), nullable=False),
        sa.Column("planned_from", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date()),
        sa.Column("end_reason", sa.String(32)),
        sa.Column("recorded_by", sa.String(128), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("enrolment_id", name="pk_enrolments"),
        sa.CheckConstraint(
            "ended_on IS NULL OR ended_on >= started_on", name="ck_enrolments_ended_on"
        ),
        sa.CheckConstraint("(ended_on IS NULL) = (end_reason IS NULL)", name="ck_enrolments_ended"),
    )
    op.create_index(
        "uq_enrolments_in_force",
        "enrolments",
        ["person_id", "programme"],
        unique=True,
        postgresql_where=sa.text("ended_on IS NULL"),
    )
    _services()
    for column in _TASK_COLUMNS:
        op.add_column("tasks", column)
    op.execute("UPDATE tasks SET opens_on = discharged_on")
    op.alter_column("tasks", "opens_on", nullable=False)
    for name in _OF_DISCHARGES:
        op.alter_column("tasks", name, nullable=True)
    op.create_check_constraint(
        "ck_tasks_origin", "tasks", "(encounter_id IS NULL) = (programme IS NOT NULL)"
    )
    op.create_index(
        "uq_tasks_attempt",
        "tasks",
        ["person_id", "programme", "anchor", "attempt"],
        unique=True,
        postgresql_where=sa.text("programme IS NOT NULL"),
    )
    op.create_index(
        "ix_tasks_planned_open",
        "tasks",
        ["opens_on", "closes_on"],
        postgresql_where=sa.text("programme IS NOT NULL AND status = 'open'"),
    )
    for column in _VISIT_COLUMNS:
        op.add_column("follow_ups", column)
    op.create_index(
        "ix_follow_ups_visits",
        "follow_ups",
        ["person_id", "disease", "performed_at"],
        postgresql_where=sa.text("disease IS NOT NULL"),
    )


def _services() -> None:
    op.create_table(
        "check_ups",
        sa.Column("check_up_id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("person_id", sa.String(64), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("performed_on", sa.Date(), nullable=False),
        sa.Column("team", sa.String(32), nullable=False),
        sa.Column("township", sa.String(64)),
        sa.Column("village", sa.String(64)),
        sa.Column("items", postgresql.JSONB(), nullable=False),
        sa.Column("paid", sa.Boolean(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("recorded_by", sa.String(128), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("check_up_id", name="pk_check_ups"),
        sa.CheckConstraint("(amount_fen > 0) = paid", name="ck_check_ups_amount"),
        sa.CheckConstraint("year = extract(year FROM performed_on)", name="ck_check_ups_year"),
    )
    op.create_index(
        "uq_check_ups_paid",
        "check_ups",
        ["person_id", "year"],
        unique=True,
        postgresql_where=sa.text("paid"),
    )
    op.create_index("ix_check_ups_person", "check_ups", ["person_id", "year"])
    op.create_index("ix_check_ups_team", "check_ups", ["team", "performed_on"])
    op.create_table(
        "dispensings",
        sa.Column("dispensing_id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("person_id", sa.String(64), nullable=False),
        sa.Column("disease", sa.String(32), nullable=False),
        sa.Column("dispensed_on", sa.Date(), nullable=False),
        sa.Column("facility_code", sa.String(32), nullable=False),
        sa.Column("team", sa.String(32), nullable=False),
        sa.Column("total_fen", sa.BigInteger(), nullable=False),
        sa.Column("insured_fen", sa.BigInteger(), nullable=False),
        sa.Column("days", sa.SmallInteger()),
        sa.Column("drugs", postgresql.JSONB(), nullable=False),
        sa.Column("recorded_by", sa.String(128), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("dispensing_id", name="pk_dispensings"),
        sa.CheckConstraint(
            "insured_fen >= 0 AND total_fen >= insured_fen", name="ck_dispensings_amounts"
        ),
    )
    op.create_index("ix_dispensings_person", "dispensings", ["person_id", "dispensed_on"])


def downgrade() -> None:
    op.drop_table("dispensings")
    op.drop_table("check_ups")
    op.drop_index("ix_follow_ups_visits", "follow_ups")
    for column in reversed(_VISIT_COLUMNS):
        op.drop_column("follow_ups", column.name)
    op.drop_index("ix_tasks_planned_open", "tasks")
    op.drop_index("uq_tasks_attempt", "tasks")
    op.execute(
        "UPDATE follow_ups SET task_id = NULL WHERE task_id IN "
        "(SELECT task_id FROM tasks WHERE encounter_id IS NULL)"
    )
    op.execute("DELETE FROM tasks WHERE encounter_id IS NULL")
    for name in _OF_DISCHARGES:
        op.alter_column("tasks", name, nullable=False)
    for column in reversed(_TASK_COLUMNS):
        op.drop_column("tasks", column.name)
    op.drop_table("enrolments")
    op.drop_column("people", "birth_year")
