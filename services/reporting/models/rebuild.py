"""Rebuilds of the projections: asked for, under way, ended; not a projection itself."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, SmallInteger, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.reporting.models.base import Base


class Rebuild(Base):
    """One rebuild."""

    __tablename__ = "rebuilds"
    __table_args__ = (
        CheckConstraint("status IN ('queued', 'running', 'done', 'failed')", name="status"),
        CheckConstraint(
            "(status IN ('done', 'failed')) = (finished_at IS NOT NULL)", name="finished"
        ),
        # One at a time: whoever asks meanwhile is told of that one.
        Index(
            "uq_rebuilds_under_way",
            "region",
            unique=True,
            postgresql_where=text("status IN ('queued', 'running')"),
        ),
    )

    rebuild_id: Mapped[UUID] = mapped_column(primary_key=True)
    region: Mapped[str] = mapped_column(String(16))
    status: Mapped[str] = mapped_column(String(16))
    requested_by: Mapped[str] = mapped_column(String(128))
    organisation: Mapped[str | None] = mapped_column(String(64))
    requested_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(SmallInteger)
    phase: Mapped[str | None] = mapped_column(String(16))
    """What is being done: ``reading``, ``comparing``."""
    events: Mapped[int] = mapped_column(BigInteger)
    """Taken in so far; of a finished one, all of them."""
    expected: Mapped[int] = mapped_column(BigInteger)
    """About so many will be: what was handled live."""
    deleted: Mapped[int | None] = mapped_column(BigInteger)
    """Rows that were not what the events say."""
    written: Mapped[int | None] = mapped_column(BigInteger)
    positions: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    """How far each service's event store was read."""
    fault: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    """Why nothing was changed."""
