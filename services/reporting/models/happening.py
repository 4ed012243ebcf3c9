"""What happened, without any person: the ticker, and how far the figures reach."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index, Sequence, String
from sqlalchemy.orm import Mapped, mapped_column

from services.reporting.models.base import Base


class Happening(Base):
    """One event that was taken in; ``at`` is when it happened."""

    __tablename__ = "happenings"
    __table_args__ = (Index("ix_happenings_at", "at", "event_id"),)

    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    region: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime]
    type: Mapped[str] = mapped_column(String(128))
    township: Mapped[str | None] = mapped_column(String(64))
    facility_code: Mapped[str | None] = mapped_column(String(32))
    grade: Mapped[str | None] = mapped_column(String(16))
    """Of a recognition."""
    total_fen: Mapped[int | None] = mapped_column(BigInteger)
    """Of a settlement, and the patient's part of it."""
    patient_fen: Mapped[int | None] = mapped_column(BigInteger)


REVISION = Sequence("reporting_revision", metadata=Base.metadata)
"""Numbers the changes of the figures. A sequence, because a row would make handlers queue."""

CHANGING = (7_300, 1)
"""Advisory lock: shared by every transaction from before it numbers its change until its end."""
