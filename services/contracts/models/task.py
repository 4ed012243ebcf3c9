"""What a team has to do after a discharge, and the follow-ups that it did."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    String,
    UniqueConstraint,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.contracts.models.base import Base
from shared.db.sealed import sealed_as


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
    admitted_on: Mapped[date | None]
    """None: told before it was kept."""
    discharged_on: Mapped[date]
    sequence: Mapped[int] = mapped_column(BigInteger)


class CancelledStay(Base):
    """An inpatient stay that did not take place; told before its discharge or after."""

    __tablename__ = "cancelled_stays"

    encounter_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    region: Mapped[str] = mapped_column(String(16))
    cancelled_at: Mapped[datetime]


class Task(Base):
    """Something a team has to do for a person by a day.

    A discharge opens at most one per rule and encounter; a programme of care one per attempt after
    an anchor (see ``plans.domain``).
    """

    __tablename__ = "tasks"
    __table_args__ = (
        UniqueConstraint("rule", "encounter_id"),
        UniqueConstraint("rule", "referral_id"),
        CheckConstraint("num_nonnulls(encounter_id, programme, referral_id) = 1", name="origin"),
        Index(
            "uq_tasks_attempt",
            "person_id",
            "programme",
            "anchor",
            "attempt",
            unique=True,
            postgresql_where=text("programme IS NOT NULL"),
        ),
        Index(
            "ix_tasks_planned_open",
            "opens_on",
            "closes_on",
            postgresql_where=text("programme IS NOT NULL AND status = 'open'"),
        ),
        CheckConstraint("status IN ('open', 'closed')", name="status"),
        CheckConstraint("(status = 'closed') = (outcome IS NOT NULL)", name="outcome"),
        Index("ix_tasks_person_id", "person_id"),
        Index("ix_tasks_worklist", "status", "due_on", "task_id"),
        Index("ix_tasks_team", "team", "status"),
    )

    task_id: Mapped[UUID] = mapped_column(primary_key=True)
    region: Mapped[str] = mapped_column(String(16))
    rule: Mapped[str] = mapped_column(String(48))
    rule_version: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    """The version that made it; a later one does not change it."""
    encounter_id: Mapped[str | None] = mapped_column(
        ForeignKey("discharges.encounter_id", ondelete="RESTRICT")
    )
    referral_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("referrals.referral_id", ondelete="RESTRICT")
    )
    """The referral down that asks for it."""
    programme: Mapped[str | None] = mapped_column(String(32))
    """The programme of care that asks for it; None: a discharge or a referral does."""
    anchor: Mapped[str | None] = mapped_column(String(64))
    attempt: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    anchor_on: Mapped[date | None]
    person_id: Mapped[str] = mapped_column(String(64))
    team: Mapped[str] = mapped_column(String(32))
    township: Mapped[str | None] = mapped_column(String(64))
    village: Mapped[str | None] = mapped_column(String(64))
    facility_code: Mapped[str | None] = mapped_column(String(32))
    discharged_on: Mapped[date | None]
    priority: Mapped[int] = mapped_column(SmallInteger, server_default="15")
    """10 is the most urgent."""
    opens_on: Mapped[date]
    """The first day on which it can be done."""
    due_on: Mapped[date]
    closes_on: Mapped[date | None]
    """The last day on which it still counts; None: it waits until it is done."""
    told: Mapped[bool] = mapped_column(server_default=true())
    """Whether its opening was told; a draft's is not yet."""
    status: Mapped[str] = mapped_column(String(8))
    outcome: Mapped[str | None] = mapped_column(String(48))
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class FollowUp(Base):
    """A contact of a team with a person."""

    __tablename__ = "follow_ups"
    __table_args__ = (
        Index("ix_follow_ups_person_id", "person_id"),
        Index("ix_follow_ups_performed_at", "performed_at"),
        Index(
            "ix_follow_ups_visits",
            "person_id",
            "disease",
            "performed_at",
            postgresql_where=text("disease IS NOT NULL"),
        ),
    )

    follow_up_id: Mapped[UUID] = mapped_column(primary_key=True)
    region: Mapped[str] = mapped_column(String(16))
    person_id: Mapped[str] = mapped_column(String(64))
    task_id: Mapped[UUID | None] = mapped_column(ForeignKey("tasks.task_id", ondelete="RESTRICT"))
    team: Mapped[str] = mapped_column(String(32))
    performed_at: Mapped[datetime]
    way: Mapped[str] = mapped_column(String(8))
    outcome: Mapped[str] = mapped_column(String(48))
    disease: Mapped[str | None] = mapped_column(String(32))
    """The programme of care that it belongs to."""
    classification: Mapped[str | None] = mapped_column(String(32))
    control_status: Mapped[str | None] = mapped_column(String(16))
    measurements: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    anchor_on: Mapped[date | None]
    """From which day the next visit is counted; None: it is no visit of the programme."""
    judged: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    """How often it was judged; a correction that changes what follows judges it anew."""
    note: Mapped[bytes | None] = mapped_column(LargeBinary, info=sealed_as("follow_ups.note"))
    """Free text about a patient, encrypted."""
    recorded_by: Mapped[str] = mapped_column(String(128))
    recorded_at: Mapped[datetime]


class FollowUpCorrection(Base):
    """What stood in a follow-up before it was corrected; kept for good."""

    __tablename__ = "follow_up_corrections"
    __table_args__ = (Index("ix_follow_up_corrections_follow_up_id", "follow_up_id"),)

    correction_id: Mapped[UUID] = mapped_column(primary_key=True)
    region: Mapped[str] = mapped_column(String(16))
    follow_up_id: Mapped[UUID] = mapped_column(
        ForeignKey("follow_ups.follow_up_id", ondelete="RESTRICT")
    )
    outcome: Mapped[str] = mapped_column(String(48))
    classification: Mapped[str | None] = mapped_column(String(32))
    control_status: Mapped[str | None] = mapped_column(String(16))
    measurements: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    corrected_by: Mapped[str] = mapped_column(String(128))
    corrected_at: Mapped[datetime]
