"""Outcomes of reviews that were taken back, and who asked for it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("reviews", sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("reviews", sa.Column("reopened_as", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        "fk_reviews_reopened_as_reviews", "reviews", "reviews", ["reopened_as"], ["review_id"]
    )
    op.create_check_constraint(
        op.f("ck_reviews_withdrawn_when_decided"),
        "reviews",
        "withdrawn_at IS NULL OR status = 'decided'",
    )
    op.create_index("ix_reviews_fingerprint", "reviews", ["region", "fingerprint"])
    op.create_index("ix_reviews_person_id", "reviews", ["person_id"])
    op.create_table(
        "review_withdrawals",
        sa.Column("withdrawal_id", sa.Uuid(), nullable=False),
        sa.Column("review_id", sa.Uuid(), nullable=False),
        sa.Column("asked_by", sa.String(128), nullable=False),
        sa.Column("organisation", sa.String(128), nullable=False),
        sa.Column("reason_enc", sa.LargeBinary(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("withdrawal_id", name=op.f("pk_review_withdrawals")),
        sa.ForeignKeyConstraint(
            ["review_id"], ["reviews.review_id"], name="fk_review_withdrawals_review_id_reviews"
        ),
        sa.UniqueConstraint(
            "review_id", "asked_by", name=op.f("uq_review_withdrawals_review_id_asked_by")
        ),
    )


def downgrade() -> None:
    op.drop_table("review_withdrawals")
    op.drop_index("ix_reviews_person_id", "reviews")
    op.drop_index("ix_reviews_fingerprint", "reviews")
    op.drop_constraint(op.f("ck_reviews_withdrawn_when_decided"), "reviews")
    op.drop_constraint("fk_reviews_reopened_as_reviews", "reviews")
    op.drop_column("reviews", "reopened_as")
    op.drop_column("reviews", "withdrawn_at")
