"""Reconciliations of a hospital's day, and the differences found, open until somebody explains them."""

from __future__ import annotations

from sqlalchemy import (
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
from sqlalchemy.dialects.postgresql import JSONB

from services.claims.models.base import METADATA, TIMESTAMP, UUID_TYPE, fen_column

reconciliations = Table(
    "reconciliations",
    METADATA,
    Column("id", UUID_TYPE, primary_key=True),
    Column("region", String(16), nullable=False),
    Column("facility_code", String(32), nullable=False),
    # Of the facility, from 1: also the sequence of its events.
    Column("number", Integer, nullable=False),
    Column("day", Date, nullable=False),
    # booked_on | settled_on: which of a settlement's days the hospital's books go by.
    Column("basis", String(16), nullable=False),
    # totals | window (records of some hours) | records (of the whole day)
    Column("scope", String(16), nullable=False),
    Column("status", String(16), nullable=False),
    Column("record_count", Integer, nullable=False),
    Column("entry_count", Integer, nullable=False),
    Column("matched_count", Integer, nullable=False),
    # The parts of both sides' sums, in fen; what the hospital did not tell is absent in "there".
    Column("here", JSONB, nullable=False),
    Column("there", JSONB, nullable=False),
    # Of totals alone: where the difference lies and what to send next.
    Column("narrowed", JSONB, nullable=True),
    Column("made_at", TIMESTAMP, nullable=False),
    Column("made_by", String(128), nullable=False),
    UniqueConstraint("region", "facility_code", "number"),
    CheckConstraint("basis IN ('booked_on', 'settled_on')", name="basis"),
    CheckConstraint("scope IN ('totals', 'window', 'records')", name="scope"),
    CheckConstraint("status IN ('balanced', 'differs')", name="status"),
    Index("ix_reconciliations_region", "region", "id"),
    Index("ix_reconciliations_facility", "facility_code", "id"),
)

reconciliation_differences = Table(
    "reconciliation_differences",
    METADATA,
    Column("id", UUID_TYPE, primary_key=True),
    Column("region", String(16), nullable=False),
    Column("facility_code", String(32), nullable=False),
    Column("day", Date, nullable=False),
    Column("kind", String(32), nullable=False),
    # What makes it the same difference when the day is reconciled again.
    Column("key", String(160), nullable=False),
    Column("visit_no", String(64), nullable=True),
    Column("settlement_id", UUID_TYPE, nullable=True),
    Column("our_day", Date, nullable=True),
    # What the hospital's total has more than ours; the parts say which payer.
    fen_column("difference_fen"),
    Column("parts", JSONB, nullable=False),
    Column("status", String(16), nullable=False),
    Column("opened_at", TIMESTAMP, nullable=False),
    Column("closed_at", TIMESTAMP, nullable=True),
    Column("closed_by", String(128), nullable=True),
    Column("reason", String(200), nullable=True),
    # resolved: somebody explained it; cleared: a later reconciliation no longer found it.
    CheckConstraint("status IN ('open', 'resolved', 'cleared')", name="status"),
    CheckConstraint("(status = 'open') = (closed_at IS NULL)", name="closed"),
    CheckConstraint("(status = 'resolved') = (reason IS NOT NULL)", name="reason"),
    Index(
        "uq_reconciliation_differences_open",
        "region",
        "facility_code",
        "day",
        "key",
        unique=True,
        postgresql_where=text("status = 'open'"),
    ),
    Index("ix_reconciliation_differences_day", "facility_code", "day"),
    Index("ix_reconciliation_differences_status", "region", "status", "id"),
)

reconciliation_findings = Table(
    "reconciliation_findings",
    METADATA,
    # Named here: by the house's rule the names would be longer than PostgreSQL's.
    Column(
        "reconciliation_id",
        UUID_TYPE,
        ForeignKey("reconciliations.id", name="fk_reconciliation_findings_run"),
        primary_key=True,
    ),
    Column(
        "difference_id",
        UUID_TYPE,
        ForeignKey("reconciliation_differences.id", name="fk_reconciliation_findings_difference"),
        primary_key=True,
    ),
    # The record's place in what the hospital sent, from 0.
    Column("record_number", Integer, nullable=True),
)
