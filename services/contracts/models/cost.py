"""What a settled visit cost and who paid."""

from __future__ import annotations

from datetime import date

from sqlalchemy import BigInteger, Index, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.contracts.models.base import Base


class VisitCost(Base):
    """A settlement of a registered person's visit, as claims told it (XB-44); written once."""

    __tablename__ = "visit_costs"
    __table_args__ = (Index("ix_visit_costs_person_id", "person_id"),)

    settlement_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    region: Mapped[str] = mapped_column(String(16))
    person_id: Mapped[str] = mapped_column(String(64))
    discharged_on: Mapped[date]
    """Its year is the visit's year."""
    total_fen: Mapped[int] = mapped_column(BigInteger)
    in_scope_fen: Mapped[int] = mapped_column(BigInteger)
    patient_fen: Mapped[int] = mapped_column(BigInteger)
    payers: Mapped[dict[str, int]] = mapped_column(JSONB)
    """Payer code → fen; with the patient's part the total."""


class ReversedSettlement(Base):
    """A settlement that counts no more; told before it or after."""

    __tablename__ = "reversed_settlements"

    settlement_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    region: Mapped[str] = mapped_column(String(16))
