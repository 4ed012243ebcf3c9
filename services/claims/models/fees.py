"""What teams are owed for contracts and check-ups, and the clearing run that each fee stands in."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
    text,
)

from services.claims.models.base import METADATA, UUID_TYPE, fen_column

service_fees = Table(
    "service_fees",
    METADATA,
    Column("id", UUID_TYPE, primary_key=True),
    Column("region", String(16), nullable=False),
    # As contracts numbers it; a statement has one fee of each use.
    Column("statement_id", String(64), nullable=False),
    Column("facility_code", String(32), nullable=False),
    Column("use", String(40), nullable=False),
    # The month of the work.
    Column("period", String(7), nullable=False),
    Column("count", Integer, nullable=False),
    fen_column("amount_fen"),
    Column("booked_on", Date, nullable=False),
    UniqueConstraint("statement_id", "use"),
    # A dispensing that was withdrawn is taken off.
    CheckConstraint("amount_fen > 0 OR (use = 'chronic_drugs' AND amount_fen < 0)", name="amount"),
    CheckConstraint("use IN ('contract_fee', 'check_up', 'chronic_drugs')", name="use"),
    Index("ix_service_fees_booked_on", "region", "booked_on"),
)

clearing_fees = Table(
    "clearing_fees",
    METADATA,
    Column("run_id", UUID_TYPE, ForeignKey("clearing_runs.id"), primary_key=True),
    Column("service_fee_id", UUID_TYPE, ForeignKey("service_fees.id"), primary_key=True),
    # Until the run is cancelled.
    Column("live", Boolean, nullable=False),
    Index("uq_clearing_fees_live", "service_fee_id", unique=True, postgresql_where=text("live")),
)
