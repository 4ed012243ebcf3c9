"""Use cases of the register: open, update, evidence, submit, check, close."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any
from uuid import UUID

from services.reporting.figures.places import find_area
from services.reporting.register import repository
from services.reporting.register.access import may, own_place
from services.reporting.register.domain import (
    Item,
    Kind,
    LeadMissing,
    LeadModeWrong,
    Mode,
    Responsible,
    assign,
)
from services.reporting.register.places import area_of
from services.reporting.register.problems import (
    AreaNotYours,
    ItemOpenAlready,
    ItemUnreadable,
    cause_fault,
    deadline_fault,
    reason_fault,
    responsible_fault,
)
from services.reporting.register.steps import (
    by_another,
    check_cause,
    check_done,
    held,
    required,
    taken,
)
from shared.clock import business_date
from shared.db.session import WriteSession
from shared.ids import new_id
from shared.runtime.context import ServiceContext
from shared.security.principal import Principal


@dataclass(frozen=True)
class Wanted:
    """An item that is to be opened."""

    kind: Kind
    title: str
    responsible: Responsible
    deadline: date
    area: str | None = None
    problem: str | None = None
    measures: str | None = None
    cause: str | None = None
    """Why it is late, where it is late when it is opened."""
    citation: str | None = None
    source: Mapping[str, Any] | None = None
    file_required: bool = False
    subject: str | None = None
    """What it is about, where only one item may be open about it."""


@dataclass(frozen=True)
class Change:
    """What an update changes; None: as it is."""

    note: str | None = None
    cause: str | None = None
    measures: str | None = None
    deadline: date | None = None
    participants: tuple[str, ...] | None = None


def led_by(
    mode: Mode, departments: Sequence[str], participants: Sequence[str], *, more: bool = False
) -> Responsible:
    """Who answers for an item.

    Raises:
        ItemUnreadable: nobody leads, or the departments do not fit the mode.
    """
    try:
        return assign(mode, departments, participants, more=more)
    except (LeadMissing, LeadModeWrong) as wrong:
        raise ItemUnreadable(str(wrong), errors=[responsible_fault(str(wrong))]) from wrong


async def open_item(
    session: WriteSession, context: ServiceContext, caller: Principal, wanted: Wanted
) -> Item:
    """Open an item by hand.

    Raises:
        AreaUnknown, AreaNotYours, ItemUnreadable.
        ItemOpenAlready: one about the same is open.
    """
    await repository.hold_numbers(session, context.region.region_code)
    return await add_item(session, context, caller, wanted)


async def add_item(
    session: WriteSession, context: ServiceContext, caller: Principal, wanted: Wanted
) -> Item:
    """Open an item; the caller holds the numbers.

    Raises:
        As :func:`open_item`.
    """
    region, now = context.region.region_code, context.clock.now()
    today = business_date(now)
    area = (
        # It stands in figures that are known already.
        area_of(context, str(wanted.area))
        if wanted.kind == "red_light"
        else await find_area(session, context, wanted.area or own_place(caller))
    )
    township = area.township
    if area.level == "facility":
        facility = context.region.facility(str(area.facility_code))
        township = facility.township or None if facility else None
    if not may(caller, area.code, township):
        raise AreaNotYours("leave area to your own township or facility")
    if wanted.deadline < today and not wanted.cause and wanted.kind != "reform_task":
        raise ItemUnreadable("it is late already: state the cause", errors=[cause_fault()])
    item_id = new_id()
    added = await repository.add(
        session,
        {
            "id": item_id,
            "region": region,
            "number": await repository.next_number(session, region, today.year),
            "kind": wanted.kind,
            "subject": wanted.subject,
            "title": wanted.title,
            "problem": wanted.problem,
            "area": area.code,
            "township": township,
            "responsible": asdict(wanted.responsible),
            "opened_on": today,
            "deadline": wanted.deadline,
            "first_deadline": wanted.deadline,
            "status": "open",
            "cause": wanted.cause,
            "measures": wanted.measures,
            "source": dict(wanted.source or {}),
            "citation": wanted.citation,
            "file_required": wanted.file_required,
            "version": 0,
        },
    )
    if not added:
        raise ItemOpenAlready("see the one there is with GET /reporting/v1/register-items")
    item = await required(session, region, item_id)
    return await taken(session, context, caller, item, "open")


async def update(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    item_id: UUID,
    change: Change,
) -> Item:
    """Say how it goes, why it is late, what is done; move the deadline with a reason.

    Raises:
        ItemNotFound, ItemStepRefused.
        ItemUnreadable: the cause of a late item (KZ-23), or the reason of a new deadline, is missing.
    """
    item = await held(session, context, caller, item_id, "update")
    today = business_date(context.clock.now())
    check_cause(item, today, change.cause)
    values: dict[str, Any] = {}
    detail: dict[str, Any] = {}
    if change.deadline is not None and change.deadline != item.deadline:
        if change.deadline < today:
            raise ItemUnreadable("the deadline is past", errors=[deadline_fault()])
        if not change.note:
            raise ItemUnreadable("a deadline is moved for a reason", errors=[reason_fault()])
        values["deadline"] = change.deadline
        detail["deadline"] = {"from": item.deadline.isoformat(), "to": change.deadline.isoformat()}
    for name in ("cause", "measures"):
        written = getattr(change, name)
        if written is not None:
            values[name] = detail[name] = written
    if change.participants is not None:
        named = item.responsible
        departments = (*named.leads, *named.co_responsible)
        joined = led_by(named.mode, departments, change.participants, more=named.more)
        values["responsible"] = asdict(joined)
        detail["participants"] = list(change.participants)
    return await taken(
        session, context, caller, item, "update", note=change.note, detail=detail, **values
    )


async def add_evidence(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    item_id: UUID,
    *,
    description: str,
    document: str | None,
    cause: str | None,
) -> Item:
    """Record what shows that the work is done: words, and where the paper lies.

    Raises:
        ItemNotFound, ItemStepRefused, ItemUnreadable (KZ-23).
    """
    item = await held(session, context, caller, item_id, "evidence")
    check_cause(item, business_date(context.clock.now()), cause)
    return await taken(
        session,
        context,
        caller,
        item,
        "evidence",
        note=description,
        detail={"document": document} | ({"cause": cause} if cause else {}),
        **({"cause": cause} if cause else {}),
    )


async def submit(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    item_id: UUID,
    *,
    note: str | None,
    cause: str | None,
) -> Item:
    """Declare the work done and ask for the closing check 申请销号.

    Raises:
        ItemNotFound, ItemStepRefused, ItemUnreadable: evidence or cause is missing.
    """
    item = await held(session, context, caller, item_id, "submit")
    check_done(item, business_date(context.clock.now()), cause)
    detail = {"cause": cause} if cause else {}
    return await taken(
        session, context, caller, item, "submit", note=note, detail=detail, status="submitted",
        **detail,
    )  # fmt: skip


async def close(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    item_id: UUID,
    *,
    note: str | None,
) -> Item:
    """The closing check by another person 销号.

    Raises:
        ItemNotFound, ItemStepRefused, ItemUnreadable: evidence or cause is missing.
        ItemSamePerson: who did the work, or declared it done, does not close it.
    """
    item = await held(session, context, caller, item_id, "close")
    today = business_date(context.clock.now())
    check_done(item, today)
    by_another(item.check_closer, caller)
    return await taken(
        session, context, caller, item, "close", note=note, status="closed", closed_on=today
    )


async def send_back(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    item_id: UUID,
    *,
    note: str,
) -> Item:
    """The check found it not done: the work goes on, the deadline stands.

    Raises:
        ItemNotFound, ItemStepRefused, ItemSamePerson.
    """
    item = await held(session, context, caller, item_id, "return")
    by_another(item.check_closer, caller)
    return await taken(session, context, caller, item, "return", note=note, status="open")


async def withdraw(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    item_id: UUID,
    *,
    note: str,
) -> Item:
    """An item that was opened in error; somebody else than its opener takes it out.

    Raises:
        ItemNotFound, ItemStepRefused, ItemSamePerson.
    """
    item = await held(session, context, caller, item_id, "withdraw")
    by_another(item.check_withdrawer, caller)
    today = business_date(context.clock.now())
    return await taken(
        session, context, caller, item, "withdraw", note=note, status="withdrawn", closed_on=today
    )
