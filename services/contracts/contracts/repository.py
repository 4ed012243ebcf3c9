"""All SQL about contracts and their steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Date,
    Row,
    String,
    Uuid,
    and_,
    cast,
    func,
    select,
    text,
    true,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from services.contracts.contracts.domain import CLOSED, IN_FORCE, OPEN, Term
from services.contracts.merges.repository import MERGES
from services.contracts.models import Contract, ContractStep
from shared.db.base import table_of
from shared.db.bulk import copy_rows
from shared.db.session import ReadSession, WriteSession

_ENDS_BEFORE = func.coalesce(Contract.ended_on, Contract.valid_to + 1)
_ENTANGLED = text("""
SELECT id FROM unnest(CAST(:ids AS text[])) AS id
WHERE EXISTS (SELECT FROM person_merges m WHERE m.in_force
              AND (m.kept_person_id = id OR m.absorbed_person_id = id))
  OR EXISTS (SELECT FROM contracts c WHERE c.person_id = id AND c.stage IN ('invited', 'pending'))
  OR EXISTS (SELECT FROM exemptions e WHERE e.person_id = id AND e.ended_on IS NULL)
  OR EXISTS (SELECT FROM tasks t WHERE t.person_id = id AND t.status = 'open'
             AND t.rule = 'contract_to_sign')
""")


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


async def add_many(session: WriteSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store contracts of persons who are held and have none on these days."""
    await copy_rows(session, table_of(Contract), rows)


async def end_many(
    session: WriteSession, contract_ids: Sequence[UUID], *, reason: str
) -> Sequence[Contract]:
    """End signed contracts on their first day; gives them as they then are."""
    ended = await session.scalars(
        update(Contract)
        .where(
            Contract.contract_id == func.any(cast(list(contract_ids), ARRAY(Uuid))),
            Contract.stage == "signed",
            Contract.ended_on.is_(None),
        )
        .values(stage="ended", ended_on=Contract.valid_from, end_reason=reason)
        .returning(Contract)
        .execution_options(populate_existing=True, synchronize_session=False)
    )
    return ended.all()


async def terms_of_many(
    session: ReadSession, person_ids: Sequence[str]
) -> dict[str, list[tuple[date, date]]]:
    """The days on which contracts told under each id hold: the first, and the one after the last."""
    found: dict[str, list[tuple[date, date]]] = {}
    rows = await session.execute(
        select(Contract.person_id, Contract.valid_from, _ENDS_BEFORE).where(
            Contract.person_id == func.any(cast(list(person_ids), ARRAY(String))),
            Contract.valid_from < _ENDS_BEFORE,
        )
    )
    for person_id, start, ends in rows:
        if start is not None:
            found.setdefault(person_id, []).append((start, ends))
    return found


async def get_many(session: ReadSession, contract_ids: Sequence[UUID]) -> Sequence[Contract]:
    """Contracts as they now stand, in no order."""
    found = await session.scalars(
        select(Contract)
        .where(Contract.contract_id == func.any(cast(list(contract_ids), ARRAY(Uuid))))
        .execution_options(populate_existing=True)
    )
    return found.all()


async def entangled(session: ReadSession, person_ids: Sequence[str]) -> frozenset[str]:
    """Those whose contract cannot be signed with others'.

    Somebody is merged with them, something is offered to them, an exempt reason stands, or a task
    waits for their signature.
    """
    found = await session.scalars(_ENTANGLED, {"ids": list(person_ids)})
    return frozenset(found)


async def change(session: WriteSession, contract_id: UUID, values: dict[str, Any]) -> Contract:
    """Change a contract whose person the caller has locked; gives it as it then is."""
    changed = await session.execute(
        update(Contract)
        .where(Contract.contract_id == contract_id)
        .values(values)
        .returning(Contract)
        .execution_options(populate_existing=True)
    )
    return changed.scalar_one()


async def add_step(session: WriteSession, contract_id: UUID, values: dict[str, Any]) -> None:
    """Add a contract's next step; its person is locked."""
    newest = select(func.coalesce(func.max(ContractStep.number), 0) + 1).where(
        ContractStep.contract_id == contract_id
    )
    await session.execute(
        insert(ContractStep).values(
            contract_id=contract_id, number=newest.scalar_subquery(), **values
        )
    )


