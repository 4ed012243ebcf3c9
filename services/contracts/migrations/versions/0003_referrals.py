"""Two-way referrals and their steps."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "referrals",
        sa.Column("referral_id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("person_id", sa.String(64), nullable=False),
        sa.Column("direction", sa.String(8), nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("from_facility", sa.String(32), nullable=False),
        sa.Column("to_facility", sa.String(32), nullable=False),
        sa.Column("team", sa.String(32), nullable=False),
        sa.Column("township", sa.String(64)),
        sa.Column("village", sa.String(64)),
        sa.Column("diagnoses", postgresql.JSONB(), nullable=False),
        sa.Column("rank", sa.SmallInteger(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("refusal", sa.LargeBinary()),
        sa.Column("outcome", sa.String(16)),
        sa.Column("note", sa.LargeBinary()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("referral_id", name="pk_referrals"),
        sa.CheckConstraint("direction IN ('up', 'down')", name="ck_referrals_direction"),
        sa.CheckConstraint(
            "status IN ('made', 'accepted', 'refused', 'returned', 'closed')",
            name="ck_referrals_status",
        ),
        sa.CheckConstraint("from_facility <> to_facility", name="ck_referrals_ends"),
        sa.CheckConstraint("valid_to >= issued_on", name="ck_referrals_validity"),
        sa.CheckConstraint(
            "(status = 'refused') = (refusal IS NOT NULL)", name="ck_referrals_refusal"
        ),
        sa.CheckConstraint(
            "(status = 'closed') = (outcome IS NOT NULL)", name="ck_referrals_outcome"
        ),
    )
    op.create_index("ix_referrals_person_id", "referrals", ["person_id"])
    for name, columns in (
        ("target", ["to_facility", "status", "rank", "referral_id"]),
        ("issuer", ["from_facility", "status", "rank", "referral_id"]),
        ("waiting", ["status", "rank", "referral_id"]),
    ):
        op.create_index(f"ix_referrals_{name}", "referrals", columns)
    op.create_table(
        "referral_steps",
        sa.Column("referral_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.String(16), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_by", sa.String(128), nullable=False),
        sa.Column("organisation", sa.String(128), nullable=False),
        sa.Column("note", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("referral_id", "number", name="pk_referral_steps"),
        sa.ForeignKeyConstraint(
            ["referral_id"],
            ["referrals.referral_id"],
            name="fk_referral_steps_referral_id_referrals",
            ondelete="RESTRICT",
        ),
    )


def downgrade() -> None:
    op.drop_table("referral_steps")
    op.drop_table("referrals")
