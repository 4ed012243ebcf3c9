"""Services, exemptions and diseases: what the figures of care are made of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("follow_ups", sa.Column("performed_on", sa.Date(), nullable=True))
    op.add_column("follow_ups", sa.Column("served", sa.Boolean(), nullable=True))
    op.execute(
        "UPDATE follow_ups SET served = true,"
        " performed_on = timezone('Asia/Shanghai', performed_at)::date"
    )
    op.alter_column("follow_ups", "performed_on", nullable=False)
    op.alter_column("follow_ups", "served", nullable=False)
    op.create_index("ix_encounters_person_id", "encounters", ["person_id", "discharged_on"])
    op.create_table(
        "check_ups",
        sa.Column("check_up_id", sa.String(64), nullable=False),
        *_whose(),
        sa.Column("team", sa.String(32), nullable=False),
        sa.Column("performed_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("check_up_id", name="pk_check_ups"),
    )
    op.create_table(
        "dispensings",
        sa.Column("dispensing_id", sa.String(64), nullable=False),
        *_whose(),
        sa.Column("team", sa.String(32), nullable=False),
        sa.Column("dispensed_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("dispensing_id", name="pk_dispensings"),
    )
    op.create_table(
        "exemptions",
        sa.Column("exemption_id", sa.String(64), nullable=False),
        *_whose(),
        sa.Column("reason", sa.String(48), nullable=False),
        sa.Column("leaves_denominator", sa.Boolean(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("ended_sequence", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("exemption_id", name="pk_exemptions"),
    )
    op.create_table(
        "disease_cases",
        sa.Column("case_id", sa.String(64), nullable=False),
        *_whose(),
        sa.Column("disease", sa.String(48), nullable=False),
        sa.Column("batches", postgresql.ARRAY(sa.String(48)), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("found_on", sa.Date(), nullable=True),
        sa.Column("found_sequence", sa.BigInteger(), nullable=True),
        sa.Column("managed_on", sa.Date(), nullable=True),
        sa.Column("managed_sequence", sa.BigInteger(), nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("closed_sequence", sa.BigInteger(), nullable=True),
        sa.Column("withdrawn_sequence", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("case_id", name="pk_disease_cases"),
    )


def _whose() -> tuple[sa.Column[str], sa.Column[str]]:
    return (
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("person_id", sa.String(64), nullable=False),
    )


def downgrade() -> None:
    for table in ("disease_cases", "exemptions", "dispensings", "check_ups"):
        op.drop_table(table)
    op.drop_index("ix_encounters_person_id", "encounters")
    op.drop_column("follow_ups", "served")
    op.drop_column("follow_ups", "performed_on")
