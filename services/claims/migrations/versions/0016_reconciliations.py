"""Reconciliations of hospitals' days and the differences found."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

TIMESTAMP = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "reconciliations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("facility_code", sa.String(32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("basis", sa.String(16), nullable=False),
        sa.Column("scope", sa.String(16), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("record_count", sa.Integer(), nullable=False),
        sa.Column("entry_count", sa.Integer(), nullable=False),
        sa.Column("matched_count", sa.Integer(), nullable=False),
        sa.Column("here", postgresql.JSONB(), nullable=False),
        sa.Column("there", postgresql.JSONB(), nullable=False),
        sa.Column("narrowed", postgresql.JSONB(), nullable=True),
        sa.Column("made_at", TIMESTAMP, nullable=False),
        sa.Column("made_by", sa.String(128), nullable=False),
        sa.CheckConstraint(
            "basis IN ('booked_on', 'settled_on')", name=op.f("ck_reconciliations_basis")
        ),
        sa.CheckConstraint(
            "scope IN ('totals', 'window', 'records')", name=op.f("ck_reconciliations_scope")
        ),
        sa.CheckConstraint(
            "status IN ('balanced', 'differs')", name=op.f("ck_reconciliations_status")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reconciliations")),
        sa.UniqueConstraint(
            "region",
            "facility_code",
            "number",
            name=op.f("uq_reconciliations_region_facility_code_number"),
        ),
    )
    op.create_index("ix_reconciliations_region", "reconciliations", ["region", "id"])
    op.create_index("ix_reconciliations_facility", "reconciliations", ["facility_code", "id"])
    op.create_table(
        "reconciliation_differences",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("facility_code", sa.String(32), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("key", sa.String(160), nullable=False),
        sa.Column("visit_no", sa.String(64), nullable=True),
        sa.Column("settlement_id", sa.Uuid(), nullable=True),
        sa.Column("our_day", sa.Date(), nullable=True),
        sa.Column("difference_fen", sa.BigInteger(), nullable=False),
        sa.Column("parts", postgresql.JSONB(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("opened_at", TIMESTAMP, nullable=False),
        sa.Column("closed_at", TIMESTAMP, nullable=True),
        sa.Column("closed_by", sa.String(128), nullable=True),
        sa.Column("reason", sa.String(200), nullable=True),
        sa.CheckConstraint(
            "status IN ('open', 'resolved', 'cleared')",
            name=op.f("ck_reconciliation_differences_status"),
        ),
        sa.CheckConstraint(
            "(status = 'open') = (closed_at IS NULL)",
            name=op.f("ck_reconciliation_differences_closed"),
        ),
        sa.CheckConstraint(
            "(status = 'resolved') = (reason IS NOT NULL)",
            name=op.f("ck_reconciliation_differences_reason"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reconciliation_differences")),
    )
    op.create_index(
        "uq_reconciliation_differences_open",
        "reconciliation_differences",
        ["region", "facility_code", "day", "key"],
        unique=True,
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_index(
        "ix_reconciliation_differences_day", "reconciliation_differences", ["facility_code", "day"]
    )
    op.create_index(
        "ix_reconciliation_differences_status",
        "reconciliation_differences",
        ["region", "status", "id"],
    )
    op.create_table(
        "reconciliation_findings",
        sa.Column("reconciliation_id", sa.Uuid(), nullable=False),
        sa.Column("difference_id", sa.Uuid(), nullable=False),
        sa.Column("record_number", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["reconciliation_id"],
            ["reconciliations.id"],
            name="fk_reconciliation_findings_run",
        ),
        sa.ForeignKeyConstraint(
            ["difference_id"],
            ["reconciliation_differences.id"],
            name="fk_reconciliation_findings_difference",
        ),
        sa.PrimaryKeyConstraint(
            "reconciliation_id", "difference_id", name=op.f("pk_reconciliation_findings")
        ),
    )
    op.create_index(
        "ix_settlements_facility_day", "settlements", ["facility_code", "discharged_on"]
    )


def downgrade() -> None:
    op.drop_index("ix_settlements_facility_day", "settlements")
    op.drop_table("reconciliation_findings")
    op.drop_table("reconciliation_differences")
    op.drop_table("reconciliations")
