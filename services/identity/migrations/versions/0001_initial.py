"""Persons, households, memberships, roster imports, recognitions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.db.mechanics_ddl import create_mechanics

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TIMESTAMP = sa.DateTime(timezone=True)


def upgrade() -> None:
    create_mechanics(op)
    _persons()
    _what_sources_say()
    _rosters()
    _recognitions()


def _persons() -> None:
    op.create_table(
        "households",
        sa.Column("household_id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(12), nullable=False),
        sa.Column("source", sa.String(32), nullable=False),
        sa.Column("household_idx", sa.LargeBinary(), nullable=False),
        sa.Column("household_no_enc", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", TIMESTAMP, nullable=False),
        sa.PrimaryKeyConstraint("household_id", name="pk_households"),
        sa.UniqueConstraint(
            "region", "source", "household_idx", name="uq_households_region_source_household_idx"
        ),
    )
    op.create_table(
        "persons",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(12), nullable=False),
        sa.Column("source", sa.String(32), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("name_enc", sa.LargeBinary(), nullable=False),
        sa.Column("id_number_enc", sa.LargeBinary()),
        sa.Column("phone_enc", sa.LargeBinary()),
        sa.Column("birth_date", sa.Date()),
        sa.Column("sex", sa.String(1)),
        sa.Column("household_id", sa.Uuid()),
        sa.Column("township", sa.String(64)),
        sa.Column("village", sa.String(64)),
        sa.Column("id_number_idx", sa.LargeBinary()),
        sa.Column("name_idx", sa.LargeBinary(), nullable=False),
        sa.Column("name_birth_idx", sa.LargeBinary()),
        sa.Column("name_birth_village_idx", sa.LargeBinary()),
        sa.Column("phone_idx", sa.LargeBinary()),
        sa.Column("created_at", TIMESTAMP, nullable=False),
        sa.Column("updated_at", TIMESTAMP, nullable=False),
        sa.PrimaryKeyConstraint("person_id", name="pk_persons"),
        sa.ForeignKeyConstraint(
            ["household_id"],
            ["households.household_id"],
            name="fk_persons_household_id_households",
        ),
        sa.CheckConstraint("sex IN ('M', 'F')", name="sex_known"),
    )
    for column in (
        "id_number_idx",
        "name_idx",
        "name_birth_idx",
        "name_birth_village_idx",
        "phone_idx",
        "household_id",
    ):
        op.create_index(f"ix_persons_{column}", "persons", [column])
    op.create_table(
        "reveals",
        sa.Column("reveal_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(12), nullable=False),
        sa.Column("actor", sa.String(128), nullable=False),
        sa.Column("organisation", sa.String(128), nullable=False),
        sa.Column("reason_enc", sa.LargeBinary(), nullable=False),
        sa.Column("revealed_at", TIMESTAMP, nullable=False),
        sa.PrimaryKeyConstraint("reveal_id", name="pk_reveals"),
        sa.ForeignKeyConstraint(
            ["person_id"], ["persons.person_id"], name="fk_reveals_person_id_persons"
        ),
    )
    op.create_index("ix_reveals_person_id", "reveals", ["person_id"])


def _what_sources_say() -> None:
    op.create_table(
        "source_records",
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.String(32), nullable=False),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("record_enc", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", TIMESTAMP, nullable=False),
        sa.Column("superseded_at", TIMESTAMP),
        sa.PrimaryKeyConstraint("record_id", name="pk_source_records"),
        sa.ForeignKeyConstraint(
            ["person_id"], ["persons.person_id"], name="fk_source_records_person_id_persons"
        ),
    )
    op.create_index(
        "uq_source_records_current",
        "source_records",
        ["person_id", "source"],
        unique=True,
        postgresql_where=sa.text("superseded_at IS NULL"),
    )
    op.create_table(
        "memberships",
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(12), nullable=False),
        sa.Column("source", sa.String(32), nullable=False),
        sa.Column("category", sa.String(32), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date()),
        sa.Column("recorded_at", TIMESTAMP, nullable=False),
        sa.Column("superseded_at", TIMESTAMP),
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("membership_id", name="pk_memberships"),
        sa.ForeignKeyConstraint(
            ["person_id"], ["persons.person_id"], name="fk_memberships_person_id_persons"
        ),
        sa.CheckConstraint("valid_to >= valid_from", name="ends_after_start"),
    )
    op.create_index("ix_memberships_person_id", "memberships", ["person_id"])
    op.create_index(
        "ix_memberships_current_source",
        "memberships",
        ["region", "source"],
        postgresql_where=sa.text("superseded_at IS NULL"),
    )


def _rosters() -> None:
    op.create_table(
        "registers",
        sa.Column("region", sa.String(12), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("region", name="pk_registers"),
    )
    counts = ("rows", "accepted", "rejected", "added", "changed", "removed", "unchanged")
    op.create_table(
        "roster_imports",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(12), nullable=False),
        sa.Column("organisation", sa.String(128), nullable=False),
        sa.Column("source", sa.String(32), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("mode", sa.String(8), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("base_revision", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in (*counts, "kept", "faults")),
        sa.Column("uploaded_by", sa.String(128), nullable=False),
        sa.Column("uploaded_at", TIMESTAMP, nullable=False),
        sa.Column("applied_by", sa.String(128)),
        sa.Column("applied_at", TIMESTAMP),
        sa.PrimaryKeyConstraint("import_id", name="pk_roster_imports"),
        sa.CheckConstraint("status IN ('validated', 'applied')", name="status_known"),
        sa.CheckConstraint("accepted + rejected = rows", name="rows_add_up"),
        sa.CheckConstraint("added + changed + unchanged = accepted", name="accepted_adds_up"),
    )
    op.create_index("ix_roster_imports_uploaded_at", "roster_imports", ["uploaded_at"])
    op.create_table(
        "staged_rows",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("row_no", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("new_person", sa.Boolean(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("row_enc", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("import_id", "row_no", name="pk_staged_rows"),
        sa.ForeignKeyConstraint(
            ["import_id"],
            ["roster_imports.import_id"],
            name="fk_staged_rows_import_id_roster_imports",
        ),
    )
    op.create_table(
        "staged_removals",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("import_id", "person_id", name="pk_staged_removals"),
        sa.ForeignKeyConstraint(
            ["import_id"],
            ["roster_imports.import_id"],
            name="fk_staged_removals_import_id_roster_imports",
        ),
    )
    op.create_table(
        "row_faults",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("fault", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("import_id", "number", name="pk_row_faults"),
        sa.ForeignKeyConstraint(
            ["import_id"],
            ["roster_imports.import_id"],
            name="fk_row_faults_import_id_roster_imports",
        ),
    )


def _recognitions() -> None:
    op.create_table(
        "recognitions",
        sa.Column("recognition_id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(12), nullable=False),
        sa.Column("organisation", sa.String(128), nullable=False),
        sa.Column("facility_code", sa.String(32), nullable=False),
        sa.Column("visit_no", sa.String(64), nullable=False),
        sa.Column("visit_type", sa.String(32), nullable=False),
        sa.Column("occurred_at", TIMESTAMP, nullable=False),
        sa.Column("grade", sa.String(16), nullable=False),
        sa.Column("person_id", sa.Uuid()),
        sa.Column("candidate_id", sa.Uuid()),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("weights_version", sa.String(32), nullable=False),
        sa.Column("evidence", postgresql.JSONB(), nullable=False),
        sa.Column("categories", postgresql.JSONB(), nullable=False),
        sa.Column("entitlements", postgresql.JSONB(), nullable=False),
        sa.Column("credentials_enc", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", TIMESTAMP, nullable=False),
        sa.PrimaryKeyConstraint("recognition_id", name="pk_recognitions"),
        sa.ForeignKeyConstraint(
            ["person_id"], ["persons.person_id"], name="fk_recognitions_person_id_persons"
        ),
        sa.ForeignKeyConstraint(
            ["candidate_id"], ["persons.person_id"], name="fk_recognitions_candidate_id_persons"
        ),
        sa.CheckConstraint(
            "grade IN ('certain', 'probable', 'possible', 'none')", name="grade_known"
        ),
        sa.CheckConstraint(
            "(person_id IS NOT NULL) = (grade IN ('certain', 'probable'))", name="person_by_grade"
        ),
    )
    op.create_index("ix_recognitions_visit", "recognitions", ["facility_code", "visit_no"])
    op.create_index("ix_recognitions_person_id", "recognitions", ["person_id"])
