"""Revised recognitions, merged persons, and what of a person's year moved by a merge."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BENEFITS = (
    "critical_illness_burden_fen",
    "critical_illness_paid_fen",
    "basic_paid_fen",
    "medical_aid_paid_fen",
    "outpatient_base_used_fen",
    "chronic_drug_fund_paid_fen",
    "special_fund_paid_fen",
)


def upgrade() -> None:
    _encounters()
    _recognitions()
    _merges()


def _encounters() -> None:
    op.add_column("encounters", sa.Column("pending_person_id", sa.String(64), nullable=True))
    op.add_column("encounters", sa.Column("settled_person_id", sa.String(64), nullable=True))
    op.execute("UPDATE encounters SET settled_person_id = person_id WHERE status = 'settled'")
    op.create_check_constraint(
        op.f("ck_encounters_settled_person"),
        "encounters",
        "settled_person_id IS NULL OR status = 'settled'",
    )
    op.create_check_constraint(
        op.f("ck_encounters_pending_person"),
        "encounters",
        "pending_person_id IS NULL OR recognition_pending",
    )
    op.create_index(
        "ix_encounters_pending",
        "encounters",
        ["region", "id"],
        postgresql_where=sa.text("recognition_pending"),
    )


def _recognitions() -> None:
    # Until now only the first word of a recognition was kept.
    op.add_column(
        "encounter_recognitions",
        sa.Column("sequence", sa.BigInteger(), nullable=False, server_default="1"),
    )
    op.alter_column("encounter_recognitions", "sequence", server_default=None)
    op.alter_column(
        "encounter_recognitions", "person_id", existing_type=sa.String(64), nullable=True
    )
    op.drop_constraint(op.f("ck_encounter_recognitions_grade"), "encounter_recognitions")
    op.create_check_constraint(
        op.f("ck_encounter_recognitions_grade"),
        "encounter_recognitions",
        "grade IN ('certain', 'probable', 'possible', 'none')",
    )
    op.create_check_constraint(
        op.f("ck_encounter_recognitions_named"),
        "encounter_recognitions",
        "(grade IN ('certain', 'probable')) = (person_id IS NOT NULL)",
    )


def _merges() -> None:
    op.create_table(
        "person_merges",
        sa.Column("merge_id", sa.String(64), nullable=False),
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("kept_person_id", sa.String(64), nullable=False),
        sa.Column("absorbed_person_id", sa.String(64), nullable=False),
        sa.Column("merged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("in_force", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "kept_person_id <> absorbed_person_id", name=op.f("ck_person_merges_two_persons")
        ),
        sa.CheckConstraint(
            "merged_at IS NOT NULL OR undone_at IS NOT NULL", name=op.f("ck_person_merges_told")
        ),
        sa.CheckConstraint(
            "merged_at IS NOT NULL OR NOT in_force", name=op.f("ck_person_merges_in_force")
        ),
        sa.PrimaryKeyConstraint("merge_id", name=op.f("pk_person_merges")),
    )
    op.create_index(
        "uq_person_merges_absorbed_in_force",
        "person_merges",
        ["absorbed_person_id"],
        unique=True,
        postgresql_where=sa.text("in_force"),
    )
    op.create_index("ix_person_merges_absorbed", "person_merges", ["absorbed_person_id"])
    op.create_index("ix_person_merges_kept", "person_merges", ["kept_person_id"])
    op.create_table(
        "standing_moves",
        sa.Column("merge_id", sa.String(64), nullable=False),
        sa.Column("area", sa.String(16), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        *(sa.Column(benefit, sa.BigInteger(), nullable=False) for benefit in BENEFITS),
        sa.CheckConstraint(
            f"LEAST({', '.join(BENEFITS)}) >= 0", name=op.f("ck_standing_moves_not_negative")
        ),
        sa.ForeignKeyConstraint(
            ["merge_id"],
            ["person_merges.merge_id"],
            name=op.f("fk_standing_moves_merge_id_person_merges"),
        ),
        sa.PrimaryKeyConstraint("merge_id", "area", "year", name=op.f("pk_standing_moves")),
    )


def downgrade() -> None:
    """Refused by the constraints while a merge or a withdrawn recognition is recorded."""
    op.execute(
        "DO $$ BEGIN IF EXISTS (SELECT FROM person_merges WHERE in_force) THEN"
        " RAISE EXCEPTION 'undo the merges first: standings have moved'; END IF; END $$"
    )
    op.drop_table("standing_moves")
    op.drop_table("person_merges")
    op.drop_constraint(op.f("ck_encounter_recognitions_named"), "encounter_recognitions")
    op.drop_constraint(op.f("ck_encounter_recognitions_grade"), "encounter_recognitions")
    op.create_check_constraint(
        op.f("ck_encounter_recognitions_grade"),
        "encounter_recognitions",
        "grade IN ('certain', 'probable')",
    )
    op.alter_column(
        "encounter_recognitions", "person_id", existing_type=sa.String(64), nullable=False
    )
    op.drop_column("encounter_recognitions", "sequence")
    op.drop_index("ix_encounters_pending", "encounters")
    op.drop_constraint(op.f("ck_encounters_pending_person"), "encounters")
    op.drop_constraint(op.f("ck_encounters_settled_person"), "encounters")
    op.drop_column("encounters", "settled_person_id")
    op.drop_column("encounters", "pending_person_id")
