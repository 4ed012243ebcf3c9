"""A key of cards is reported as compromised by one person, and made worthless by another."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_COLUMNS = ("reported_at", "reported_by", "report_reason_enc")


def upgrade() -> None:
    op.add_column("card_keys", sa.Column("reported_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("card_keys", sa.Column("reported_by", sa.String(128), nullable=True))
    op.add_column("card_keys", sa.Column("report_reason_enc", sa.LargeBinary, nullable=True))
    op.create_check_constraint(
        op.f("ck_card_keys_reported_by_someone"),
        "card_keys",
        "(reported_at IS NULL) = (reported_by IS NULL)"
        " AND (reported_at IS NULL) = (report_reason_enc IS NULL)",
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_card_keys_reported_by_someone"), "card_keys", type_="check")
    for column in reversed(_COLUMNS):
        op.drop_column("card_keys", column)
