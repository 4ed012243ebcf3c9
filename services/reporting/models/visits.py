"""Visits and their bills; each row merges what several events tell of it.

A column that one kind of event fills is NULL until that event has come, so that the order in which
the events arrive leaves no trace.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import BigInteger, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from services.reporting.models.base import Base


class Encounter(Base):
    """A visit: opened, discharged, perhaps cancelled."""

    __tablename__ = "encounters"
    __table_args__ = (
        Index("ix_encounters_discharged_on", "discharged_on"),
        Index("ix_encounters_admitted_on", "admitted_on"),
        Index("ix_encounters_person_id", "person_id", "discharged_on"),
    )

    encounter_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    region: Mapped[str] = mapped_column(String(16))
    person_id: Mapped[str | None] = mapped_column(String(64))
    facility_code: Mapped[str] = mapped_column(String(32))
    facility_level: Mapped[str] = mapped_column(String(16))
    in_region: Mapped[bool]
    visit_no: Mapped[str] = mapped_column(String(64))
    visit_type: Mapped[str] = mapped_column(String(24))
    admitted_on: Mapped[date]
    township: Mapped[str | None] = mapped_column(String(64))
    village: Mapped[str | None] = mapped_column(String(64))
    sequence: Mapped[int] = mapped_column(BigInteger)
    """Of the newest event; whose facility, person and home stand above."""
    deposit_fen: Mapped[int | None] = mapped_column(BigInteger)
    """Told by encounter.opened."""
    treat_first_pay_later: Mapped[bool | None]
    recognition_id: Mapped[str | None] = mapped_column(String(64))
    opened_sequence: Mapped[int | None] = mapped_column(BigInteger)
    discharged_on: Mapped[date | None]
    """Told by encounter.discharged."""
    discharged_sequence: Mapped[int | None] = mapped_column(BigInteger)
    cancelled_sequence: Mapped[int | None] = mapped_column(BigInteger)
    """Told by encounter.cancelled: the visit did not take place and counts nowhere."""


class Settlement(Base):
    """A bill split among its payers; counted while it is made and not reversed."""

    __tablename__ = "settlements"
    __table_args__ = (
        Index("ix_settlements_encounter_id", "encounter_id"),
        Index("ix_settlements_discharged_on", "discharged_on"),
        # Whose home is the registry's.
        Index("ix_settlements_home_of", "person_id", postgresql_where=text("township IS NULL")),
    )

    settlement_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    region: Mapped[str] = mapped_column(String(16))
    encounter_id: Mapped[str] = mapped_column(String(64))
    # Told by settlement.made:
    made_sequence: Mapped[int | None] = mapped_column(BigInteger)
    person_id: Mapped[str | None] = mapped_column(String(64))
    facility_code: Mapped[str | None] = mapped_column(String(32))
    facility_level: Mapped[str | None] = mapped_column(String(16))
    in_region: Mapped[bool | None]
    township: Mapped[str | None] = mapped_column(String(64))
    village: Mapped[str | None] = mapped_column(String(64))
    category: Mapped[str | None] = mapped_column(String(48))
    visit_type: Mapped[str | None] = mapped_column(String(24))
    admitted_on: Mapped[date | None]
    discharged_on: Mapped[date | None]
    pack: Mapped[str | None] = mapped_column(String(64))
    pack_version: Mapped[str | None] = mapped_column(String(64))
    total_fen: Mapped[int | None] = mapped_column(BigInteger)
    waived_fen: Mapped[int | None] = mapped_column(BigInteger)
    out_of_catalogue_fen: Mapped[int | None] = mapped_column(BigInteger)
    over_limit_fen: Mapped[int | None] = mapped_column(BigInteger)
    self_first_fen: Mapped[int | None] = mapped_column(BigInteger)
    in_scope_fen: Mapped[int | None] = mapped_column(BigInteger)
    patient_fen: Mapped[int | None] = mapped_column(BigInteger)
    medical_aid_fen: Mapped[int | None] = mapped_column(BigInteger)
    """The payer ``medical_aid`` alone; the others are in ``settlement_payers``."""
    supersedes: Mapped[str | None] = mapped_column(String(64))
    # Told by settlement.reversed:
    reversed_by: Mapped[str | None] = mapped_column(String(64))
    reversed_on: Mapped[date | None]


class SettlementPayer(Base):
    """What one payer pays of a bill; the patient's own part is not among them."""

    __tablename__ = "settlement_payers"

    settlement_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    payer: Mapped[str] = mapped_column(String(48), primary_key=True)
    amount_fen: Mapped[int] = mapped_column(BigInteger)
