"""Global budgets: agreements, their adjustments, advances and year's ends."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Integer,
    Numeric,
    String,
    Table,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.claims.models.base import METADATA, TIMESTAMP, UUID_TYPE, fen_column

_RATIO = Numeric(7, 6)

budget_agreements = Table(
    "budget_agreements",
    METADATA,
    Column("id", UUID_TYPE, primary_key=True),
    Column("region", String(16), nullable=False),
    Column("year", Integer, nullable=False),
    Column("community", String(100), nullable=False),
    Column("plan", String(32), nullable=False),
    # Every word under which visits name the plan.
    Column("plan_words", JSONB, nullable=False),
    Column("lead_facility_code", String(32), nullable=False),
    Column("facilities", JSONB, nullable=False),
    Column("townships", JSONB, nullable=False),
    fen_column("approved_fen"),
    Column("risk_reserve_ratio", _RATIO, nullable=False),
    fen_column("critical_illness_fen"),
    fen_column("other_reserves_fen"),
    Column("deposit_ratio", _RATIO, nullable=False),
    Column("retained_ratio", _RATIO, nullable=False),
    Column("overspend_ratio", _RATIO, nullable=False),
    Column("overspend_cap_ratio", _RATIO, nullable=True),
    Column("created_by", String(128), nullable=False),
    Column("created_at", TIMESTAMP, nullable=False),
    Column("document", String(200), nullable=True),
    Column("signed_on", Date, nullable=True),
    Column("signed_by", String(128), nullable=True),
    UniqueConstraint("region", "year", "plan", "community"),
    CheckConstraint("(signed_on IS NULL) = (signed_by IS NULL)", name="signed"),
    CheckConstraint("signed_on IS NULL OR document IS NOT NULL", name="document"),
    CheckConstraint("signed_by <> created_by", name="two_persons"),
    CheckConstraint(
        "LEAST(approved_fen, critical_illness_fen, other_reserves_fen) >= 0", name="amounts"
    ),
)

budget_adjustments = Table(
    "budget_adjustments",
    METADATA,
    Column("agreement_id", UUID_TYPE, ForeignKey("budget_agreements.id"), primary_key=True),
    Column("from_month", Integer, primary_key=True),
    fen_column("approved_fen"),
    Column("document", String(200), nullable=False),
    Column("made_at", TIMESTAMP, nullable=False),
    Column("made_by", String(128), nullable=False),
    CheckConstraint("from_month BETWEEN 2 AND 12", name="from_month"),
    CheckConstraint("approved_fen >= 0", name="approved"),
)

budget_advances = Table(
    "budget_advances",
    METADATA,
    Column("id", UUID_TYPE, primary_key=True),
    # SJ-26: no advance without an agreement.
    Column("agreement_id", UUID_TYPE, ForeignKey("budget_agreements.id"), nullable=False),
    Column("month", Integer, nullable=False),
    fen_column("amount_fen"),
    Column("account_code", String(96), nullable=False),
    Column("paid_on", Date, nullable=False),
    Column("made_at", TIMESTAMP, nullable=False),
    Column("made_by", String(128), nullable=False),
    UniqueConstraint("agreement_id", "month"),
    CheckConstraint("month BETWEEN 1 AND 12", name="month"),
    CheckConstraint("amount_fen > 0", name="amount"),
)

budget_settlements = Table(
    "budget_settlements",
    METADATA,
    Column("id", UUID_TYPE, primary_key=True),
    Column("agreement_id", UUID_TYPE, ForeignKey("budget_agreements.id"), nullable=False),
    Column("factor", _RATIO, nullable=False),
    # The figures as they were settled; later reversals do not change them.
    Column("figures", JSONB, nullable=False),
    fen_column("final_fen"),
    Column("paid_on", Date, nullable=False),
    Column("made_at", TIMESTAMP, nullable=False),
    Column("made_by", String(128), nullable=False),
    UniqueConstraint("agreement_id"),
)
