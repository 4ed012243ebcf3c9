"""All SQL about exemptions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from services.contracts.merges.repository import MERGES
from services.contracts.models import Exemption
from shared.db.session import ReadSession, WriteSession

_ENDS_BEFORE = func.coalesce(Exemption.ended_on, Exemption.valid_to + 1)


@dataclass(frozen=True)
class ExemptionQuery:
    """Which exemptions a list shows."""

    as_of: date
    state: str | None
    reason: str | None
    person_id: str | None
    visible: tuple[str, str]
    limit: int
    after: UUID | None = None


async def add(session: WriteSession, values: dict[str, Any]) -> bool:
    """Store an exemption; False when another one of the person stands on one of its days."""
    stored = await session.execute(
        insert(Exemption).values(values).on_conflict_do_nothing().returning(Exemption.exemption_id)
    )
    return stored.scalar_one_or_none() is not None


async def end(
    session: WriteSession, exemption_id: UUID, *, ended_on: date, reason: str
) -> Exemption | None:
    """End an exemption; None when it was ended before."""
    ended = await session.execute(
        update(Exemption)
        .where(Exemption.exemption_id == exemption_id, Exemption.ended_on.is_(None))
        .values(ended_on=ended_on, end_reason=reason)
        .returning(Exemption)
        .execution_options(populate_existing=True)
    )
    return ended.scalar_one_or_none()


async def standing(
    session: ReadSession, kept: str, first: date, last: date | None
) -> Sequence[Exemption]:
    """What stands on one of the days for a person or one merged into him; oldest first."""
    conditions: list[ColumnElement[bool]] = [
        MERGES.means(Exemption.person_id, kept),
        or_(_ENDS_BEFORE.is_(None), first < _ENDS_BEFORE),
        or_(_ENDS_BEFORE.is_(None), Exemption.valid_from < _ENDS_BEFORE),
    ]
    if last is not None:
        conditions.append(Exemption.valid_from <= last)
    found = await session.execute(
        select(Exemption)
        .where(*conditions)
        .order_by(Exemption.valid_from, Exemption.exemption_id)
        .execution_options(populate_existing=True)
    )
    return found.scalars().all()


async def get(session: ReadSession, exemption_id: UUID) -> Exemption | None:
    found = await session.execute(
        select(Exemption)
        .where(Exemption.exemption_id == exemption_id)
        .execution_options(populate_existing=True)
    )
    return found.scalar_one_or_none()


async def page_of(session: ReadSession, query: ExemptionQuery) -> Sequence[Row[Exemption, str]]:
    """One page in the order of entry, each with the id of whoever stands for the person."""
    kind, value = query.visible
    conditions: list[ColumnElement[bool]] = []
    if kind == "region":
        conditions.append(Exemption.region == value)
    else:
        conditions.append(Exemption.township == (value if kind == "township" else None))
    if query.reason is not None:
        conditions.append(Exemption.reason == query.reason)
    if query.person_id is not None:
        kept = await MERGES.kept_of(session, query.person_id)
        conditions.append(MERGES.means(Exemption.person_id, kept))
    if query.after is not None:
        conditions.append(Exemption.exemption_id > query.after)
    day = query.as_of
    if query.state == "in_force":
        conditions.append(Exemption.in_force.contains(day))
    elif query.state == "ended":
        conditions.append(Exemption.ended_on <= day)
    elif query.state == "expired":
        conditions.append(Exemption.valid_to < day)
        conditions.append(or_(Exemption.ended_on.is_(None), Exemption.ended_on > day))
    found = await session.execute(
        select(Exemption, MERGES.kept_or_self(Exemption.person_id))
        .where(*conditions)
        .order_by(Exemption.exemption_id)
        .limit(query.limit + 1)
    )
    return found.all()
