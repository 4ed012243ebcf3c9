"""Merges of registered persons as identity told them, and what of a person's year moved by each."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    text,
)

from services.claims.models.base import METADATA, TIMESTAMP, fen_column
from services.claims.models.settlements import BENEFITS

person_merges = Table(
    "person_merges",
    METADATA,
    Column("merge_id", String(64), primary_key=True),
    Column("region", String(16), nullable=False),
    Column("kept_person_id", String(64), nullable=False),
    Column("absorbed_person_id", String(64), nullable=False),
    # Null while only the undoing has been told.
    Column("merged_at", TIMESTAMP, nullable=True),
    Column("undone_at", TIMESTAMP, nullable=True),
    # Neither undone nor shown by a later merge to have been; see merges.domain.
    Column("in_force", Boolean, nullable=False),
    CheckConstraint("kept_person_id <> absorbed_person_id", name="two_persons"),
    CheckConstraint("merged_at IS NOT NULL OR undone_at IS NOT NULL", name="told"),
    CheckConstraint("merged_at IS NOT NULL OR NOT in_force", name="in_force"),
    # One step from an absorbed person to the one who stands for him.
    Index(
        "uq_person_merges_absorbed_in_force",
        "absorbed_person_id",
        unique=True,
        postgresql_where=text("in_force"),
    ),
    Index("ix_person_merges_absorbed", "absorbed_person_id"),
    Index("ix_person_merges_kept", "kept_person_id"),
)

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
