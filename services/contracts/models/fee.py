"""Fee statements, and the work that each one asks to be paid for, once."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from services.contracts.models.base import Base


class FeeStatement(Base):
    """What was asked to be paid at once for a team's work of a month; written once."""

    __tablename__ = "fee_statements"
    __table_args__ = (
        UniqueConstraint("team", "number"),
        CheckConstraint("count > 0", name="count"),
        Index("ix_fee_statements_period", "team", "period"),
    )

    statement_id: Mapped[UUID] = mapped_column(primary_key=True)
    region: Mapped[str] = mapped_column(String(16))
    team: Mapped[str] = mapped_column(String(32))
    period: Mapped[str] = mapped_column(String(7))
    number: Mapped[int] = mapped_column(Integer)
    """Of the team's statements; also the sequence of its event."""
    count: Mapped[int] = mapped_column(Integer)
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    issued_on: Mapped[date]
    issued_at: Mapped[datetime]
    issued_by: Mapped[str] = mapped_column(String(128))


class FeeLine(Base):
    """One unit of work on a statement; a person's year is paid once for each use.

    The exclusion constraint ``ex_fee_lines_once`` lies in the migration only, like that of
    contracts: no two lines of a person and use share a day of their years.
    """

    __tablename__ = "fee_lines"
    __table_args__ = (
        CheckConstraint("use IN ('contract_fee', 'check_up')", name="use"),
        CheckConstraint("amount_fen > 0", name="amount"),
        CheckConstraint("year_before > year_from", name="year"),
        CheckConstraint("(use = 'contract_fee') = (contract_id IS NOT NULL)", name="contract"),
        UniqueConstraint("use", "service_id"),
        Index("ix_fee_lines_person_id", "person_id"),
        Index("ix_fee_lines_team", "team", "done_on"),
        Index("ix_fee_lines_statement_id", "statement_id"),
    )

    line_id: Mapped[UUID] = mapped_column(primary_key=True)
    statement_id: Mapped[UUID] = mapped_column(
        ForeignKey("fee_statements.statement_id", ondelete="RESTRICT")
    )
    use: Mapped[str] = mapped_column(String(16))
    """What the special fund pays it as (XB-54)."""
    team: Mapped[str] = mapped_column(String(32))
    person_id: Mapped[str] = mapped_column(String(64))
    contract_id: Mapped[str | None] = mapped_column(String(64))
    service_id: Mapped[str] = mapped_column(String(64))
    """The work that earned it."""
    done_on: Mapped[date]
    year_from: Mapped[date]
    year_before: Mapped[date]
    amount_fen: Mapped[int] = mapped_column(BigInteger)
