"""All SQL about contracts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, func, select, true, update
from sqlalchemy.dialects.postgresql import insert

from services.contracts.contracts.domain import Term
from services.contracts.merges.repository import MERGES
from services.contracts.models import Contract
from shared.db.session import ReadSession, WriteSession


@dataclass(frozen=True)
class ContractQuery:
    """Which contracts a list shows."""

    as_of: date
    state: str | None
    team: str | None
    person_id: str | None
    visible: tuple[str, str]
    limit: int
    after: UUID | None = None


async def add(session: WriteSession, values: dict[str, Any]) -> bool:
    """Store a contract; False when another one of the person holds on one of its days.

    The database decides (an exclusion constraint), so that of two concurrent signatures one wins;
    ON CONFLICT keeps the transaction usable for the answer.
    """
    statement = insert(Contract).values(values).on_conflict_do_nothing()
    stored = await session.execute(statement.returning(Contract.contract_id))
    return stored.scalar_one_or_none() is not None


async def holds_within(session: ReadSession, kept: str, first: date, last: date) -> bool:
    """Whether a contract of the person, or of one merged into him, holds on one of the days.

    The database keeps one id's contracts apart; two ids that are one person meet only here, under
    the person's lock.
    """
    ends_before = func.coalesce(Contract.ended_on, Contract.valid_to + 1)
    found = await session.execute(
        select(Contract.contract_id)
        .where(
            MERGES.means(Contract.person_id, kept),
            Contract.valid_from <= last,
            ends_before > first,
            ends_before > Contract.valid_from,
        )
        .limit(1)
    )
    return found.first() is not None


async def get(session: ReadSession, contract_id: UUID) -> Contract | None:
    """A contract as it now stands."""
    found = await session.execute(
        select(Contract)
        .where(Contract.contract_id == contract_id)
        .execution_options(populate_existing=True)
    )
    return found.scalar_one_or_none()


async def end(session: WriteSession, contract_id: UUID, *, ended_on: date, reason: str) -> bool:
    """End a contract; False when it had been ended before."""
    ended = await session.execute(
        update(Contract)
        .where(Contract.contract_id == contract_id, Contract.ended_on.is_(None))
        .values(ended_on=ended_on, end_reason=reason)
        .returning(Contract.contract_id)
    )
    return ended.scalar_one_or_none() is not None


async def terms_of(session: ReadSession, kept: str, *, as_signed: bool = False) -> list[Term]:
    """The days on which each contract of a person and of those merged into him holds.

    His own come first, each one's by their first day: where a merge brings two contracts of the
    same days together, his own answers.

    Args:
        kept: who stands for himself.
        as_signed: as if no contract had been ended before its term.
    """
    ends_before = Contract.valid_to + 1
    if not as_signed:
        ends_before = func.coalesce(Contract.ended_on, ends_before)
    rows = await session.execute(
        select(Contract.team, Contract.signed_on, Contract.valid_from, ends_before)
        .where(MERGES.means(Contract.person_id, kept))
        .order_by(Contract.person_id != kept, Contract.valid_from, Contract.contract_id)
    )
    return [Term(team, signed_on, start, ends) for team, signed_on, start, ends in rows]


async def page_of(session: ReadSession, query: ContractQuery) -> Sequence[Row[Contract, str]]:
    """One page in the order of entry, each with the id of whoever stands for the person.

    One row more than the limit tells of a next page.
    """
    conditions: list[ColumnElement[bool]] = [_visible(query.visible)]
    if query.team is not None:
        conditions.append(Contract.team == query.team)
    if query.person_id is not None:
        kept = await MERGES.kept_of(session, query.person_id)
        conditions.append(MERGES.means(Contract.person_id, kept))
    if query.after is not None:
        conditions.append(Contract.contract_id > query.after)
    conditions.append(_in_state(query.state, query.as_of))
    found = await session.execute(
        select(Contract, MERGES.kept_or_self(Contract.person_id))
        .where(and_(*conditions))
        .order_by(Contract.contract_id)
        .limit(query.limit + 1)
    )
    return found.all()


def _in_state(state: str | None, day: date) -> ColumnElement[bool]:
    ended = func.coalesce(Contract.ended_on <= day, False)
    if state == "ended":
        return ended
    if state == "expired":
        return and_(~ended, Contract.valid_to < day)
    if state == "signed":
        return and_(~ended, Contract.valid_to >= day)
    return true()


def _visible(organisation: tuple[str, str]) -> ColumnElement[bool]:
    kind, value = organisation
    if kind == "region":
        return Contract.region == value
    if kind == "township":
        return Contract.township == value
    return Contract.team == value
