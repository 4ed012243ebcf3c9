"""When the projections were rebuilt, and by whom; not a projection itself."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from services.reporting.models.base import Base


class Rebuild(Base):
    """One finished rebuild."""

    __tablename__ = "rebuilds"

    rebuild_id: Mapped[UUID] = mapped_column(primary_key=True)
    requested_by: Mapped[str] = mapped_column(String(128))
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime]
    events: Mapped[int] = mapped_column(BigInteger)
