"""Entered figures. No projection: a rebuild leaves them alone."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from services.reporting.models.base import Base


class Entry(Base):
    """One figure of one place and period; only a confirmed one counts."""

    __tablename__ = "indicator_entries"
    __table_args__ = (
        Index("ix_indicator_entries_code", "region", "code", "day"),
        CheckConstraint("state IN ('entered', 'confirmed', 'withdrawn')", name="state"),
        CheckConstraint("(numerator IS NULL) <> (stated IS NULL)", name="parts_or_stated"),
        CheckConstraint("(state = 'confirmed') <= (confirmed_by IS NOT NULL)", name="confirmed"),
    )

    entry_id: Mapped[UUID] = mapped_column(primary_key=True)
    region: Mapped[str] = mapped_column(String(16))
    code: Mapped[str] = mapped_column(String(48))
    period: Mapped[str] = mapped_column(String(10))
    first_day: Mapped[date]
    day: Mapped[date]
    """The period's last day."""
    township: Mapped[str | None] = mapped_column(String(64))
    """None: the county as a whole."""
    numerator: Mapped[int | None] = mapped_column(BigInteger)
    denominator: Mapped[int | None] = mapped_column(BigInteger)
    stated: Mapped[int | None] = mapped_column(Integer)
    """A share in ten-thousandths of which the document tells no parts."""
    evidence: Mapped[str] = mapped_column(String(300))
    state: Mapped[str] = mapped_column(String(16))
    entered_by: Mapped[str] = mapped_column(String(128))
    entered_at: Mapped[datetime]
    confirmed_by: Mapped[str | None] = mapped_column(String(128))
    confirmed_at: Mapped[datetime | None]
    withdrawn_by: Mapped[str | None] = mapped_column(String(128))
    withdrawn_at: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(String(300))
    """Why it was withdrawn."""
