"""Charges: the batches a hospital sent for an encounter, and their lines."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    String,
    Table,
    func,
)

from services.claims.models.base import METADATA, TIMESTAMP, UUID_TYPE, fen_column

charge_batches = Table(
    "charge_batches",
    METADATA,
    Column("encounter_id", UUID_TYPE, ForeignKey("encounters.id"), primary_key=True),
    Column("batch_no", String(64), primary_key=True),
    Column("region", String(16), nullable=False),
    Column("content_hash", LargeBinary, nullable=False),
    Column("line_count", Integer, nullable=False),
    fen_column("total_fen"),
    Column("received_at", TIMESTAMP, nullable=False, server_default=func.now()),
    CheckConstraint("line_count > 0", name="line_count"),
    CheckConstraint("total_fen >= 0", name="total"),
)

charge_lines = Table(
    "charge_lines",
    METADATA,
    Column("encounter_id", UUID_TYPE, primary_key=True),
    # The hospital's own number of the line, unique in the encounter (with its batch's number before it
    # where an earlier batch has that number); 1 and "1" are the same.
    Column("line_no", String(32), primary_key=True),
    Column("batch_no", String(64), nullable=False),
    Column("item_code", String(64), nullable=True),
    Column("name", String(200), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("catalogue_class", String(1), nullable=False),
    fen_column("amount_fen"),
    Column("quantity", Numeric(18, 6), nullable=True),
    # Drugs are priced to parts of a fen.
    Column("unit_price_fen", Numeric(18, 6), nullable=True),
    fen_column("price_limit_fen", nullable=True),
    Column("self_first_ratio", Numeric(9, 6), nullable=True),
    Column("occurred_on", Date, nullable=True),
    ForeignKeyConstraint(
        ["encounter_id", "batch_no"],
        ["charge_batches.encounter_id", "charge_batches.batch_no"],
        name="fk_charge_lines_encounter_id_charge_batches",
        ondelete="CASCADE",
    ),
    CheckConstraint("amount_fen >= 0", name="amount"),
    CheckConstraint("unit_price_fen >= 0", name="unit_price"),
    CheckConstraint("price_limit_fen >= 0", name="price_limit"),
    CheckConstraint("self_first_ratio BETWEEN 0 AND 1", name="self_first_ratio"),
    CheckConstraint("quantity > 0", name="quantity"),
    CheckConstraint("catalogue_class IN ('A', 'B', 'C')", name="catalogue_class"),
    Index("ix_charge_lines_batch", "encounter_id", "batch_no"),
)
