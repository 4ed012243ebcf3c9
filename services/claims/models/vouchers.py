"""Difference vouchers: what each payer and the patient owes more or less since a bill was resettled."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
)

from services.claims.models.base import METADATA, TIMESTAMP, UUID_TYPE, fen_column

vouchers = Table(
    "vouchers",
    METADATA,
    Column("id", UUID_TYPE, primary_key=True),
    Column("region", String(16), nullable=False),
    Column("facility_code", String(32), nullable=False),
    Column("encounter_id", UUID_TYPE, ForeignKey("encounters.id"), nullable=False),
    Column("settlement_id", UUID_TYPE, ForeignKey("settlements.id"), nullable=False),
    Column("supersedes_id", UUID_TYPE, ForeignKey("settlements.id"), nullable=False),
    Column("reversal_id", UUID_TYPE, ForeignKey("settlements.id"), nullable=False),
    Column("reason", String(500), nullable=False),
    Column("made_at", TIMESTAMP, nullable=False),
    Column("made_by", String(128), nullable=False),
    UniqueConstraint("settlement_id"),
    UniqueConstraint("supersedes_id"),
    Index("ix_vouchers_facility", "region", "facility_code", "id"),
)

voucher_parts = Table(
    "voucher_parts",
    METADATA,
    Column("voucher_id", UUID_TYPE, ForeignKey("vouchers.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    # A payer's name, or "patient".
    Column("party", String(40), nullable=False),
    fen_column("before_fen"),
    fen_column("after_fen"),
    fen_column("difference_fen"),
    UniqueConstraint("voucher_id", "party"),
    CheckConstraint("difference_fen = after_fen - before_fen", name="difference"),
    CheckConstraint("LEAST(before_fen, after_fen) >= 0", name="signs"),
)
