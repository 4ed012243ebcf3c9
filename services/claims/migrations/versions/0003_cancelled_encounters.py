"""Encounters can be cancelled, and keep the facts that more packs ask for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_DISCHARGED = "(status IN ('discharged', 'settled')) = (discharged_at IS NOT NULL)"
_STATES = "'open', 'charging', 'discharged', 'settled'"


def _checks(status: str, discharged: str) -> None:
    for name, condition in (("status", status), ("discharged", discharged)):
        constraint = op.f(f"ck_encounters_{name}")
        op.drop_constraint(constraint, "encounters")
        op.create_check_constraint(constraint, "encounters", condition)


def upgrade() -> None:
    op.add_column("encounters", sa.Column("referral_issuer", sa.String(32), nullable=True))
    op.add_column(
        "encounters",
        sa.Column("card_presented", sa.Boolean(), nullable=False, server_default=sa.text("false")),
    )
    op.add_column(
        "encounters", sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column("encounters", sa.Column("cancel_reason", sa.String(200), nullable=True))
    _checks(f"status IN ({_STATES}, 'cancelled')", f"{_DISCHARGED} OR status = 'cancelled'")
    op.create_check_constraint(
        op.f("ck_encounters_cancelled"),
        "encounters",
        "(status = 'cancelled') = (cancelled_at IS NOT NULL)"
        " AND (cancelled_at IS NULL) = (cancel_reason IS NULL)",
    )


def downgrade() -> None:
    """Refused by the constraint while an encounter is cancelled."""
    op.drop_constraint(op.f("ck_encounters_cancelled"), "encounters")
    _checks(f"status IN ({_STATES})", _DISCHARGED)
    for column in ("cancel_reason", "cancelled_at", "card_presented", "referral_issuer"):
        op.drop_column("encounters", column)
