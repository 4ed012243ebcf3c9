"""Clearing: a run collects what funds owe facilities, and is submitted, approved and paid.

A settlement's part of a fund stands in one live run at most, whatever is retried; a part is never
paid above what is owed. What was done, by whom, and every payment are rows that are written once.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Numeric,
    String,
    Table,
    text,
)

from services.claims.models.base import METADATA, TIMESTAMP, UUID_TYPE, fen_column

RUN_STATES = ("draft", "submitted", "reviewed", "approved", "paid", "cancelled")

clearing_runs = Table(
    "clearing_runs",
    METADATA,
    Column("id", UUID_TYPE, primary_key=True),
    Column("region", String(16), nullable=False),
    # The month, such as 2018-03: what was booked up to its end and stands in no live run.
    Column("period", String(7), nullable=False),
    # One fund's or one facility's run; None: all of them.
    Column("fund", String(40), nullable=True),
    Column("facility_code", String(32), nullable=True),
    Column("status", String(16), nullable=False),
    Column("version", Integer, nullable=False),
    Column("deposit_ratio", Numeric(5, 4), nullable=False),
    CheckConstraint(
        "status IN ('draft', 'submitted', 'reviewed', 'approved', 'paid', 'cancelled')",
        name="status",
    ),
    CheckConstraint("deposit_ratio BETWEEN 0 AND 0.3", name="deposit_ratio"),
    Index("ix_clearing_runs_region", "region", "id"),
)

clearing_steps = Table(
    "clearing_steps",
    METADATA,
    Column("run_id", UUID_TYPE, ForeignKey("clearing_runs.id"), primary_key=True),
    # create | submit | review | approve | pay | cancel
    Column("step", String(16), primary_key=True),
    Column("done_at", TIMESTAMP, nullable=False),
    Column("done_by", String(128), nullable=False),
    Column("note", String(200), nullable=True),
)

clearing_parts = Table(
    "clearing_parts",
    METADATA,
    Column("run_id", UUID_TYPE, ForeignKey("clearing_runs.id"), primary_key=True),
    Column("facility_code", String(32), primary_key=True),
    Column("fund", String(40), primary_key=True),
    Column("use", String(40), primary_key=True),
    fen_column("amount_fen"),
    # Of the amount: kept back as an assurance deposit, paid, and paid of what was kept back.
    fen_column("held_fen"),
    fen_column("paid_fen"),
    fen_column("released_fen"),
    CheckConstraint("amount_fen >= 0", name="amount"),
    CheckConstraint("held_fen BETWEEN 0 AND amount_fen", name="held"),
    CheckConstraint("paid_fen BETWEEN 0 AND amount_fen - held_fen", name="paid"),
    CheckConstraint("released_fen BETWEEN 0 AND held_fen", name="released"),
)

clearing_items = Table(
    "clearing_items",
    METADATA,
    Column("run_id", UUID_TYPE, primary_key=True),
    Column("settlement_id", UUID_TYPE, ForeignKey("settlements.id"), primary_key=True),
    Column("fund", String(40), primary_key=True),
    Column("facility_code", String(32), nullable=False),
    Column("use", String(40), nullable=False),
    fen_column("amount_fen"),
    # Until the run is cancelled.
    Column("live", Boolean, nullable=False),
    ForeignKeyConstraint(["run_id"], ["clearing_runs.id"]),
    Index(
        "uq_clearing_items_live",
        "settlement_id",
        "fund",
        unique=True,
        postgresql_where=text("live"),
    ),
)

clearing_payments = Table(
    "clearing_payments",
    METADATA,
    Column("id", UUID_TYPE, primary_key=True),
    Column("run_id", UUID_TYPE, nullable=False),
    Column("facility_code", String(32), nullable=False),
    Column("fund", String(40), nullable=False),
    Column("use", String(40), nullable=False),
    # payment | release (of what was held back)
    Column("kind", String(16), nullable=False),
    # The bank's number of the transfer; the same one pays a part of a run once.
    Column("reference", String(64), nullable=False),
    fen_column("amount_fen"),
    Column("paid_on", Date, nullable=False),
    Column("made_at", TIMESTAMP, nullable=False),
    Column("made_by", String(128), nullable=False),
    ForeignKeyConstraint(
        ["run_id", "facility_code", "fund", "use"],
        [
            "clearing_parts.run_id",
            "clearing_parts.facility_code",
            "clearing_parts.fund",
            "clearing_parts.use",
        ],
        name="fk_clearing_payments_part",
    ),
    CheckConstraint("kind IN ('payment', 'release')", name="kind"),
    CheckConstraint("amount_fen > 0", name="amount"),
    Index(
        "uq_clearing_payments_reference",
        "run_id",
        "reference",
        "facility_code",
        "fund",
        "use",
        unique=True,
    ),
)
