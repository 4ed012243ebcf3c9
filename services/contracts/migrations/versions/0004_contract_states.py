"""Contract states with their steps, exempt reasons, and the homes of past months."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_SPAN = "person_span(person_id, person_id, '[]') WITH &&, in_force WITH &&"
_OLD_IN_FORCE = "daterange(valid_from, COALESCE(ended_on, valid_to + 1), '[)')"
_IN_FORCE = f"CASE WHEN valid_from IS NULL THEN 'empty'::daterange ELSE {_OLD_IN_FORCE} END"


def upgrade() -> None:
    _contracts()
    op.add_column("people", sa.Column("reason", sa.String(32)))
    op.create_table(
        "person_homes",
        sa.Column("person_id", sa.String(64), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("township", sa.String(64)),
        sa.Column("village", sa.String(64)),
        sa.PrimaryKeyConstraint("person_id", "sequence", name="pk_person_homes"),
    )
    op.execute(
        "INSERT INTO person_homes (person_id, sequence, effective_on, township, village)"
        " SELECT person_id, sequence, effective_on, township, village FROM people"
    )
    op.create_table(
        "exemptions",
        sa.Column("exemption_id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("person_id", sa.String(64), nullable=False),
        sa.Column("contract_id", sa.Uuid()),
        sa.Column("township", sa.String(64)),
        sa.Column("village", sa.String(64)),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date()),
        sa.Column("ended_on", sa.Date()),
        sa.Column("end_reason", sa.String(32)),
        sa.Column(
            "in_force",
            postgresql.DATERANGE(),
            sa.Computed(_OLD_IN_FORCE, persisted=True),
            nullable=False,
        ),
        sa.Column("evidence", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_by", sa.String(128), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("exemption_id", name="pk_exemptions"),
        sa.ForeignKeyConstraint(
            ["contract_id"],
            ["contracts.contract_id"],
            name="fk_exemptions_contract_id_contracts",
            ondelete="RESTRICT",
        ),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="ck_exemptions_term"),
        sa.CheckConstraint(
            "ended_on IS NULL OR ended_on >= valid_from", name="ck_exemptions_ended_on"
        ),
        sa.CheckConstraint("(ended_on IS NULL) = (end_reason IS NULL)", name="ck_exemptions_ended"),
    )
    op.create_index("ix_exemptions_person_id", "exemptions", ["person_id"])
    op.execute(
        "ALTER TABLE exemptions ADD CONSTRAINT ex_exemptions_one_in_force"
        f" EXCLUDE USING gist ({_SPAN})"
    )


def _contracts() -> None:
    op.add_column("contracts", sa.Column("stage", sa.String(12)))
    op.add_column("contracts", sa.Column("package", sa.String(32)))
    op.add_column("contracts", sa.Column("renewals", sa.SmallInteger()))
    op.add_column("contracts", sa.Column("ended_by_registry", sa.Boolean()))
    op.add_column("contracts", sa.Column("transferred_from", sa.Uuid()))
    op.execute(
        "UPDATE contracts SET package = 'basic', renewals = 0, ended_by_registry = false,"
        " stage = CASE WHEN ended_on IS NULL THEN 'signed' ELSE 'ended' END"
    )
    for column in ("stage", "package", "renewals", "ended_by_registry"):
        op.alter_column("contracts", column, nullable=False)
    for column in ("signed_on", "valid_from", "valid_to"):
        op.alter_column("contracts", column, nullable=True)
    op.create_foreign_key(
        "fk_contracts_transferred_from_contracts",
        "contracts",
        "contracts",
        ["transferred_from"],
        ["contract_id"],
        ondelete="RESTRICT",
    )
    op.create_check_constraint(
        op.f("ck_contracts_stage"),
        "contracts",
        "stage IN ('invited', 'pending', 'signed', 'renewed', 'transferred', 'ended',"
        " 'refused', 'withdrawn')",
    )
    op.create_check_constraint(
        op.f("ck_contracts_signed"),
        "contracts",
        "(stage IN ('invited', 'pending', 'refused', 'withdrawn')) = (signed_on IS NULL)"
        " AND (signed_on IS NULL) = (valid_from IS NULL)"
        " AND (valid_from IS NULL) = (valid_to IS NULL)",
    )
    op.create_check_constraint(
        op.f("ck_contracts_stage_ended"),
        "contracts",
        "(stage IN ('transferred', 'ended')) = (ended_on IS NOT NULL)",
    )
    _in_force(_IN_FORCE)
    op.create_table(
        "contract_steps",
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("step", sa.String(12), nullable=False),
        sa.Column("stage", sa.String(12), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(32)),
        sa.Column("valid_to", sa.Date()),
        sa.Column("recorded_by", sa.String(128), nullable=False),
        sa.Column("organisation", sa.String(64), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("contract_id", "number", name="pk_contract_steps"),
        sa.ForeignKeyConstraint(
            ["contract_id"],
            ["contracts.contract_id"],
            name="fk_contract_steps_contract_id_contracts",
            ondelete="RESTRICT",
        ),
    )
    # Contracts from before have their signature, and their end, as steps; who is as far as known.
    op.execute(
        'INSERT INTO contract_steps (contract_id, number, step, stage, "on", valid_to,'
        " recorded_by, organisation, recorded_at)"
        " SELECT contract_id, 1, 'sign', 'signed', signed_on, valid_to, signed_by, '',"
        " recorded_at FROM contracts"
    )
    op.execute(
        'INSERT INTO contract_steps (contract_id, number, step, stage, "on", reason, valid_to,'
        " recorded_by, organisation, recorded_at)"
        " SELECT contract_id, 2, 'terminate', 'ended', ended_on, end_reason, valid_to, '', '',"
        " recorded_at FROM contracts WHERE ended_on IS NOT NULL"
    )


def _in_force(expression: str) -> None:
    """The days of a contract are computed anew: an offer holds on none."""
    op.drop_constraint("ex_contracts_one_in_force", "contracts")
    op.drop_column("contracts", "in_force")
    op.add_column(
        "contracts",
        sa.Column(
            "in_force",
            postgresql.DATERANGE(),
            sa.Computed(expression, persisted=True),
            nullable=False,
        ),
    )
    op.execute(
        "ALTER TABLE contracts ADD CONSTRAINT ex_contracts_one_in_force"
        f" EXCLUDE USING gist ({_SPAN})"
    )


def downgrade() -> None:
    for table in ("exemptions", "person_homes", "contract_steps"):
        op.drop_table(table)
    op.drop_column("people", "reason")
    op.execute("DELETE FROM contracts WHERE signed_on IS NULL")
    for name in ("ck_contracts_stage", "ck_contracts_signed", "ck_contracts_stage_ended"):
        op.drop_constraint(op.f(name), "contracts")
    op.drop_constraint("fk_contracts_transferred_from_contracts", "contracts")
    for column in ("stage", "package", "renewals", "ended_by_registry", "transferred_from"):
        op.drop_column("contracts", column)
    for column in ("signed_on", "valid_from", "valid_to"):
        op.alter_column("contracts", column, nullable=False)
    _in_force(_OLD_IN_FORCE)
