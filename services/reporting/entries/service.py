"""Use cases of entered figures: enter, confirm by somebody else, withdraw; many from a file."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import UUID

from services.reporting.entries import repository
from services.reporting.entries.domain import (
    FileUnreadable,
    Wanted,
    read_figure,
    read_file,
)
from services.reporting.figures.domain import UNKNOWN
from services.reporting.figures.places import find_area
from services.reporting.indicators.county import catalogue_of
from services.reporting.models import Entry
from services.reporting.projections.announce import announce_entry
from shared.db.session import WriteSession
from shared.http.problem import Conflict, FieldFault, Forbidden, NotFound, Problem, Unprocessable
from shared.ids import new_id
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import Principal


class EntryNotFound(NotFound):
    code = "entry_not_found"
    title = "There is no such entered figure"
    title_zh = "没有此填报数据"


class EntryInvalid(Unprocessable):
    code = "entry_invalid"
    title = "The figure cannot be kept as it was entered"
    title_zh = "填报数据有误"


class EntryOverlaps(Conflict):
    code = "entry_overlaps"
    title = "A figure for some of the same days and people stands already; withdraw it first"
    title_zh = "同一地区同一时段已有填报数据，请先撤回"


class EntrySamePerson(Conflict):
    code = "same_person_twice"
    title = "Somebody else must confirm what this client entered"
    title_zh = "须由另一人确认"


class EntryStepRefused(Conflict):
    code = "entry_step_not_allowed"
    title = "The figure's state does not allow this step"
    title_zh = "该数据当前状态不允许此操作"


class EntryNotYours(Forbidden):
    code = "area_not_yours"
    title = "A township enters its own figures, the county every one"
    title_zh = "乡镇只能填报本乡镇的数据"


class EntryFileUnreadable(Unprocessable):
    code = "entry_file_unreadable"
    title = "The file cannot be read"
    title_zh = "文件无法读取"


async def enter(
    session: WriteSession, context: ServiceContext, caller: Principal, wanted: Wanted
) -> Entry:
    """Keep a figure; it counts when somebody else has confirmed it.

    Raises:
        EntryInvalid, EntryOverlaps, EntryNotYours, AreaUnknown.
    """
    region = context.region.region_code
    county = catalogue_of(context)
    indicator = county.indicators.get(wanted.code)
    if indicator is None or not indicator.is_entered:
        raise EntryInvalid(
            errors=[
                FieldFault(
                    "code",
                    "not_entered",
                    f"enter one of: {', '.join(county.entered)}; the others are counted from events, or left out by the county",
                    "该指标不是本县的填报指标；其他指标由系统自动统计或本县不统计",
                )
            ]
        )
    area = await find_area(session, context, wanted.area or None)
    if area.level not in ("county", "township") or area.township == UNKNOWN:
        raise EntryInvalid(
            errors=[
                FieldFault(
                    "area",
                    "area_too_fine",
                    "enter figures of the county or of a township",
                    "只填报全县或乡镇的数据",
                )
            ]
        )
    if not caller.may_see_township(area.township):
        raise EntryNotYours("enter your own township's figure")
    figure = read_figure(wanted, indicator)
    if isinstance(figure, list):
        raise EntryInvalid(errors=[FieldFault(**asdict(fault)) for fault in figure])
    await repository.hold(session, region, wanted.code)
    standing = await repository.overlapping(
        session, region, wanted.code, figure.first_day, figure.day, area.township
    )
    if standing is not None:
        raise EntryOverlaps(
            f"the figure of {standing.period} is {standing.state}",
            extra={"entry_id": str(standing.entry_id)},
        )
    values: dict[str, Any] = {
        "entry_id": new_id(),
        "region": region,
        "code": wanted.code,
        "period": wanted.period,
        "first_day": figure.first_day,
        "day": figure.day,
        "township": area.township,
        "numerator": figure.numerator,
        "denominator": figure.denominator,
        "stated": figure.stated,
        "evidence": wanted.evidence.strip(),
        "state": "entered",
        "entered_by": caller.client_id,
        "entered_at": context.clock.now(),
    }
    await repository.add(session, values)
    return await _logged(session, context, caller, values["entry_id"], "entered")


async def confirm(
    session: WriteSession, context: ServiceContext, caller: Principal, entry_id: UUID
) -> Entry:
    """From now on it counts.

    Raises:
        EntryNotFound, EntryStepRefused, EntrySamePerson, EntryNotYours.
    """
    entry = await _held(session, context, caller, entry_id)
    if entry.state != "entered":
        raise EntryStepRefused(f"it is {entry.state}")
    if entry.entered_by == caller.client_id:
        raise EntrySamePerson("ask a colleague to look at the evidence and confirm it")
    await repository.change(
        session,
        entry_id,
        state="confirmed",
        confirmed_by=caller.client_id,
        confirmed_at=context.clock.now(),
    )
    await announce_entry(session, "confirmed", entry.township)
    return await _logged(session, context, caller, entry_id, "confirmed")


async def withdraw(
    session: WriteSession, context: ServiceContext, caller: Principal, entry_id: UUID, reason: str
) -> Entry:
    """It counts no longer; the right one may be entered.

    Raises:
        EntryNotFound, EntryStepRefused, EntryNotYours.
    """
    entry = await _held(session, context, caller, entry_id)
    if entry.state == "withdrawn":
        raise EntryStepRefused("it is withdrawn already")
    await repository.change(
        session,
        entry_id,
        state="withdrawn",
        withdrawn_by=caller.client_id,
        withdrawn_at=context.clock.now(),
        reason=reason,
    )
    await announce_entry(session, "withdrawn", entry.township)
    return await _logged(session, context, caller, entry_id, "withdrawn")


async def enter_file(
    session: WriteSession, context: ServiceContext, caller: Principal, content: bytes
) -> list[Entry]:
    """Every row of a CSV file, or none: each fault names its row.

    Raises:
        EntryFileUnreadable, EntryInvalid.
    """
    try:
        rows = read_file(content)
    except FileUnreadable as fault:
        raise EntryFileUnreadable(str(fault)) from fault
    made: list[Entry] = []
    faults: list[FieldFault] = []
    for number, wanted in rows:
        try:
            async with session.begin_nested():
                made.append(await enter(session, context, caller, wanted))
        except Problem as problem:
            faults += _of_row(number, problem)
    if faults:
        raise EntryInvalid(
            "nothing was kept: mend these rows and send the file again", errors=faults
        )
    return made


def _of_row(number: int, problem: Problem) -> list[FieldFault]:
    told = problem.errors or [FieldFault("row", problem.code, problem.title, problem.title_zh)]
    return [
        FieldFault(
            f"rows.{number}.{fault.field}",
            fault.code,
            fault.message,
            f"第 {number} 行：{fault.message_zh}",
        )
        for fault in told
    ]


async def _held(
    session: WriteSession, context: ServiceContext, caller: Principal, entry_id: UUID
) -> Entry:
    entry = await repository.lock(session, context.region.region_code, entry_id)
    if entry is None:
        raise EntryNotFound("GET /reporting/v1/indicator-entries lists them")
    if not caller.may_see_township(entry.township):
        raise EntryNotYours("it is not your township's figure")
    return entry


async def _logged(
    session: WriteSession, context: ServiceContext, caller: Principal, entry_id: UUID, step: str
) -> Entry:
    entry = await repository.lock(session, context.region.region_code, entry_id)
    assert entry is not None  # noqa: S101 - written in this transaction
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action=f"indicator_entry.{step}",
        subject=str(entry_id),
        at=context.clock.now(),
        detail={"code": entry.code, "period": entry.period, "township": entry.township},
    )
    return entry
