"""All SQL of the register."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    and_,
    func,
    insert,
    not_,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from services.reporting.models import register_items, register_steps
from services.reporting.register.domain import LIVE, Item, Kind, Responsible, Status, Step
from shared.db.session import ReadSession, WriteSession

_c = register_items.c
_s = register_steps.c
_LIVE: ColumnElement[bool] = _c.status.in_(sorted(LIVE))


async def hold_numbers(session: WriteSession, region: str) -> None:
    """One at a time opens items: they are numbered, and looked for by what they are about."""
    await session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended('register ' || :region, 0))"),
        {"region": region},
    )


async def next_number(session: WriteSession, region: str, year: int) -> str:
    """The next free number of a year; hold the numbers first."""
    head = f"{region}-T{year}-"
    last = await session.scalar(
        select(func.max(_c.number)).where(_c.region == region, _c.number.startswith(head))
    )
    return f"{head}{int(last.removeprefix(head)) + 1 if last else 1:06d}"


async def add(session: WriteSession, values: Mapping[str, Any]) -> bool:
    """Keep a new item; False when one about the same is open."""
    kept = await session.scalar(
        upsert(register_items).values(values).on_conflict_do_nothing().returning(_c.id)
    )
    return kept is not None


async def add_step(session: WriteSession, item_id: UUID, number: int, step: Step) -> None:
    await session.execute(
        insert(register_steps).values(item_id=item_id, number=number, **asdict(step))
    )


async def change(session: WriteSession, item_id: UUID, **values: Any) -> None:
    """Change columns of a held item."""
    await session.execute(update(register_items).where(_c.id == item_id).values(**values))


async def get(session: ReadSession, region: str, item_id: UUID) -> Item | None:
    found = await _items(
        session, select(register_items).where(_c.region == region, _c.id == item_id)
    )
    return found[0] if found else None


async def lock(session: WriteSession, region: str, item_id: UUID) -> Item | None:
    """The item, held until the transaction ends."""
    found = await _items(
        session,
        select(register_items).where(_c.region == region, _c.id == item_id).with_for_update(),
    )
    return found[0] if found else None


async def live_about(session: WriteSession, region: str, subject: str) -> Item | None:
    """The open item about something, held until the transaction ends."""
    found = await _items(
        session,
        select(register_items)
        .where(_c.region == region, _c.subject == subject, _LIVE)
        .with_for_update(),
    )
    return found[0] if found else None


async def ended_about(session: ReadSession, region: str, subject: str) -> list[Item]:
    """The items about something that are closed or withdrawn."""
    return await _items(
        session,
        select(register_items).where(_c.region == region, _c.subject == subject, not_(_LIVE)),
    )


async def subjects(session: ReadSession, region: str, prefix: str) -> set[str]:
    """What items of any status are about, of those that begin so."""
    found = await session.scalars(
        select(_c.subject).where(_c.region == region, _c.subject.startswith(prefix))
    )
    return set(found)


async def find(
    session: ReadSession,
    *,
    region: str,
    visible: tuple[str, str] | None,
    statuses: Sequence[Status] = (),
    kind: Kind | None = None,
    area: str | None = None,
    overdue_on: date | None = None,
    after: tuple[date, UUID] | None = None,
    limit: int,
) -> list[Item]:
    """Items by deadline, the earliest first.

    Args:
        visible: kind and value of an organisation below the county; None: the county.
        overdue_on: only those whose deadline lies before this day and that are not closed.
    """
    statement = (
        select(register_items).where(_c.region == region).order_by(_c.deadline, _c.id).limit(limit)
    )
    if visible is not None:
        statement = statement.where(_seen_by(*visible))
    if statuses:
        statement = statement.where(_c.status.in_(statuses))
    if kind is not None:
        statement = statement.where(_c.kind == kind)
    if area is not None:
        statement = statement.where(_c.area == area)
    if overdue_on is not None:
        statement = statement.where(_c.deadline < overdue_on, _LIVE)
    if after is not None:
        day, item_id = after
        statement = statement.where(
            or_(_c.deadline > day, and_(_c.deadline == day, _c.id > item_id))
        )
    return await _items(session, statement)


def _seen_by(kind: str, value: str) -> ColumnElement[bool]:
    return _c.township == value if kind == "township" else _c.area == value


async def to_tell(session: WriteSession, region: str, day: date, limit: int) -> list[Item]:
    """Overdue items of whose deadline nobody was told, held until the transaction ends."""
    return await _items(
        session,
        select(register_items)
        .where(
            _c.region == region,
            _c.deadline < day,
            _LIVE,
            or_(_c.told_overdue.is_(None), _c.told_overdue != _c.deadline),
        )
        .order_by(_c.deadline, _c.id)
        .limit(limit)
        .with_for_update(skip_locked=True),
    )


async def standing_at(session: ReadSession, region: str, day: date) -> list[RowMapping]:
    """Items that were open at the end of a day, the earliest deadline first."""
    found = await session.execute(
        select(
            _c.number,
            _c.kind,
            _c.title,
            _c.area,
            _c.responsible,
            _c.deadline,
            _c.cause,
            _c.opened_on,
        )
        .where(
            _c.region == region,
            _c.opened_on <= day,
            or_(_c.closed_on.is_(None), _c.closed_on > day),
        )
        .order_by(_c.deadline, _c.id)
    )
    return list(found.mappings())


async def counted(session: ReadSession, region: str, first: date, last: date) -> RowMapping:
    """How many items were opened and closed between two days."""
    found = await session.execute(
        select(
            func.count().filter(_c.opened_on.between(first, last)).label("opened"),
            func.count()
            .filter(_c.status == "closed", _c.closed_on.between(first, last))
            .label("closed"),
        ).where(_c.region == region)
    )
    return found.mappings().one()


async def _items(session: ReadSession, statement: Any) -> list[Item]:
    rows = list((await session.execute(statement)).mappings())
    steps: dict[UUID, list[Step]] = {row["id"]: [] for row in rows}
    if rows:
        for step in (
            await session.execute(
                select(register_steps).where(_s.item_id.in_(steps)).order_by(_s.item_id, _s.number)
            )
        ).mappings():
            steps[step["item_id"]].append(
                Step(step["step"], step["done_at"], step["done_by"], step["note"], step["detail"])
            )
    return [_item(row, steps[row["id"]]) for row in rows]


def _item(row: RowMapping, steps: Sequence[Step]) -> Item:
    plain = {
        name: row[name]
        for name in Item.__dataclass_fields__
        if name not in {"responsible", "steps"}
    }
    return Item(**plain, responsible=responsible_from(row["responsible"]), steps=tuple(steps))


def responsible_from(told: Mapping[str, Any]) -> Responsible:
    return Responsible(
        told["mode"],
        tuple(told["leads"]),
        tuple(told["co_responsible"]),
        tuple(told["participants"]),
        told["more"],
    )
