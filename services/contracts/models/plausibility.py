"""Questions about recorded visits, and who did what about them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    String,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.contracts.models.base import Base
from shared.db.sealed import sealed_as


class VisitFlag(Base):
    """What a rule found, with its evidence; raised once, decided by people."""

    __tablename__ = "visit_flags"
    __table_args__ = (
        UniqueConstraint("region", "rule", "key"),
        CheckConstraint("status IN ('open', 'explained', 'confirmed', 'dismissed')", name="status"),
        Index("ix_visit_flags_team", "team", "status"),
    )

    flag_id: Mapped[UUID] = mapped_column(primary_key=True)
    region: Mapped[str] = mapped_column(String(16))
    rule: Mapped[str] = mapped_column(String(40))
    rule_version: Mapped[str] = mapped_column(String(32))
    key: Mapped[str] = mapped_column(String(300))
    """The same whenever the same visits are looked at."""
    team: Mapped[str] = mapped_column(String(32))
    township: Mapped[str | None] = mapped_column(String(64))
    person_id: Mapped[str | None] = mapped_column(String(64))
    found_on: Mapped[date]
    """The day of the last visit that it rests on."""
    follow_ups: Mapped[list[str]] = mapped_column(JSONB)
    evidence: Mapped[dict[str, Any]] = mapped_column(JSONB)
    status: Mapped[str] = mapped_column(String(12))
    raised_at: Mapped[datetime]


class VisitFlagStep(Base):
    """A step of a question's case file."""

    __tablename__ = "visit_flag_steps"

    flag_id: Mapped[UUID] = mapped_column(
        ForeignKey("visit_flags.flag_id", ondelete="RESTRICT"), primary_key=True
    )
    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    step: Mapped[str] = mapped_column(String(12))
    note: Mapped[bytes] = mapped_column(LargeBinary, info=sealed_as("visit_flag_steps.note"))
    """Encrypted."""
    done_by: Mapped[str] = mapped_column(String(128))
    done_at: Mapped[datetime]
