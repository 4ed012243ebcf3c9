"""Home verifications of poverty by illness (XB-44)."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from services.contracts.models.base import Base
from shared.db.sealed import sealed_as


class HomeVerification(Base):
    """That somebody went to the household and what he found; never changed."""

    __tablename__ = "home_verifications"
    __table_args__ = (
        Index("ix_home_verifications_person_id", "person_id", "verified_on"),
        Index("ix_home_verifications_place", "township", "verified_on"),
    )

    verification_id: Mapped[UUID] = mapped_column(primary_key=True)
    region: Mapped[str] = mapped_column(String(16))
    person_id: Mapped[str] = mapped_column(String(64))
    township: Mapped[str | None] = mapped_column(String(64))
    village: Mapped[str | None] = mapped_column(String(64))
    """The person's home as it was known on the day of the record."""
    verified_on: Mapped[date]
    result: Mapped[str] = mapped_column(String(24))
    cause: Mapped[str | None] = mapped_column(String(16))
    """The main cause of poverty that was found, by the roster's codes."""
    note: Mapped[bytes | None] = mapped_column(
        LargeBinary, info=sealed_as("home_verifications.note")
    )
    """Free text about a household, encrypted."""
    recorded_by: Mapped[str] = mapped_column(String(128))
    organisation: Mapped[str] = mapped_column(String(64))
    recorded_at: Mapped[datetime]
