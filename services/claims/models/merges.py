"""Merges of registered persons as identity told them, and what of a person's year moved by each."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Integer,
    String,
    Table,
)

from services.claims.models.base import METADATA, fen_column
from services.claims.models.settlements import BENEFITS
from shared.merges.store import merge_table

person_merges = merge_table(METADATA)

standing_moves = Table(
    "standing_moves",
    METADATA,
    # What the merge took from the absorbed person's year to the kept one's, less what was reversed
    # since. Undoing the merge gives exactly this back; the row stays, as the record of the move.
    Column("merge_id", String(64), ForeignKey("person_merges.merge_id"), primary_key=True),
    Column("area", String(16), primary_key=True),
    Column("year", Integer, primary_key=True),
    *(fen_column(f"{benefit}_fen") for benefit in BENEFITS),
    CheckConstraint(f"LEAST({', '.join(f'{b}_fen' for b in BENEFITS)}) >= 0", name="not_negative"),
)
