"""Reports to the institution above."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from services.contracts.models.base import Base
from shared.db.sealed import sealed_as


class UpwardReport(Base):
    """That a team told the institution above of somebody it did not meet; one per task."""

    __tablename__ = "upward_reports"
    __table_args__ = (Index("ix_upward_reports_person_id", "person_id"),)

    task_id: Mapped[UUID] = mapped_column(
        ForeignKey("tasks.task_id", ondelete="RESTRICT"), primary_key=True
    )
    region: Mapped[str] = mapped_column(String(16))
    person_id: Mapped[str] = mapped_column(String(64))
    reported_to: Mapped[str] = mapped_column(String(32))
    reported_at: Mapped[datetime]
    note: Mapped[bytes | None] = mapped_column(LargeBinary, info=sealed_as("upward_reports.note"))
    """Free text about a patient, encrypted."""
    recorded_by: Mapped[str] = mapped_column(String(128))
    recorded_at: Mapped[datetime]
