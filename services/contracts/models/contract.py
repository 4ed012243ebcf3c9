"""Contracts between a person and a family-doctor team."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Computed, ForeignKey, Index, SmallInteger, String
from sqlalchemy.dialects.postgresql import DATERANGE
from sqlalchemy.orm import Mapped, mapped_column

from services.contracts.models.base import Base

NO_OVERLAP = "ex_contracts_one_in_force"
"""The exclusion constraint that keeps a person's contracts apart.

It lies in the migration only: PostgreSQL's core can exclude by range but not by text, so that the
person is turned into a one-element range of the type ``person_span``; no extension is needed.
"""


class Contract(Base):
    """An offer and the contract it becomes; ``in_force`` are the days on which it holds."""

    __tablename__ = "contracts"
    __table_args__ = (
        CheckConstraint("valid_to >= valid_from", name="term"),
        CheckConstraint("ended_on IS NULL OR ended_on >= valid_from", name="ended_on"),
        CheckConstraint("(ended_on IS NULL) = (end_reason IS NULL)", name="ended"),
        CheckConstraint(
            "stage IN ('invited', 'pending', 'signed', 'renewed', 'transferred', 'ended',"
            " 'refused', 'withdrawn')",
            name="stage",
        ),
        CheckConstraint(
            "(stage IN ('invited', 'pending', 'refused', 'withdrawn')) = (signed_on IS NULL)"
            " AND (signed_on IS NULL) = (valid_from IS NULL)"
            " AND (valid_from IS NULL) = (valid_to IS NULL)",
            name="signed",
        ),
        CheckConstraint(
            "(stage IN ('transferred', 'ended')) = (ended_on IS NOT NULL)", name="stage_ended"
        ),
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
    stage: Mapped[str] = mapped_column(String(12))
    """What was last done with it; see the domain's machine."""
    package: Mapped[str] = mapped_column(String(32))
    signed_on: Mapped[date | None]
    """None: offered only."""
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    """The last day of the term, included; a renewal moves it."""
    renewals: Mapped[int] = mapped_column(SmallInteger)
    ended_on: Mapped[date | None]
    """The first day on which it no longer holds, when it was ended before its term."""
    end_reason: Mapped[str | None] = mapped_column(String(32))
    ended_by_registry: Mapped[bool]
    """It ended because the person left the registry, and is whole again when he is back."""
    transferred_from: Mapped[UUID | None] = mapped_column(
        ForeignKey("contracts.contract_id", ondelete="RESTRICT")
    )
    """The contract with another team that it goes on."""
    in_force: Mapped[Any] = mapped_column(
        DATERANGE,
        Computed(
            "CASE WHEN valid_from IS NULL THEN 'empty'::daterange"
            " ELSE daterange(valid_from, COALESCE(ended_on, valid_to + 1), '[)') END",
            persisted=True,
        ),
    )
    signed_by: Mapped[str] = mapped_column(String(128))
    """The client that recorded it."""
    recorded_at: Mapped[datetime]


class ContractStep(Base):
    """One step of a contract: what, from which day, by whom, recorded when. Never changed."""

    __tablename__ = "contract_steps"

    contract_id: Mapped[UUID] = mapped_column(
        ForeignKey("contracts.contract_id", ondelete="RESTRICT"), primary_key=True
    )
    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    step: Mapped[str] = mapped_column(String(12))
    stage: Mapped[str] = mapped_column(String(12))
    """The stage it led to."""
    on: Mapped[date]
    """The business day."""
    reason: Mapped[str | None] = mapped_column(String(32))
    valid_to: Mapped[date | None]
    """The last day of the term after the step."""
    recorded_by: Mapped[str] = mapped_column(String(128))
    organisation: Mapped[str] = mapped_column(String(64))
    recorded_at: Mapped[datetime]
