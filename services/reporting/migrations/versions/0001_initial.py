"""Projections of what the services tell; the numbering of changes; the log of rebuilds."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from shared.db.mechanics_ddl import create_mechanics

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_mechanics(op)
    _people()
    _visits()
    _care()
    _mechanics()
    op.execute(sa.schema.CreateSequence(sa.Sequence("reporting_revision")))


def _people() -> None:
    op.create_table(
        "rosters",
        sa.Column("import_id", sa.String(64), nullable=False),
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("roster_source", sa.String(32), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("removed", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("import_id", name="pk_rosters"),
    )
    op.create_table(
        "persons",
        sa.Column("person_id", sa.String(64), nullable=False),
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("household_id", sa.String(64)),
        sa.Column("township", sa.String(64)),
        sa.Column("village", sa.String(64)),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", name="pk_persons"),
    )
    op.create_index("ix_persons_place", "persons", ["township", "village"])
    op.create_table(
        "person_categories",
        sa.Column("person_id", sa.String(64), nullable=False),
        sa.Column("ordinal", sa.SmallInteger(), nullable=False),
        sa.Column("code", sa.String(48), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date()),
        sa.PrimaryKeyConstraint("person_id", "ordinal", name="pk_person_categories"),
    )
    op.create_table(
        "recognitions",
        sa.Column("recognition_id", sa.String(64), nullable=False),
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("grade", sa.String(16), nullable=False),
        sa.Column("person_id", sa.String(64)),
        sa.Column("facility_code", sa.String(32), nullable=False),
        sa.Column("visit_no", sa.String(64), nullable=False),
        sa.Column("visit_type", sa.String(24), nullable=False),
        sa.Column("occurred_on", sa.Date(), nullable=False),
        sa.Column("township", sa.String(64)),
        sa.Column("village", sa.String(64)),
        sa.PrimaryKeyConstraint("recognition_id", name="pk_recognitions"),
    )
    op.create_index("ix_recognitions_occurred_on", "recognitions", ["occurred_on"])


def _visits() -> None:
    op.create_table(
        "encounters",
        sa.Column("encounter_id", sa.String(64), nullable=False),
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("person_id", sa.String(64)),
        sa.Column("facility_code", sa.String(32), nullable=False),
        sa.Column("facility_level", sa.String(16), nullable=False),
        sa.Column("in_region", sa.Boolean(), nullable=False),
        sa.Column("visit_no", sa.String(64), nullable=False),
        sa.Column("visit_type", sa.String(24), nullable=False),
        sa.Column("admitted_on", sa.Date(), nullable=False),
        sa.Column("township", sa.String(64)),
        sa.Column("village", sa.String(64)),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("deposit_fen", sa.BigInteger()),
        sa.Column("treat_first_pay_later", sa.Boolean()),
        sa.Column("recognition_id", sa.String(64)),
        sa.Column("opened_sequence", sa.BigInteger()),
        sa.Column("discharged_on", sa.Date()),
        sa.Column("discharged_sequence", sa.BigInteger()),
        sa.PrimaryKeyConstraint("encounter_id", name="pk_encounters"),
    )
    op.create_index("ix_encounters_admitted_on", "encounters", ["admitted_on"])
    op.create_index("ix_encounters_discharged_on", "encounters", ["discharged_on"])
    op.create_table(
        "settlements",
        sa.Column("settlement_id", sa.String(64), nullable=False),
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("encounter_id", sa.String(64), nullable=False),
        sa.Column("made_sequence", sa.BigInteger()),
        sa.Column("person_id", sa.String(64)),
        sa.Column("facility_code", sa.String(32)),
        sa.Column("facility_level", sa.String(16)),
        sa.Column("in_region", sa.Boolean()),
        sa.Column("township", sa.String(64)),
        sa.Column("village", sa.String(64)),
        sa.Column("category", sa.String(48)),
        sa.Column("visit_type", sa.String(24)),
        sa.Column("admitted_on", sa.Date()),
        sa.Column("discharged_on", sa.Date()),
        sa.Column("pack", sa.String(64)),
        sa.Column("pack_version", sa.String(64)),
        sa.Column("total_fen", sa.BigInteger()),
        sa.Column("waived_fen", sa.BigInteger()),
        sa.Column("out_of_catalogue_fen", sa.BigInteger()),
        sa.Column("over_limit_fen", sa.BigInteger()),
        sa.Column("self_first_fen", sa.BigInteger()),
        sa.Column("in_scope_fen", sa.BigInteger()),
        sa.Column("patient_fen", sa.BigInteger()),
        sa.Column("medical_aid_fen", sa.BigInteger()),
        sa.Column("supersedes", sa.String(64)),
        sa.Column("reversed_by", sa.String(64)),
        sa.Column("reversed_on", sa.Date()),
        sa.PrimaryKeyConstraint("settlement_id", name="pk_settlements"),
    )
    op.create_index("ix_settlements_discharged_on", "settlements", ["discharged_on"])
    op.create_index("ix_settlements_encounter_id", "settlements", ["encounter_id"])
    op.create_table(
        "settlement_payers",
        sa.Column("settlement_id", sa.String(64), nullable=False),
        sa.Column("payer", sa.String(48), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("settlement_id", "payer", name="pk_settlement_payers"),
    )


def _care() -> None:
    op.create_table(
        "contracts",
        sa.Column("contract_id", sa.String(64), nullable=False),
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("person_id", sa.String(64), nullable=False),
        sa.Column("team", sa.String(32), nullable=False),
        sa.Column("township", sa.String(64)),
        sa.Column("village", sa.String(64)),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("valid_from", sa.Date()),
        sa.Column("valid_to", sa.Date()),
        sa.Column("signed_sequence", sa.BigInteger()),
        sa.Column("ended_on", sa.Date()),
        sa.Column("end_reason", sa.String(48)),
        sa.Column("ended_sequence", sa.BigInteger()),
        sa.PrimaryKeyConstraint("contract_id", name="pk_contracts"),
    )
    op.create_index("ix_contracts_person_id", "contracts", ["person_id"])
    op.create_table(
        "tasks",
        sa.Column("task_id", sa.String(64), nullable=False),
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("person_id", sa.String(64), nullable=False),
        sa.Column("rule", sa.String(48), nullable=False),
        sa.Column("team", sa.String(32), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("encounter_id", sa.String(64)),
        sa.Column("opened_sequence", sa.BigInteger()),
        sa.Column("outcome", sa.String(48)),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.Column("closed_sequence", sa.BigInteger()),
        sa.PrimaryKeyConstraint("task_id", name="pk_tasks"),
    )
    op.create_index("ix_tasks_team", "tasks", ["team"])
    op.create_table(
        "follow_ups",
        sa.Column("follow_up_id", sa.String(64), nullable=False),
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("person_id", sa.String(64), nullable=False),
        sa.Column("team", sa.String(32), nullable=False),
        sa.Column("task_id", sa.String(64)),
        sa.Column("performed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("way", sa.String(8), nullable=False),
        sa.PrimaryKeyConstraint("follow_up_id", name="pk_follow_ups"),
    )


def _mechanics() -> None:
    op.create_table(
        "happenings",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("type", sa.String(128), nullable=False),
        sa.Column("township", sa.String(64)),
        sa.Column("facility_code", sa.String(32)),
        sa.Column("grade", sa.String(16)),
        sa.Column("total_fen", sa.BigInteger()),
        sa.Column("patient_fen", sa.BigInteger()),
        sa.PrimaryKeyConstraint("event_id", name="pk_happenings"),
    )
    op.create_index("ix_happenings_at", "happenings", ["at", "event_id"])
    op.create_table(
        "rebuilds",
        sa.Column("rebuild_id", sa.Uuid(), nullable=False),
        sa.Column("requested_by", sa.String(128), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("rebuild_id", name="pk_rebuilds"),
    )


def downgrade() -> None:
    op.execute(sa.schema.DropSequence(sa.Sequence("reporting_revision")))
    for table in (
        "rebuilds",
        "happenings",
        "follow_ups",
        "tasks",
        "contracts",
        "settlement_payers",
        "settlements",
        "encounters",
        "recognitions",
        "person_categories",
        "persons",
        "rosters",
    ):
        op.drop_table(table)