async def add_steps(session: WriteSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add steps with their numbers; the persons are held."""
    await copy_rows(session, table_of(ContractStep), rows)


async def last_steps(session: ReadSession, contract_ids: Sequence[UUID]) -> dict[UUID, int]:
    """The number of each contract's newest step."""
    rows = await session.execute(
        select(ContractStep.contract_id, func.max(ContractStep.number))
        .where(ContractStep.contract_id == func.any(cast(list(contract_ids), ARRAY(Uuid))))
        .group_by(ContractStep.contract_id)
    )
    return {row[0]: row[1] for row in rows}


async def steps_of(session: ReadSession, contract_id: UUID) -> Sequence[ContractStep]:
    """A contract's steps, oldest first."""
    found = await session.execute(
        select(ContractStep)
        .where(ContractStep.contract_id == contract_id)
        .order_by(ContractStep.number)
    )
    return found.scalars().all()


async def latest_day(session: ReadSession, contract_id: UUID) -> date | None:
    """The business day of a contract's newest step."""
    found = await session.execute(
        select(ContractStep.on)
        .where(ContractStep.contract_id == contract_id)
        .order_by(ContractStep.number.desc())
        .limit(1)
    )
    return found.scalar_one_or_none()


async def holding(
    session: ReadSession, kept: str, first: date, last: date | None, *, but: UUID | None = None
) -> Sequence[Contract]:
    """The contracts of a person, or of one merged into him, that hold on one of the days.

    The database keeps one id's contracts apart; two ids that are one person meet only here, under
    the person's lock.

    Args:
        kept: who stands for himself.
        first: of the days.
        last: of the days, included; None: for ever.
        but: a contract that does not count.
    """
    conditions = [
        MERGES.means(Contract.person_id, kept),
        Contract.valid_from.is_not(None),
        first < _ENDS_BEFORE,
        Contract.valid_from < _ENDS_BEFORE,
    ]
    if last is not None:
        conditions.append(Contract.valid_from <= last)
    if but is not None:
        conditions.append(Contract.contract_id != but)
    found = await session.execute(
        select(Contract)
        .where(*conditions)
        .order_by(Contract.valid_from, Contract.contract_id)
        .execution_options(populate_existing=True)
    )
    return found.scalars().all()


async def open_offer(session: ReadSession, kept: str) -> Contract | None:
    """The oldest offer to a person that is neither signed nor declined."""
    found = await session.execute(
        select(Contract)
        .where(MERGES.means(Contract.person_id, kept), Contract.stage.in_(OPEN))
        .order_by(Contract.contract_id)
        .limit(1)
        .execution_options(populate_existing=True)
    )
    return found.scalar_one_or_none()


async def concerned_by_registry(session: ReadSession, kept: str) -> Sequence[Contract]:
    """What the registry may end or bring back: open, in force, or ended by it before."""
    found = await session.execute(
        select(Contract)
        .where(
            MERGES.means(Contract.person_id, kept),
            Contract.stage.in_(IN_FORCE | OPEN) | Contract.ended_by_registry,
        )
        .order_by(Contract.contract_id)
        .execution_options(populate_existing=True)
    )
    return found.scalars().all()


async def get(session: ReadSession, contract_id: UUID) -> Contract | None:
    """A contract as it now stands."""
    found = await session.execute(
        select(Contract)
        .where(Contract.contract_id == contract_id)
        .execution_options(populate_existing=True)
    )
    return found.scalar_one_or_none()


async def terms_of(session: ReadSession, kept: str, *, as_signed: bool = False) -> list[Term]:
    """The days on which each contract of a person and of those merged into him holds.

    His own come first, each one's by their first day: where a merge brings two contracts of the
    same days together, his own answers.

    Args:
        kept: who stands for himself.
        as_signed: as if no contract had been ended before its term.
    """
    ends_before = Contract.valid_to + 1 if as_signed else _ENDS_BEFORE
    rows = await session.execute(
        select(Contract.team, Contract.signed_on, Contract.valid_from, ends_before)
        .where(MERGES.means(Contract.person_id, kept), Contract.valid_from.is_not(None))
        .order_by(Contract.person_id != kept, Contract.valid_from, Contract.contract_id)
    )
    return [
        Term(team, signed_on, start, ends)
        for team, signed_on, start, ends in rows
        if signed_on is not None and start is not None and ends is not None
    ]


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


async def doubled(
    session: ReadSession,
    *,
    day: date,
    visible: tuple[str, str],
    limit: int,
    after: str | None,
) -> Sequence[tuple[str, list[Contract]]]:
    """Persons of whom two contracts or more hold on a day, by whichever ids; one more than asked.

    A merge brings them together: the database keeps only one id's contracts apart.
    """
    holding = (
        select(
            MERGES.kept_or_self(Contract.person_id).label("kept"), _visible(visible).label("mine")
        )
        .where(Contract.in_force.op("@>")(cast(day, Date)))
        .subquery()
    )
    kept = holding.c.kept
    several = await session.scalars(
        select(kept)
        .group_by(kept)
        .having(
            func.count() > 1,
            func.bool_or(holding.c.mine),
            true() if after is None else kept > after,
        )
        .order_by(kept)
        .limit(limit + 1)
    )
    found = []
    for person_id in several.all():
        rows = await session.scalars(
            select(Contract)
            .where(
                MERGES.means(Contract.person_id, person_id),
                Contract.in_force.op("@>")(cast(day, Date)),
            )
            .order_by(Contract.valid_from, Contract.contract_id)
        )
        found.append((person_id, list(rows)))
    return found


def _in_state(state: str | None, day: date) -> ColumnElement[bool]:
    if state is None:
        return true()
    ended = func.coalesce(Contract.ended_on <= day, False)
    if state in ("ended", "transferred"):
        return and_(ended, Contract.stage == state)
    if state == "expired":
        return and_(~ended, Contract.valid_to < day)
    holds = and_(~ended, Contract.valid_to >= day)
    if state == "in_force":
        return and_(holds, Contract.valid_from <= day)
    if state in IN_FORCE:
        renewed = Contract.renewals > 0
        return and_(holds, renewed if state == "renewed" else ~renewed)
    return and_(Contract.stage == state, Contract.stage.in_(OPEN | CLOSED))


def _visible(organisation: tuple[str, str]) -> ColumnElement[bool]:
    kind, value = organisation
    if kind == "region":
        return Contract.region == value
    if kind == "township":
        return Contract.township == value
    return Contract.team == value
