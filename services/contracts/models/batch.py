"""Imports: a batch, and the verdict on each of its rows."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from services.contracts.models.base import Base


class ImportBatch(Base):
    """A workbook that was sent; a dry run leaves nothing but its verdicts."""

    __tablename__ = "import_batches"
    __table_args__ = (
        CheckConstraint("status IN ('applied', 'dry_run', 'undone')", name="status"),
        CheckConstraint("(status = 'undone') = (undone_at IS NOT NULL)", name="undone"),
        Index("ix_import_batches_organisation", "organisation", "import_id"),
    )

    import_id: Mapped[UUID] = mapped_column(primary_key=True)
    region: Mapped[str] = mapped_column(String(16))
    organisation: Mapped[str] = mapped_column(String(128))
    kind: Mapped[str] = mapped_column(String(16))
    file_sha256: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(String(8))
    rows: Mapped[int] = mapped_column(Integer)
    accepted: Mapped[int] = mapped_column(Integer)
    unchanged: Mapped[int] = mapped_column(Integer)
    rejected: Mapped[int] = mapped_column(Integer)
    kept_back: Mapped[int] = mapped_column(Integer, default=0)
    """Contracts that undoing left, because they have gone on since."""
    made_by: Mapped[str] = mapped_column(String(128))
    made_at: Mapped[datetime]
    undone_by: Mapped[str | None] = mapped_column(String(128))
    undone_at: Mapped[datetime | None]


class ImportRow(Base):
    """The verdict on one row; ``message`` names the fault and the cure, never a value."""

    __tablename__ = "import_rows"
    __table_args__ = (
        CheckConstraint("verdict IN ('accepted', 'unchanged', 'rejected')", name="verdict"),
        CheckConstraint("(verdict = 'rejected') = (code IS NOT NULL)", name="code"),
    )

    import_id: Mapped[UUID] = mapped_column(
        ForeignKey("import_batches.import_id", ondelete="RESTRICT"), primary_key=True
    )
    row: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    verdict: Mapped[str] = mapped_column(String(10))
    contract_id: Mapped[str | None] = mapped_column(String(64))
    """What the row made, or what stood there already."""
    column: Mapped[str | None] = mapped_column(String(32))
    code: Mapped[str | None] = mapped_column(String(64))
    message: Mapped[str | None] = mapped_column(String(400))
    message_zh: Mapped[str | None] = mapped_column(String(400))
    left: Mapped[bool] = mapped_column(Boolean, default=False)
    """Undoing left the contract."""
