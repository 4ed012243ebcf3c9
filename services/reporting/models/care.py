"""Contracts, tasks and follow-ups, as contracts told them."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from services.reporting.models.base import Base


class Contract(Base):
    """A family-doctor contract: signed, ended."""

    __tablename__ = "contracts"
    __table_args__ = (Index("ix_contracts_person_id", "person_id"),)

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

    follow_up_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    region: Mapped[str] = mapped_column(String(16))
    person_id: Mapped[str] = mapped_column(String(64))
    team: Mapped[str] = mapped_column(String(32))
    task_id: Mapped[str | None] = mapped_column(String(64))
    performed_at: Mapped[datetime]
    way: Mapped[str] = mapped_column(String(8))
