"""Reservations: one row per visit, of what its bill will probably take of the year's capped funds."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, String, Table, text

from services.claims.models.base import METADATA, TIMESTAMP, UUID_TYPE, fen_column

RESERVED_BENEFITS = (
    "basic_paid",
    "medical_aid_paid",
    "outpatient_base_used",
    "chronic_drug_fund_paid",
    "special_fund_paid",
)
"""The accumulators that a cap limits; nothing can run out of the others."""

reservations = Table(
    "reservations",
    METADATA,
    Column("encounter_id", UUID_TYPE, ForeignKey("encounters.id"), primary_key=True),
    Column("region", String(16), nullable=False),
    Column("area", String(16), nullable=False),
    # As the encounter names him; whoever stands for him since a merge finds it through the merge.
    Column("person_id", String(64), nullable=False),
    Column("year", Integer, nullable=False),
    *(fen_column(f"{benefit}_fen") for benefit in RESERVED_BENEFITS),
    # held | consumed (settled) | released (cancelled, another patient, nothing to reserve)
    Column("state", String(16), nullable=False),
    Column("made_at", TIMESTAMP, nullable=False),
    # A held one counts until then; charges that arrive later make it anew.
    Column("expires_at", TIMESTAMP, nullable=False),
    Column("closed_at", TIMESTAMP, nullable=True),
    CheckConstraint("state IN ('held', 'consumed', 'released')", name="state"),
    CheckConstraint("(state = 'held') = (closed_at IS NULL)", name="closed"),
    CheckConstraint(
        f"LEAST({', '.join(f'{b}_fen' for b in RESERVED_BENEFITS)}) >= 0", name="not_negative"
    ),
    Index(
        "ix_reservations_person",
        "person_id",
        "year",
        postgresql_where=text("state = 'held'"),
    ),
)
