"""What clerks decided about room that came free for a bill which a cap had cut."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, String, Table

from services.claims.models.base import METADATA, TIMESTAMP, UUID_TYPE

proposal_decisions = Table(
    "proposal_decisions",
    METADATA,
    # The cut settlement; while it stands and there is room, the proposal is open.
    Column("settlement_id", UUID_TYPE, ForeignKey("settlements.id"), primary_key=True),
    Column("region", String(16), nullable=False),
    Column("facility_code", String(32), nullable=False),
    Column("decision", String(16), nullable=False),
    # Of a confirmed one, the settlement that replaced it.
    Column("replaced_by_id", UUID_TYPE, ForeignKey("settlements.id"), nullable=True),
    Column("note", String(200), nullable=False),
    Column("decided_at", TIMESTAMP, nullable=False),
    Column("decided_by", String(128), nullable=False),
    CheckConstraint("decision IN ('confirmed', 'dismissed')", name="decision"),
    CheckConstraint("(decision = 'confirmed') = (replaced_by_id IS NOT NULL)", name="replaced"),
    Index("ix_proposal_decisions_facility", "region", "facility_code", "settlement_id"),
)
