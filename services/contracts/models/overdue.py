"""Calls to people who did not come when they were due."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from services.contracts.models.base import Base
from shared.db.sealed import sealed_as


class OverdueCall(Base):
    """A call and what it ended in; whether the person came afterwards is judged once."""

    __tablename__ = "overdue_calls"
    __table_args__ = (
        CheckConstraint("consent IN ('given', 'refused')", name="consent"),
        CheckConstraint("returned_on IS NULL OR judged_on IS NOT NULL", name="judged"),
        Index("ix_overdue_calls_person_id", "person_id", "called_at"),
        Index("ix_overdue_calls_team", "team", "called_on"),
        Index("ix_overdue_calls_waiting", "called_on", postgresql_where=text("judged_on IS NULL")),
    )

    call_id: Mapped[UUID] = mapped_column(primary_key=True)
    region: Mapped[str] = mapped_column(String(16))
    person_id: Mapped[str] = mapped_column(String(64))
    team: Mapped[str] = mapped_column(String(32))
    township: Mapped[str | None] = mapped_column(String(64))
    called_at: Mapped[datetime]
    called_on: Mapped[date]
    outcome: Mapped[str] = mapped_column(String(32))
    agreed_on: Mapped[date | None]
    """The day on which he said he would come."""
    again_on: Mapped[date | None]
    """From which day he is to be called again; None: no more."""
    consent: Mapped[str | None] = mapped_column(String(8))
    """What he said about being called, if he said anything."""
    note: Mapped[bytes | None] = mapped_column(LargeBinary, info=sealed_as("overdue_calls.note"))
    """Free text about a patient, encrypted."""
    judged_on: Mapped[date | None]
    """When it was settled whether he came."""
    returned_on: Mapped[date | None]
    """The day of the first service after the call, within the days that count."""
    recorded_by: Mapped[str] = mapped_column(String(128))
    recorded_at: Mapped[datetime]
