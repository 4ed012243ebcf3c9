"""Who is in a family-doctor team, in which role, from when to when."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from services.contracts.models.base import Base
from shared.db.sealed import sealed_as


class TeamMember(Base):
    """A member; name and telephone are encrypted like any person's."""

    __tablename__ = "team_members"
    __table_args__ = (
        CheckConstraint("left_on IS NULL OR left_on >= joined_on", name="left_on"),
        Index("ix_team_members_team", "team", "role"),
    )

    member_id: Mapped[UUID] = mapped_column(primary_key=True)
    region: Mapped[str] = mapped_column(String(16))
    team: Mapped[str] = mapped_column(String(32))
    role: Mapped[str] = mapped_column(String(32))
    village: Mapped[str | None] = mapped_column(String(64))
    """Of a village doctor: whose people he looks after."""
    name: Mapped[bytes] = mapped_column(LargeBinary, info=sealed_as("team_members.name"))
    phone: Mapped[bytes | None] = mapped_column(LargeBinary, info=sealed_as("team_members.phone"))
    joined_on: Mapped[date]
    left_on: Mapped[date | None]
    """The first day on which he is no longer in it."""
    recorded_by: Mapped[str] = mapped_column(String(128))
    recorded_at: Mapped[datetime]
