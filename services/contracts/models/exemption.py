"""Why a registered person is not under contract, for how long, and on what evidence."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Computed, ForeignKey, Index, LargeBinary, String
from sqlalchemy.dialects.postgresql import DATERANGE
from sqlalchemy.orm import Mapped, mapped_column

from services.contracts.models.base import Base
from shared.db.sealed import sealed_as


class Exemption(Base):
    """One exempt reason of a person; ``in_force`` are the days on which it stands.

    An exclusion constraint in the migration keeps one person's apart, as with contracts.
    """

    __tablename__ = "exemptions"
    __table_args__ = (
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="term"),
        CheckConstraint("ended_on IS NULL OR ended_on >= valid_from", name="ended_on"),
        CheckConstraint("(ended_on IS NULL) = (end_reason IS NULL)", name="ended"),
        Index("ix_exemptions_person_id", "person_id"),
    )

    exemption_id: Mapped[UUID] = mapped_column(primary_key=True)
    region: Mapped[str] = mapped_column(String(16))
    person_id: Mapped[str] = mapped_column(String(64))
    contract_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("contracts.contract_id", ondelete="RESTRICT")
    )
    """The offer that was refused."""
    township: Mapped[str | None] = mapped_column(String(64))
    village: Mapped[str | None] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(String(32))
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    """The last day, included; None: it does not expire."""
    ended_on: Mapped[date | None]
    """The first day on which it no longer stands, when it was ended before."""
    end_reason: Mapped[str | None] = mapped_column(String(32))
    in_force: Mapped[Any] = mapped_column(
        DATERANGE,
        Computed("daterange(valid_from, COALESCE(ended_on, valid_to + 1), '[)')", persisted=True),
    )
    evidence: Mapped[bytes] = mapped_column(LargeBinary, info=sealed_as("exemptions.evidence"))
    """What it rests on, encrypted."""
    recorded_by: Mapped[str] = mapped_column(String(128))
    recorded_at: Mapped[datetime]
