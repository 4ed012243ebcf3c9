"""The table ``person_merges`` in a migration, as its first readers made it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa


def create_person_merges(op: Any) -> None:
    """Make the table with its indexes."""
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
