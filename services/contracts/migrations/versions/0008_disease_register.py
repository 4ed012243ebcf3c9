"""The disease register with its steps and plans."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "disease_cases",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("person_id", sa.String(64), nullable=False),
        sa.Column("disease", sa.String(32), nullable=False),
        sa.Column("grade", sa.SmallInteger()),
        sa.Column("care_class", sa.String(16)),
        sa.Column("township", sa.String(64)),
        sa.Column("village", sa.String(64)),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("found_on", sa.Date(), nullable=False),
        sa.Column("managed_on", sa.Date()),
        sa.Column("closed_on", sa.Date()),
        sa.Column("evidence", sa.LargeBinary()),
        sa.Column("recorded_by", sa.String(128), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("case_id", name="pk_disease_cases"),
        sa.CheckConstraint(
            "state IN ('found', 'managed', 'closed', 'withdrawn')",
            name=op.f("ck_disease_cases_state"),
        ),
        sa.CheckConstraint(
            "(state = 'closed') = (evidence IS NOT NULL AND closed_on IS NOT NULL)",
            name=op.f("ck_disease_cases_closed"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('managed', 'closed') OR managed_on IS NOT NULL",
            name=op.f("ck_disease_cases_managed"),
        ),
    )
    op.create_index(
        "uq_disease_cases_open",
        "disease_cases",
        ["person_id", "disease"],
        unique=True,
        postgresql_where=sa.text("state IN ('found', 'managed')"),
    )
    op.create_index("ix_disease_cases_disease", "disease_cases", ["disease", "state"])
    op.create_table(
        "disease_steps",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("step", sa.String(12), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("recorded_by", sa.String(128), nullable=False),
        sa.Column("organisation", sa.String(64), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "number", name="pk_disease_steps"),
        _of_case("disease_steps"),
    )
    op.create_table(
        "disease_plans",
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        sa.Column("plan", sa.LargeBinary(), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("recorded_by", sa.String(128), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "version", name="pk_disease_plans"),
        _of_case("disease_plans"),
    )


def _of_case(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["case_id"],
        ["disease_cases.case_id"],
        name=f"fk_{table}_case_id_disease_cases",
        ondelete="RESTRICT",
    )


def downgrade() -> None:
    for table in ("disease_plans", "disease_steps", "disease_cases"):
        op.drop_table(table)
