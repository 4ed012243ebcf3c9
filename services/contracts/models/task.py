"""What a team has to do after a discharge, and the follow-ups that it did."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from services.contracts.models.base import Base


class Discharge(Base):
    """An inpatient stay of a registered person that ended, as claims told it."""

    __tablename__ = "discharges"
    __table_args__ = (Index("ix_discharges_person_id", "person_id"),)

    encounter_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    region: Mapped[str] = mapped_column(String(16))
    person_id: Mapped[str] = mapped_column(String(64))
    facility_code: Mapped[str] = mapped_column(String(32))
    township: Mapped[str | None] = mapped_column(String(64))
    """The person's home as the encounter knew it; None: the projection of people decides."""
    village: Mapped[str | None] = mapped_column(String(64))
    discharged_on: Mapped[date]
    sequence: Mapped[int] = mapped_column(BigInteger)


class Task(Base):
    """Something a team has to do for a person by a day; at most one per rule and encounter."""

    __tablename__ = "tasks"
    __table_args__ = (
        UniqueConstraint("rule", "encounter_id"),
        CheckConstraint("status IN ('open', 'closed')", name="status"),
        CheckConstraint("(status = 'closed') = (outcome IS NOT NULL)", name="outcome"),
        Index("ix_tasks_person_id", "person_id"),
        Index("ix_tasks_worklist", "status", "due_on", "task_id"),
        Index("ix_tasks_team", "team", "status"),
    )

    task_id: Mapped[UUID] = mapped_column(primary_key=True)
    region: Mapped[str] = mapped_column(String(16))
    rule: Mapped[str] = mapped_column(String(48))
    encounter_id: Mapped[str] = mapped_column(
        ForeignKey("discharges.encounter_id", ondelete="RESTRICT")
    )
    person_id: Mapped[str] = mapped_column(String(64))
    team: Mapped[str] = mapped_column(String(32))
    township: Mapped[str | None] = mapped_column(String(64))
    village: Mapped[str | None] = mapped_column(String(64))
    facility_code: Mapped[str] = mapped_column(String(32))
    discharged_on: Mapped[date]
    due_on: Mapped[date]
    status: Mapped[str] = mapped_column(String(8))
    outcome: Mapped[str | None] = mapped_column(String(48))
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class FollowUp(Base):
    """A contact of a team with a person."""

    __tablename__ = "follow_ups"
    __table_args__ = (Index("ix_follow_ups_person_id", "person_id"),)

    follow_up_id: Mapped[UUID] = mapped_column(primary_key=True)
    region: Mapped[str] = mapped_column(String(16))
    person_id: Mapped[str] = mapped_column(String(64))
    task_id: Mapped[UUID | None] = mapped_column(ForeignKey("tasks.task_id", ondelete="RESTRICT"))
    team: Mapped[str] = mapped_column(String(32))
    performed_at: Mapped[datetime]
    way: Mapped[str] = mapped_column(String(8))
    outcome: Mapped[str] = mapped_column(String(48))
    note: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Free text about a patient, encrypted."""
    recorded_by: Mapped[str] = mapped_column(String(128))
    recorded_at: Mapped[datetime]
