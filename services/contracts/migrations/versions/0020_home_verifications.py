"""Home verifications of poverty by illness."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "home_verifications",
        sa.Column("verification_id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(16), nullable=False),
        sa.Column("person_id", sa.String(64), nullable=False),
        sa.Column("township", sa.String(64)),
        sa.Column("village", sa.String(64)),
        sa.Column("verified_on", sa.Date(), nullable=False),
        sa.Column("result", sa.String(24), nullable=False),
        sa.Column("cause", sa.String(16)),
        sa.Column("note", sa.LargeBinary()),
        sa.Column("recorded_by", sa.String(128), nullable=False),
        sa.Column("organisation", sa.String(64), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("verification_id", name="pk_home_verifications"),
    )
    op.create_index(
        "ix_home_verifications_person_id", "home_verifications", ["person_id", "verified_on"]
    )
    op.create_index(
        "ix_home_verifications_place", "home_verifications", ["township", "verified_on"]
    )


def downgrade() -> None:
    op.drop_table("home_verifications")
