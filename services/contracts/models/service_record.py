"""Services on record besides follow-ups: yearly check-ups, drugs handed out."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, SmallInteger, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.contracts.models.base import Base


class CheckUp(Base):
    """A health check; one per person and calendar year is paid."""

    __tablename__ = "check_ups"
    __table_args__ = (
        CheckConstraint("(amount_fen > 0) = paid", name="amount"),
        CheckConstraint("year = extract(year FROM performed_on)", name="year"),
        Index(
            "uq_check_ups_paid",
            "person_id",
            "year",
            unique=True,
            postgresql_where=text("paid"),
        ),
        Index("ix_check_ups_person", "person_id", "year"),
        Index("ix_check_ups_team", "team", "performed_on"),
    )

    check_up_id: Mapped[UUID] = mapped_column(primary_key=True)
    region: Mapped[str] = mapped_column(String(16))
    person_id: Mapped[str] = mapped_column(String(64))
    year: Mapped[int] = mapped_column(SmallInteger)
    performed_on: Mapped[date]
    team: Mapped[str] = mapped_column(String(32))
    township: Mapped[str | None] = mapped_column(String(64))
    village: Mapped[str | None] = mapped_column(String(64))
    items: Mapped[list[str]] = mapped_column(JSONB)
    """What was done, by the codes of the content list (XB-24)."""
    measurements: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    paid: Mapped[bool]
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    recorded_by: Mapped[str] = mapped_column(String(128))
    recorded_at: Mapped[datetime]


class Dispensing(Base):
    """Drugs of one of the four chronic diseases handed to a person (XB-25); claims settles it."""

    __tablename__ = "dispensings"
    __table_args__ = (
        CheckConstraint("insured_fen >= 0 AND total_fen >= insured_fen", name="amounts"),
        CheckConstraint("fund_fen >= 0 AND total_fen >= insured_fen + fund_fen", name="fund"),
        CheckConstraint("status IN ('told', 'settled', 'withdrawn')", name="status"),
        CheckConstraint("(status = 'withdrawn') = (withdrawn_reason IS NOT NULL)", name="reason"),
        Index("ix_dispensings_person", "person_id", "dispensed_on"),
    )

    dispensing_id: Mapped[UUID] = mapped_column(primary_key=True)
    region: Mapped[str] = mapped_column(String(16))
    person_id: Mapped[str] = mapped_column(String(64))
    disease: Mapped[str] = mapped_column(String(32))
    dispensed_on: Mapped[date]
    facility_code: Mapped[str] = mapped_column(String(32))
    team: Mapped[str] = mapped_column(String(32))
    total_fen: Mapped[int] = mapped_column(BigInteger)
    insured_fen: Mapped[int] = mapped_column(BigInteger)
    """What basic insurance paid."""
    fund_fen: Mapped[int] = mapped_column(BigInteger)
    """What the special fund pays of the rest, up to the year's cap."""
    told_fen: Mapped[int] = mapped_column(BigInteger)
    """What the window was told that it pays."""
    status: Mapped[str] = mapped_column(String(12), server_default="told")
    """``told`` until claims has taken it from the year, then ``settled``; ``withdrawn``."""
    withdrawn_reason: Mapped[str | None] = mapped_column(String(24))
    days: Mapped[int | None] = mapped_column(SmallInteger)
    """For how many days the drugs last (KZ-12)."""
    drugs: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    recorded_by: Mapped[str] = mapped_column(String(128))
    recorded_at: Mapped[datetime]


class DrugSettlement(Base):
    """The fund's part of a settled visit of a chronic outpatient: the same year's cap."""

    __tablename__ = "drug_settlements"
    __table_args__ = (Index("ix_drug_settlements_person", "person_id", "year"),)

    settlement_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    region: Mapped[str] = mapped_column(String(16))
    person_id: Mapped[str | None] = mapped_column(String(64))
    """None while only the reversal is known."""
    year: Mapped[int] = mapped_column(SmallInteger)
    fund_fen: Mapped[int] = mapped_column(BigInteger)
    reversed: Mapped[bool]
