"""Roster life: revisions of persons, two persons per import, corrections that reach back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TIMESTAMP = sa.DateTime(timezone=True)


def upgrade() -> None:
    _revisions_of_persons()
    op.add_column("memberships", sa.Column("reason", sa.String(16)))
    _imports()
    _value_differences()
    _recognition_revisions()


def _revisions_of_persons() -> None:
    op.add_column("registers", sa.Column("roster_revision", sa.BigInteger()))
    op.execute("UPDATE registers SET roster_revision = revision")
    op.alter_column("registers", "roster_revision", nullable=False)
    op.add_column("persons", sa.Column("revision", sa.BigInteger()))
    # Whoever was registered before counts as changed by the last import that there was.
    op.execute(
        "UPDATE persons SET revision = coalesce("
        "(SELECT r.revision FROM registers r WHERE r.region = persons.region), 0)"
    )
    op.alter_column("persons", "revision", nullable=False)
    # Nobody looks up by them; what they cost is paid for every person of every roster.
    op.drop_index("ix_persons_name_birth_village_idx", "persons")
    op.drop_index("ix_persons_phone_idx", "persons")
    op.create_index("ix_persons_revision", "persons", ["region", "revision"])


def _imports() -> None:
    for index in (
        "id_number_idx",
        "name_idx",
        "name_birth_idx",
        "name_birth_village_idx",
        "household_idx",
    ):
        op.add_column("staged_rows", sa.Column(index, sa.LargeBinary()))
    # What was staged before lacks them: it must be uploaded again, and says so when applied.
    op.execute("UPDATE roster_imports SET base_revision = -1 WHERE status = 'validated'")
    op.add_column("roster_imports", sa.Column("confirmed_by", sa.String(128)))
    op.add_column("roster_imports", sa.Column("confirmed_at", TIMESTAMP))
    for count in ("passed_over", "households_incomplete", "recognitions_affected"):
        zero = sa.Column(count, sa.Integer(), nullable=False, server_default="0")
        op.add_column("roster_imports", zero)
        op.alter_column("roster_imports", count, server_default=None)
    op.drop_constraint("status_known", "roster_imports", type_="check")
    op.create_check_constraint(
        "status_known", "roster_imports", "status IN ('validated', 'confirmed', 'applied')"
    )
    op.create_check_constraint(
        "confirmed_by_one", "roster_imports", "confirmed_by IS NOT NULL OR status <> 'confirmed'"
    )
    op.create_table(
        "incomplete_households",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("listed", sa.Integer(), nullable=False),
        sa.Column("missing", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("import_id", "household_id", name="pk_incomplete_households"),
        sa.ForeignKeyConstraint(
            ["import_id"],
            ["roster_imports.import_id"],
            name="fk_incomplete_households_import_id_roster_imports",
        ),
        sa.ForeignKeyConstraint(
            ["household_id"],
            ["households.household_id"],
            name="fk_incomplete_households_household_id_households",
        ),
    )
    op.create_table(
        "roster_mappings",
        sa.Column("region", sa.String(12), nullable=False),
        sa.Column("source", sa.String(32), nullable=False),
        sa.Column("headers", postgresql.JSONB(), nullable=False),
        sa.Column("updated_by", sa.String(128), nullable=False),
        sa.Column("updated_at", TIMESTAMP, nullable=False),
        sa.PrimaryKeyConstraint("region", "source", name="pk_roster_mappings"),
    )
    op.create_table(
        "roster_progress",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(12), nullable=False),
        sa.Column("organisation", sa.String(128), nullable=False),
        sa.Column("source", sa.String(32), nullable=False),
        sa.Column("stage", sa.String(16), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("started_at", TIMESTAMP, nullable=False),
        sa.Column("updated_at", TIMESTAMP, nullable=False),
        sa.PrimaryKeyConstraint("import_id", name="pk_roster_progress"),
    )


def _value_differences() -> None:
    op.create_table(
        "value_differences",
        sa.Column("difference_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("field", sa.String(16), nullable=False),
        sa.Column("source", sa.String(32), nullable=False),
        sa.Column("value_enc", sa.LargeBinary(), nullable=False),
        sa.Column("other_source", sa.String(32), nullable=False),
        sa.Column("other_value_enc", sa.LargeBinary(), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", TIMESTAMP, nullable=False),
        sa.Column("superseded_at", TIMESTAMP),
        sa.PrimaryKeyConstraint("difference_id", name="pk_value_differences"),
        sa.ForeignKeyConstraint(
            ["person_id"], ["persons.person_id"], name="fk_value_differences_person_id_persons"
        ),
        sa.CheckConstraint("source <> other_source", name="two_sources"),
    )
    op.create_index("ix_value_differences_person_id", "value_differences", ["person_id"])


def _recognition_revisions() -> None:
    op.create_table(
        "recognition_revisions",
        sa.Column("revision_id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(12), nullable=False),
        sa.Column("recognition_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("import_id", sa.Uuid()),
        sa.Column("from_grade", sa.String(16), nullable=False),
        sa.Column("to_grade", sa.String(16), nullable=False),
        sa.Column("from_person_id", sa.Uuid()),
        sa.Column("to_person_id", sa.Uuid()),
        sa.Column("from_categories", postgresql.JSONB(), nullable=False),
        sa.Column("to_categories", postgresql.JSONB(), nullable=False),
        sa.Column("from_entitlements", postgresql.JSONB(), nullable=False),
        sa.Column("to_entitlements", postgresql.JSONB(), nullable=False),
        sa.Column("recorded_at", TIMESTAMP, nullable=False),
        sa.PrimaryKeyConstraint("revision_id", name="pk_recognition_revisions"),
        sa.UniqueConstraint(
            "recognition_id", "number", name="uq_recognition_revisions_recognition_id_number"
        ),
        *(
            sa.ForeignKeyConstraint(
                [column],
                [f"{table}.{key}"],
                name=f"fk_recognition_revisions_{column}_{table}",
            )
            for column, table, key in (
                ("recognition_id", "recognitions", "recognition_id"),
                ("import_id", "roster_imports", "import_id"),
                ("from_person_id", "persons", "person_id"),
                ("to_person_id", "persons", "person_id"),
            )
        ),
        sa.CheckConstraint(
            "reason IN ('roster_correction', 'review', 'number_arrived', 'merge')",
            name="reason_known",
        ),
    )
    for column in ("import_id", "to_person_id"):
        op.create_index(f"ix_recognition_revisions_{column}", "recognition_revisions", [column])
