"""The DRG pilot: its hospitals and prices from a day on, and the groups of settled stays."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Numeric,
    String,
    Table,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.claims.models.base import METADATA, TIMESTAMP, UUID_TYPE, fen_column

drg_pilots = Table(
    "drg_pilots",
    METADATA,
    Column("id", UUID_TYPE, primary_key=True),
    Column("region", String(16), nullable=False),
    # In force until the next one begins.
    Column("valid_from", Date, nullable=False),
    Column("document", String(200), nullable=False),
    Column("facilities", JSONB, nullable=False),
    Column("weights", JSONB, nullable=False),
    fen_column("rate_fen"),
    Column("coefficients", JSONB, nullable=False),
    Column("high_ratios", JSONB, nullable=False),
    Column("high_share", Numeric(7, 6), nullable=False),
    Column("low_ratio", Numeric(7, 6), nullable=False),
    Column("made_at", TIMESTAMP, nullable=False),
    Column("made_by", String(128), nullable=False),
    UniqueConstraint("region", "valid_from"),
    CheckConstraint("rate_fen > 0", name="rate"),
)

drg_cases = Table(
    "drg_cases",
    METADATA,
    Column("settlement_id", UUID_TYPE, ForeignKey("settlements.id"), primary_key=True),
    Column("pilot_id", UUID_TYPE, ForeignKey("drg_pilots.id"), nullable=False),
    Column("group_code", String(8), nullable=False),
    Column("made_at", TIMESTAMP, nullable=False),
    Column("made_by", String(128), nullable=False),
)
