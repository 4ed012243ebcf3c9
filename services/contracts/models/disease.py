"""The disease register: one row per person and disease, with its steps and plans."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, SmallInteger, String, text
from sqlalchemy.orm import Mapped, mapped_column

from services.contracts.models.base import Base
from shared.db.sealed import sealed_as


class DiseaseCase(Base):
    """A disease of a person, from its finding to its cure (XB-41)."""

    __tablename__ = "disease_cases"
    __table_args__ = (
        CheckConstraint("state IN ('found', 'managed', 'closed', 'withdrawn')", name="state"),
        CheckConstraint(
            "(state = 'closed') = (evidence IS NOT NULL AND closed_on IS NOT NULL)", name="closed"
        ),
        CheckConstraint(
            "state NOT IN ('managed', 'closed') OR managed_on IS NOT NULL", name="managed"
        ),
        Index(
            "uq_disease_cases_open",
            "person_id",
            "disease",
            unique=True,
            postgresql_where=text("state IN ('found', 'managed')"),
        ),
        Index("ix_disease_cases_disease", "disease", "state"),
        Index(
            "ix_disease_cases_follow_up_id",
            "follow_up_id",
            postgresql_where=text("follow_up_id IS NOT NULL"),
        ),
    )

    case_id: Mapped[UUID] = mapped_column(primary_key=True)
    region: Mapped[str] = mapped_column(String(16))
    person_id: Mapped[str] = mapped_column(String(64))
    disease: Mapped[str] = mapped_column(String(32))
    grade: Mapped[int | None] = mapped_column(SmallInteger)
    """Where the disease's data asks for one (LP-38)."""
    care_class: Mapped[str | None] = mapped_column(String(16))
    """``ordinary`` or ``high_risk`` (LP-34)."""
    township: Mapped[str | None] = mapped_column(String(64))
    village: Mapped[str | None] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(12))
    found_on: Mapped[date]
    managed_on: Mapped[date | None]
    closed_on: Mapped[date | None]
    evidence: Mapped[bytes | None] = mapped_column(
        LargeBinary, info=sealed_as("disease_cases.evidence")
    )
    """What the cure rests on, encrypted; no case is closed without it."""
    follow_up_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("follow_ups.follow_up_id", ondelete="RESTRICT")
    )
    """The visit that found it; None: it was registered by itself."""
    recorded_by: Mapped[str] = mapped_column(String(128))
    recorded_at: Mapped[datetime]


class DiseaseStep(Base):
    """One step of a case: what, from which day, by whom, recorded when. Never changed."""

    __tablename__ = "disease_steps"

    case_id: Mapped[UUID] = mapped_column(
        ForeignKey("disease_cases.case_id", ondelete="RESTRICT"), primary_key=True
    )
    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    step: Mapped[str] = mapped_column(String(12))
    state: Mapped[str] = mapped_column(String(12))
    on: Mapped[date]
    recorded_by: Mapped[str] = mapped_column(String(128))
    organisation: Mapped[str] = mapped_column(String(64))
    recorded_at: Mapped[datetime]


class DiseasePlan(Base):
    """A version of the plan for one person and disease (一人一策, XB-30)."""

    __tablename__ = "disease_plans"

    case_id: Mapped[UUID] = mapped_column(
        ForeignKey("disease_cases.case_id", ondelete="RESTRICT"), primary_key=True
    )
    version: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    plan: Mapped[bytes] = mapped_column(LargeBinary, info=sealed_as("disease_plans.plan"))
    """Goal and measures as JSON, encrypted."""
    made_on: Mapped[date]
    recorded_by: Mapped[str] = mapped_column(String(128))
    recorded_at: Mapped[datetime]
