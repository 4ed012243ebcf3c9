"""Room under the yearly caps is reserved for visits that are paid later."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

BENEFITS = (
    "basic_paid_fen",
    "medical_aid_paid_fen",
    "outpatient_base_used_fen",
    "chronic_drug_fund_paid_fen",
    "special_fund_paid_fen",
)


def upgrade() -> None:
    op.add_column("encounters", sa.Column("estimated_fen", sa.BigInteger(), nullable=True))
    op.create_check_constraint(op.f("ck_encounters_estimated"), "encounters", "estimated_fen >= 0")
    op.create_table(
        "reservations",
        sa.Column("encounter_id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("area", sa.String(16), nullable=False),
        sa.Column("person_id", sa.String(64), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        *(sa.Column(benefit, sa.BigInteger(), nullable=False) for benefit in BENEFITS),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('held', 'consumed', 'released')", name=op.f("ck_reservations_state")
        ),
        sa.CheckConstraint(
            "(state = 'held') = (closed_at IS NULL)", name=op.f("ck_reservations_closed")
        ),
        sa.CheckConstraint(
            f"LEAST({', '.join(BENEFITS)}) >= 0", name=op.f("ck_reservations_not_negative")
        ),
        sa.ForeignKeyConstraint(
            ["encounter_id"],
            ["encounters.id"],
            name=op.f("fk_reservations_encounter_id_encounters"),
        ),
        sa.PrimaryKeyConstraint("encounter_id", name=op.f("pk_reservations")),
    )
    op.create_index(
        "ix_reservations_person",
        "reservations",
        ["person_id", "year"],
        postgresql_where=sa.text("state = 'held'"),
    )


def downgrade() -> None:
    op.drop_table("reservations")
    op.drop_constraint(op.f("ck_encounters_estimated"), "encounters")
    op.drop_column("encounters", "estimated_fen")
