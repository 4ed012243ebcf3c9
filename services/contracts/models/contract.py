"""Contracts between a person and a family-doctor team."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Computed, Index, String
from sqlalchemy.dialects.postgresql import DATERANGE
from sqlalchemy.orm import Mapped, mapped_column

from services.contracts.models.base import Base

NO_OVERLAP = "ex_contracts_one_in_force"
"""The exclusion constraint that keeps a person's contracts apart.

It lies in the migration only: PostgreSQL's core can exclude by range but not by text, so that the
person is turned into a one-element range of the type ``person_span``; no extension is needed.
"""


class Contract(Base):
    """One contract; ``in_force`` are the days on which it holds, computed by the database."""

    __tablename__ = "contracts"
    __table_args__ = (
        CheckConstraint("valid_to >= valid_from", name="term"),
        CheckConstraint("ended_on IS NULL OR ended_on >= valid_from", name="ended_on"),
        CheckConstraint("(ended_on IS NULL) = (end_reason IS NULL)", name="ended"),
        Index("ix_contracts_person_id", "person_id"),
        Index("ix_contracts_team", "team", "contract_id"),
    )

    contract_id: Mapped[UUID] = mapped_column(primary_key=True)
    region: Mapped[str] = mapped_column(String(16))
    person_id: Mapped[str] = mapped_column(String(64))
    team: Mapped[str] = mapped_column(String(32))
    """The organisation: the township hospital whose team signed."""
    township: Mapped[str | None] = mapped_column(String(64))
    village: Mapped[str | None] = mapped_column(String(64))
    signed_on: Mapped[date]
    valid_from: Mapped[date]
    valid_to: Mapped[date]
    """The last day of the term, included."""
    ended_on: Mapped[date | None]
    """The first day on which it no longer holds, when it was ended before its term."""
    end_reason: Mapped[str | None] = mapped_column(String(32))
    in_force: Mapped[Any] = mapped_column(
        DATERANGE,
        Computed("daterange(valid_from, COALESCE(ended_on, valid_to + 1), '[)')", persisted=True),
    )
    signed_by: Mapped[str] = mapped_column(String(128))
    recorded_at: Mapped[datetime]
