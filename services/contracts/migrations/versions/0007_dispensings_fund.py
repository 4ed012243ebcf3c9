"""What the special fund pays of chronic drugs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "dispensings",
        sa.Column("fund_fen", sa.BigInteger(), nullable=False, server_default="0"),
    )
    op.alter_column("dispensings", "fund_fen", server_default=None)
    op.create_check_constraint(
        op.f("ck_dispensings_fund"),
        "dispensings",
        "fund_fen >= 0 AND total_fen >= insured_fen + fund_fen",
    )


def downgrade() -> None:
    op.drop_column("dispensings", "fund_fen")
