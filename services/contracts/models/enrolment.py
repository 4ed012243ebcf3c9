"""Who is followed up in which programme of care."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from services.contracts.models.base import Base


class Enrolment(Base):
    """A person taken into a programme; one at a time per person and programme."""

    __tablename__ = "enrolments"
    __table_args__ = (
        CheckConstraint("ended_on IS NULL OR ended_on >= started_on", name="ended_on"),
        CheckConstraint("(ended_on IS NULL) = (end_reason IS NULL)", name="ended"),
        Index(
            "uq_enrolments_in_force",
            "person_id",
            "programme",
            unique=True,
            postgresql_where=text("ended_on IS NULL"),
        ),
    )

    enrolment_id: Mapped[UUID] = mapped_column(primary_key=True)
    region: Mapped[str] = mapped_column(String(16))
    person_id: Mapped[str] = mapped_column(String(64))
    programme: Mapped[str] = mapped_column(String(32))
    started_on: Mapped[date]
    """When the disease was found or notified; a newborn's day of birth."""
    planned_from: Mapped[date]
    """From which day tasks are counted."""
    found_as: Mapped[str | None] = mapped_column(String(16))
    """What a measurement said that took him in, as a visit's classification; None: none did."""
    ended_on: Mapped[date | None]
    """The first day on which nothing is asked for any more."""
    end_reason: Mapped[str | None] = mapped_column(String(32))
    recorded_by: Mapped[str] = mapped_column(String(128))
    recorded_at: Mapped[datetime]
