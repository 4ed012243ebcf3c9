"""People, contracts, discharges, tasks, follow-ups."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.db.mechanics_ddl import create_mechanics

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_mechanics(op)
    op.create_table(
        "people",
        sa.Column("person_id", sa.String(64), nullable=False),
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("household_id", sa.String(64)),
        sa.Column("township", sa.String(64)),
        sa.Column("village", sa.String(64)),
        sa.Column("categories", postgresql.JSONB(), nullable=False),
        sa.Column("registered", sa.Boolean(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", name="pk_people"),
    )
    op.create_index("ix_people_place", "people", ["township", "village"])
    op.create_table(
        "person_versions",
        sa.Column("person_id", sa.String(64), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", name="pk_person_versions"),
    )
    _contracts()
    _discharges_and_tasks()


def _contracts() -> None:
    op.create_table(
        "contracts",
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("person_id", sa.String(64), nullable=False),
        sa.Column("team", sa.String(32), nullable=False),
        sa.Column("township", sa.String(64)),
        sa.Column("village", sa.String(64)),
        sa.Column("signed_on", sa.Date(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date()),
        sa.Column("end_reason", sa.String(32)),
        sa.Column(
            "in_force",
            postgresql.DATERANGE(),
            sa.Computed(
                "daterange(valid_from, COALESCE(ended_on, valid_to + 1), '[)')", persisted=True
            ),
            nullable=False,
        ),
        sa.Column("signed_by", sa.String(128), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("contract_id", name="pk_contracts"),
        sa.CheckConstraint("valid_to >= valid_from", name="ck_contracts_term"),
        sa.CheckConstraint(
            "ended_on IS NULL OR ended_on >= valid_from", name="ck_contracts_ended_on"
        ),
        sa.CheckConstraint("(ended_on IS NULL) = (end_reason IS NULL)", name="ck_contracts_ended"),
    )
    op.create_index("ix_contracts_person_id", "contracts", ["person_id"])
    op.create_index("ix_contracts_team", "contracts", ["team", "contract_id"])
    # One contract in force per person at a time. GiST without the extension btree_gist cannot
    # compare text for equality, but it can tell whether two ranges of text overlap.
    op.execute('CREATE TYPE person_span AS RANGE (subtype = text, collation = "C")')
    op.execute(
        "ALTER TABLE contracts ADD CONSTRAINT ex_contracts_one_in_force EXCLUDE USING gist "
        "(person_span(person_id, person_id, '[]') WITH &&, in_force WITH &&)"
    )


def _discharges_and_tasks() -> None:
    op.create_table(
        "discharges",
        sa.Column("encounter_id", sa.String(64), nullable=False),
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("person_id", sa.String(64), nullable=False),
        sa.Column("facility_code", sa.String(32), nullable=False),
        sa.Column("township", sa.String(64)),
        sa.Column("village", sa.String(64)),
        sa.Column("discharged_on", sa.Date(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("encounter_id", name="pk_discharges"),
    )
    op.create_index("ix_discharges_person_id", "discharges", ["person_id"])
    op.create_table(
        "tasks",
        sa.Column("task_id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("rule", sa.String(48), nullable=False),
        sa.Column("encounter_id", sa.String(64), nullable=False),
        sa.Column("person_id", sa.String(64), nullable=False),
        sa.Column("team", sa.String(32), nullable=False),
        sa.Column("township", sa.String(64)),
        sa.Column("village", sa.String(64)),
        sa.Column("facility_code", sa.String(32), nullable=False),
        sa.Column("discharged_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("status", sa.String(8), nullable=False),
        sa.Column("outcome", sa.String(48)),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("task_id", name="pk_tasks"),
        sa.UniqueConstraint("rule", "encounter_id", name="uq_tasks_rule_encounter_id"),
        sa.ForeignKeyConstraint(
            ["encounter_id"],
            ["discharges.encounter_id"],
            name="fk_tasks_encounter_id_discharges",
            ondelete="RESTRICT",
        ),
        sa.CheckConstraint("status IN ('open', 'closed')", name="ck_tasks_status"),
        sa.CheckConstraint("(status = 'closed') = (outcome IS NOT NULL)", name="ck_tasks_outcome"),
    )
    op.create_index("ix_tasks_person_id", "tasks", ["person_id"])
    op.create_index("ix_tasks_worklist", "tasks", ["status", "due_on", "task_id"])
    op.create_index("ix_tasks_team", "tasks", ["team", "status"])
    op.create_table(
        "follow_ups",
        sa.Column("follow_up_id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("person_id", sa.String(64), nullable=False),
        sa.Column("task_id", sa.Uuid()),
        sa.Column("team", sa.String(32), nullable=False),
        sa.Column("performed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("way", sa.String(8), nullable=False),
        sa.Column("outcome", sa.String(48), nullable=False),
        sa.Column("note", sa.LargeBinary()),
        sa.Column("recorded_by", sa.String(128), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("follow_up_id", name="pk_follow_ups"),
        sa.ForeignKeyConstraint(
            ["task_id"],
            ["tasks.task_id"],
            name="fk_follow_ups_task_id_tasks",
            ondelete="RESTRICT",
        ),
    )
    op.create_index("ix_follow_ups_person_id", "follow_ups", ["person_id"])


def downgrade() -> None:
    for table in ("follow_ups", "tasks", "discharges", "contracts", "person_versions", "people"):
        op.drop_table(table)
    op.execute("DROP TYPE person_span")
