"""Referrals between the team and the hospitals, and every step that was taken."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    false,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.contracts.models.base import Base
from shared.db.sealed import sealed_as


class Referral(Base):
    """A referral as it now stands; ``rank`` is its place among those who wait."""

    __tablename__ = "referrals"
    __table_args__ = (
        CheckConstraint("direction IN ('up', 'down')", name="direction"),
        CheckConstraint(
            "status IN ('made', 'accepted', 'refused', 'returned', 'closed')", name="status"
        ),
        CheckConstraint("from_facility <> to_facility", name="ends"),
        CheckConstraint("valid_to >= issued_on", name="validity"),
        CheckConstraint("(status = 'refused') = (refusal IS NOT NULL)", name="refusal"),
        CheckConstraint("(status = 'closed') = (outcome IS NOT NULL)", name="outcome"),
        Index("ix_referrals_person_id", "person_id"),
        Index("ix_referrals_target", "to_facility", "status", "rank", "referral_id"),
        Index("ix_referrals_issuer", "from_facility", "status", "rank", "referral_id"),
        Index(
            "ix_referrals_unanswered",
            "valid_to",
            postgresql_where=text("status = 'made' AND NOT expiry_told"),
        ),
        Index("ix_referrals_waiting", "status", "rank", "referral_id"),
    )

    referral_id: Mapped[UUID] = mapped_column(primary_key=True)
    region: Mapped[str] = mapped_column(String(16))
    person_id: Mapped[str] = mapped_column(String(64))
    direction: Mapped[str] = mapped_column(String(8))
    reason: Mapped[str] = mapped_column(String(32))
    from_facility: Mapped[str] = mapped_column(String(32))
    to_facility: Mapped[str] = mapped_column(String(32))
    team: Mapped[str] = mapped_column(String(32))
    """The team that answers for the patient on the day of issue."""
    township: Mapped[str | None] = mapped_column(String(64))
    village: Mapped[str | None] = mapped_column(String(64))
    diagnoses: Mapped[list[str]] = mapped_column(JSONB)
    rank: Mapped[int] = mapped_column(SmallInteger)
    issued_on: Mapped[date]
    valid_to: Mapped[date]
    """The last day on which it may be answered or used."""
    status: Mapped[str] = mapped_column(String(16))
    refusal: Mapped[bytes | None] = mapped_column(LargeBinary, info=sealed_as("referrals.refusal"))
    """Why the target does not take the patient, encrypted."""
    outcome: Mapped[str | None] = mapped_column(String(16))
    note: Mapped[bytes | None] = mapped_column(LargeBinary, info=sealed_as("referrals.note"))
    """Free text about a patient, encrypted."""
    expiry_told: Mapped[bool] = mapped_column(server_default=false())
    """Whether both ends were told that nobody answered in time."""
    version: Mapped[int] = mapped_column(Integer)
    recorded_at: Mapped[datetime]


class ReferralStep(Base):
    """Who took a step, when; written once."""

    __tablename__ = "referral_steps"

    referral_id: Mapped[UUID] = mapped_column(
        ForeignKey("referrals.referral_id", ondelete="RESTRICT"), primary_key=True
    )
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    step: Mapped[str] = mapped_column(String(16))
    done_at: Mapped[datetime]
    done_by: Mapped[str] = mapped_column(String(128))
    organisation: Mapped[str] = mapped_column(String(128))
    note: Mapped[bytes | None] = mapped_column(LargeBinary, info=sealed_as("referral_steps.note"))
    """What was said with it, encrypted."""
