"""Contracts, why there is none, diseases, tasks and services, as contracts told them."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, Index, String
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from services.reporting.models.base import Base


class Contract(Base):
    """A family-doctor contract: signed, ended."""

    __tablename__ = "contracts"
    __table_args__ = (
        Index("ix_contracts_person_id", "person_id"),
        Index("ix_contracts_valid_from", "valid_from"),
    )

    contract_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    region: Mapped[str] = mapped_column(String(16))
    person_id: Mapped[str] = mapped_column(String(64))
    team: Mapped[str] = mapped_column(String(32))
    township: Mapped[str | None] = mapped_column(String(64))
    village: Mapped[str | None] = mapped_column(String(64))
    sequence: Mapped[int] = mapped_column(BigInteger)
    valid_from: Mapped[date | None]
    """Told by contract.signed."""
    valid_to: Mapped[date | None]
    signed_sequence: Mapped[int | None] = mapped_column(BigInteger)
    ended_on: Mapped[date | None]
    """Told by contract.ended: the first day on which it no longer holds."""
    end_reason: Mapped[str | None] = mapped_column(String(48))
    ended_sequence: Mapped[int | None] = mapped_column(BigInteger)


class Task(Base):
    """A team's task: opened (perhaps again, for another team), closed."""

    __tablename__ = "tasks"
    __table_args__ = (Index("ix_tasks_team", "team"),)

    task_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    region: Mapped[str] = mapped_column(String(16))
    person_id: Mapped[str] = mapped_column(String(64))
    rule: Mapped[str] = mapped_column(String(48))
    team: Mapped[str] = mapped_column(String(32))
    due_on: Mapped[date]
    sequence: Mapped[int] = mapped_column(BigInteger)
    encounter_id: Mapped[str | None] = mapped_column(String(64))
    """Told by task.opened."""
    opened_sequence: Mapped[int | None] = mapped_column(BigInteger)
    outcome: Mapped[str | None] = mapped_column(String(48))
    """Told by task.closed."""
    closed_at: Mapped[datetime | None]
    closed_sequence: Mapped[int | None] = mapped_column(BigInteger)


class FollowUp(Base):
    """A contact of a team with a person."""

    __tablename__ = "follow_ups"
    __table_args__ = (
        Index("ix_follow_ups_performed_on", "performed_on"),
        Index("ix_follow_ups_person_id", "person_id"),
    )

    follow_up_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    region: Mapped[str] = mapped_column(String(16))
    person_id: Mapped[str] = mapped_column(String(64))
    team: Mapped[str] = mapped_column(String(32))
    task_id: Mapped[str | None] = mapped_column(String(64))
    performed_at: Mapped[datetime]
    performed_on: Mapped[date]
    """The business day."""
    way: Mapped[str] = mapped_column(String(8))
    served: Mapped[bool]
    """False: nobody was reached, or the person declined."""


class CheckUp(Base):
    """A health check of a person."""

    __tablename__ = "check_ups"
    __table_args__ = (
        Index("ix_check_ups_performed_on", "performed_on"),
        Index("ix_check_ups_person_id", "person_id"),
    )

    check_up_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    region: Mapped[str] = mapped_column(String(16))
    person_id: Mapped[str] = mapped_column(String(64))
    team: Mapped[str] = mapped_column(String(32))
    performed_on: Mapped[date]


class Dispensing(Base):
    """Drugs of a chronic disease that a person was handed."""

    __tablename__ = "dispensings"
    __table_args__ = (
        Index("ix_dispensings_dispensed_on", "dispensed_on"),
        Index("ix_dispensings_person_id", "person_id"),
    )

    dispensing_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    region: Mapped[str] = mapped_column(String(16))
    person_id: Mapped[str] = mapped_column(String(64))
    team: Mapped[str] = mapped_column(String(32))
    dispensed_on: Mapped[date]


class Exemption(Base):
    """Why a registered person is not under contract: recorded, ended."""

    __tablename__ = "exemptions"
    __table_args__ = (Index("ix_exemptions_person_id", "person_id"),)

    exemption_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    region: Mapped[str] = mapped_column(String(16))
    person_id: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(String(48))
    leaves_denominator: Mapped[bool]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    sequence: Mapped[int] = mapped_column(BigInteger)
    ended_on: Mapped[date | None]
    """Told by exemption.ended: the first day on which it no longer stands."""
    ended_sequence: Mapped[int | None] = mapped_column(BigInteger)


class DiseaseCase(Base):
    """A person's disease: found, managed, closed as cured, or taken back."""

    __tablename__ = "disease_cases"
    __table_args__ = (Index("ix_disease_cases_person_id", "person_id"),)

    case_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    region: Mapped[str] = mapped_column(String(16))
    person_id: Mapped[str] = mapped_column(String(64))
    disease: Mapped[str] = mapped_column(String(48))
    batches: Mapped[list[str]] = mapped_column(ARRAY(String(48)))
    """The lists on which the disease stands."""
    sequence: Mapped[int] = mapped_column(BigInteger)
    found_on: Mapped[date | None]
    found_sequence: Mapped[int | None] = mapped_column(BigInteger)
    managed_on: Mapped[date | None]
    managed_sequence: Mapped[int | None] = mapped_column(BigInteger)
    closed_on: Mapped[date | None]
    closed_sequence: Mapped[int | None] = mapped_column(BigInteger)
    withdrawn_sequence: Mapped[int | None] = mapped_column(BigInteger)
