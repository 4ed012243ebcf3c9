"""Use cases of closing a month: draft, refresh, submit, accept, sign, reopen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.reporting.figures import repository as sums
from services.reporting.figures.domain import Area
from services.reporting.figures.repository import Scope
from services.reporting.figures.service import read_period, scope_of
from services.reporting.models import close_keys
from services.reporting.month_closes import file, repository
from services.reporting.month_closes.domain import (
    Close,
    SamePersonTwice,
    Step,
    StepName,
    StepNotAllowed,
    end_of,
)
from services.reporting.month_closes.figures import days_of, figures_of_cut
from services.reporting.month_closes.problems import (
    AdjustedAlready,
    CloseNotFound,
    MonthClosedBefore,
    MonthNotOver,
    NotSignedYet,
    SamePerson,
    StepRefused,
    TownshipNotYours,
    TownshipUnknown,
)
from services.reporting.register import service as register
from services.reporting.register.opening import open_red_lights_of
from shared.clock import business_date
from shared.db.session import ReadSession, WriteSession
from shared.events.catalog import ClosedFigure, MonthClosed, MonthReopened
from shared.http.problem import FieldFault
from shared.ids import new_id
from shared.messaging import outbox
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import Principal
from shared.security.signing import Ring


async def create(
    session: WriteSession, context: ServiceContext, caller: Principal, month: str
) -> Close:
    """Cut the month's rows and begin its closing.

    Raises:
        MonthNotOver, MonthClosedBefore: which closing is told.
    """
    region, now = context.region.region_code, context.clock.now()
    _county_or_township(caller)
    if end_of(month) >= business_date(now):
        raise MonthNotOver(
            "wait until the month is over",
            errors=[
                FieldFault(
                    "month",
                    "month_not_over",
                    "write a month that is over, such as 2016-05",
                    "请填写已结束的月份,如 2016-05",
                )
            ],
        )
    await repository.hold_region(session, region)
    live = await repository.live_of(session, region, month)
    if live is not None:
        raise MonthClosedBefore(
            "see the one there is; a signed month is reopened first",
            extra={"close_id": str(live)},
        )
    close_id = new_id()
    await repository.add(
        session,
        {
            "id": close_id,
            "region": region,
            "month": month,
            "revision": await repository.next_revision(session, region, month),
            "status": "draft",
            "cut": 0,
            "cut_at": now,
            "figures": {},
        },
    )
    close = await _cut(session, context, await _required(session, region, close_id))
    return await _taken(session, context, caller, close, "create")


async def refresh(
    session: WriteSession, context: ServiceContext, caller: Principal, close_id: UUID
) -> Close:
    """Cut the month's rows anew, so that what came since is in it.

    Townships whose rows changed submit again, and the county accepts again.

    Raises:
        CloseNotFound, StepRefused.
    """
    _county_or_township(caller)
    await repository.hold_region(session, context.region.region_code)
    before = await _held(session, context, close_id, "refresh")
    standing = before.submissions()
    close = await _cut(session, context, before)
    changed = await repository.townships_changed(session, close, close.cut, before.cut)
    close = await _taken(session, context, caller, close, "refresh", changed=len(changed))
    for name, step in standing.items():
        if name not in changed:
            await repository.add_step(session, close.id, replace(step, cut=close.cut))
    close = await _required(session, close.region, close.id)
    return await _settle_state(session, context, close)


async def _cut(session: WriteSession, context: ServiceContext, close: Close) -> Close:
    scope = await scope_of(session, context, area=None, period=close.month)
    cut = close.cut + 1
    await repository.cut_month(session, close.id, cut, scope, close.month)
    months = await repository.closed_months(session, close.region, before=close.month)
    if months:
        await repository.cut_corrections(session, close, cut, scope_of_all(scope), months=months)
    figures = await figures_of_cut(
        session, context.region, close.id, cut, scope, await sums.reach(session)
    )
    period = read_period(close.month)
    if period.start is not None:
        # LP-70, KZ-01: what is overdue enters the monthly report by itself.
        figures["register"] = await register.of_month(
            session, context, period.start, end_of(close.month)
        )
    await repository.change(
        session,
        close.id,
        status="draft",
        cut=cut,
        cut_at=context.clock.now(),
        figures=figures,
    )
    return await _required(session, close.region, close.id)


def scope_of_all(scope: Scope) -> Scope:
    """The same places and days, of every month."""
    return replace(scope, period=read_period(None))


async def submit(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    close_id: UUID,
    *,
    township: str | None,
    note: str | None,
) -> Close:
    """A township stands by its figures; an organisation of the county submits for those missing.

    Raises:
        CloseNotFound, StepRefused, TownshipNotYours, TownshipUnknown.
    """
    close = await _held(session, context, close_id, "submit")
    names = townships_of(context)
    wanted = _submitted_by(caller, names, township)
    missing = close.missing(names)
    chosen = missing if wanted is None else [wanted]
    if wanted is not None and wanted not in missing:
        raise StepRefused("this township has submitted these figures already")
    for name in chosen:
        close = await _taken(session, context, caller, close, "submit", township=name, note=note)
    return await _settle_state(session, context, close)


def townships_of(context: ServiceContext) -> list[str]:
    """Who has to submit: the region's townships, or the region itself if it has none."""
    return [each.name_zh for each in context.region.townships] or [context.region.name_zh]


def _submitted_by(caller: Principal, names: Sequence[str], asked: str | None) -> str | None:
    kind, _, own = caller.organisation.partition(":")
    if kind == "township":
        if asked not in {None, own}:
            raise TownshipNotYours("leave the township out: it is your own")
        asked = own
    elif kind != "region":
        raise TownshipNotYours("a township or the county submits")
    if asked is not None and asked not in names:
        raise TownshipUnknown(
            "name a township of the region",
            errors=[
                FieldFault(
                    "township",
                    "township_unknown",
                    "write the township's Chinese name as the region's pack has it",
                    "请填写本地区乡镇的名称",
                )
            ],
        )
    return asked


async def _settle_state(session: WriteSession, context: ServiceContext, close: Close) -> Close:
    """A draft that every township has submitted is submitted."""
    if close.status == "draft" and not close.missing(townships_of(context)):
        await repository.change(session, close.id, status="submitted")
    return await _required(session, close.region, close.id)


async def accept(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    close_id: UUID,
    note: str | None,
) -> Close:
    """The county takes the townships' figures over.

    Raises:
        CloseNotFound, StepRefused, TownshipNotYours.
    """
    _county(caller)
    close = await _held(session, context, close_id, "accept")
    await repository.change(session, close.id, status="accepted")
    return await _taken(session, context, caller, close, "accept", note=note)


async def sign(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    close_id: UUID,
    note: str | None,
) -> Close:
    """The director signs: file, number, hash and signature are made, and nothing changes any more.

    Raises:
        CloseNotFound, StepRefused, TownshipNotYours.
    """
    _county(caller)
    region, now = context.region.region_code, context.clock.now()
    await repository.hold_region(session, region)
    close = await _held(session, context, close_id, "sign")
    close = await _taken(session, context, caller, close, "sign", note=note)
    await open_red_lights_of(session, context, caller, close.month, close.figures)
    last = await repository.last_signed(session, region)
    place = 1 if last is None else last["place"] + 1
    head = {
        "number": close.number,
        "place": place,
        "region": {"code": region, "name_zh": context.region.name_zh},
        "month": close.month,
        "revision": close.revision,
        "cut_at": close.cut_at.isoformat(),
        "closed_at": now.isoformat(),
        "steps": [_step_told(step) for step in close.steps],
        "figures": close.figures,
        "previous": None
        if last is None
        else {
            "number": f"{region}-{last['month']}-{last['revision']}",
            "sha256": last["sha256"],
        },
    }
    rows = [
        _row_told(row)
        async for batch in repository.all_rows(session, close.id, close.cut)
        for row in batch
    ]
    content, sha256 = file.write(head, rows, await ring_of(session, context).signing_key(now))
    await repository.change(
        session,
        close.id,
        status="closed",
        place=place,
        closed_at=now,
        sha256=sha256,
        file=content,
    )
    close = await _required(session, region, close.id)
    await outbox.record(
        session,
        MonthClosed(
            month=close.month,
            number=close.number,
            sha256=sha256,
            revision=close.revision,
            adjustments=close.figures["corrections"]["count"],
            figures=tuple(
                ClosedFigure(
                    code=each["code"],
                    numerator=str(each["numerator"]),
                    denominator=str(each["denominator"]),
                    value=each["value"],
                    target=each["target"],
                    status=each["status"],
                    citation=each["citation"],
                )
                for each in close.figures["indicators"]
            ),
        ),
        subject=close.month,
        sequence=2 * close.revision - 1,
        occurred_at=now,
    )
    return close


def _step_told(step: Step) -> dict[str, Any]:
    return {
        "step": step.step,
        "township": step.township,
        "cut": step.cut,
        "done_at": step.done_at.isoformat(),
        "done_by": step.done_by,
        "note": step.note,
    }


def _row_told(row: Any) -> dict[str, Any]:
    return {
        name: row[name]
        for name in ("of_month", "dataset", "record_id", "kind", "before", "after")
        if row[name] is not None
    }


async def reopen(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    close_id: UUID,
    reason: str,
) -> Close:
    """The first call asks, a second person's call does it; the month may then be closed anew.

    Raises:
        CloseNotFound, StepRefused, TownshipNotYours.
        SamePerson: who asked must not do it.
        AdjustedAlready: a later month corrects this one; reopen that one first.
    """
    _county(caller)
    region, now = context.region.region_code, context.clock.now()
    await repository.hold_region(session, region)
    close = await _held(session, context, close_id, "reopen")
    later = await repository.corrected_by(session, close)
    if later:
        raise AdjustedAlready(
            f"reopen {', '.join(later)} first: it holds corrections of this month",
            extra={"months": later},
        )
    try:
        close.check_reopening(caller.client_id)
    except SamePersonTwice as refusal:
        raise SamePerson(str(refusal)) from refusal
    if close.reopening is None:
        asked = {"asked_by": caller.client_id, "asked_at": now.isoformat(), "reason": reason}
        await repository.change(session, close.id, reopening=asked)
        return await _taken(session, context, caller, close, "ask_reopening", note=reason)
    await repository.change(session, close.id, status="reopened")
    close = await _taken(session, context, caller, close, "reopen", note=reason)
    await outbox.record(
        session,
        MonthReopened(month=close.month, number=close.number, sha256=str(close.sha256)),
        subject=close.month,
        sequence=2 * close.revision,
        occurred_at=now,
    )
    return close


# --- reading --------------------------------------------------------------------------------


async def visible(session: ReadSession, context: ServiceContext, close_id: UUID) -> Close:
    """A closing; its figures name nobody, so whoever may read indicators may see it.

    Raises:
        CloseNotFound: there is none.
    """
    return await _required(session, context.region.region_code, close_id)


def scope_of_cut(close: Close) -> Scope:
    """The scope of a closing's cut: people counted on the same days."""
    day, card_day = days_of(close.figures)
    return Scope(Area("county"), read_period(close.month), day, card_day)


def approved_cut(close: Close, township: str | None) -> int:
    """The newest cut that was approved: by the township, else by whoever approved last."""
    cuts = [
        step.cut
        for step in close.steps
        if step.step in {"submit", "accept", "sign"} and township in {None, step.township}
    ]
    return max(cuts, default=close.cut)


def cut_at(close: Close, cut: int) -> datetime:
    """When a cut was made: its first step tells."""
    return min(
        (step.done_at for step in close.steps if step.cut == cut and step.step in _CUTTING),
        default=close.cut_at,
    )


_CUTTING = frozenset({"create", "refresh"})


def rows_shown_to(caller: Principal) -> str | None:
    """Whose rows the caller may list: one township's, or (None) everybody's.

    Raises:
        TownshipNotYours: neither a township nor the county.
    """
    kind, _, own = caller.organisation.partition(":")
    if kind == "township":
        return own
    if kind != "region":
        raise TownshipNotYours("a township lists its own rows, the county every one")
    return None


async def signed_file(
    session: WriteSession, context: ServiceContext, caller: Principal, close: Close
) -> bytes | None:
    """The signed file; taking it out is noted."""
    _county(caller)
    content = await repository.file_of(session, close.id)
    if content is not None:
        await note_export(session, context, caller, close, "file")
    return content


async def stored_file(
    session: ReadSession, context: ServiceContext, close_id: UUID
) -> tuple[bytes, list[dict[str, Any]]]:
    """The signed file as it lies in the database, and the region's public keys.

    Raises:
        CloseNotFound, NotSignedYet.
    """
    await visible(session, context, close_id)
    content = await repository.file_of(session, close_id)
    if content is None:
        raise NotSignedYet("sign the month first")
    return content, await ring_of(session, context).public_keys()


async def note_export(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    close: Close,
    form: str,
    **more: Any,
) -> None:
    """Note that figures were taken out."""
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="month_close.exported",
        subject=str(close.id),
        at=context.clock.now(),
        detail={"number": close.number, "form": form, **more},
    )


def ring_of(session: AsyncSession, context: ServiceContext) -> Ring:
    """The region's pairs that sign months."""
    return Ring(
        session, close_keys, context.region.region_code, context.vault, purpose=file.PURPOSE
    )


# --- what the steps share -------------------------------------------------------------------


def _county(caller: Principal) -> None:
    if not caller.organisation.startswith("region:"):
        raise TownshipNotYours("this step is the county's")


def _county_or_township(caller: Principal) -> None:
    if not caller.organisation.startswith(("region:", "township:")):
        raise TownshipNotYours("a township or the county closes months")


async def _required(session: ReadSession, region: str, close_id: UUID) -> Close:
    close = await repository.get(session, region, close_id)
    if close is None:
        raise CloseNotFound("GET /reporting/v1/month-closes lists them")
    return close


async def _held(
    session: WriteSession, context: ServiceContext, close_id: UUID, step: StepName
) -> Close:
    close = await repository.lock(session, context.region.region_code, close_id)
    if close is None:
        raise CloseNotFound("GET /reporting/v1/month-closes lists them")
    try:
        close.check(step)
    except StepNotAllowed as refusal:
        raise StepRefused(str(refusal)) from refusal
    return close


async def _taken(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    close: Close,
    name: StepName,
    *,
    township: str | None = None,
    note: str | None = None,
    **more: Any,
) -> Close:
    now = context.clock.now()
    await repository.add_step(
        session, close.id, Step(name, township, close.cut, now, caller.client_id, note)
    )
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action=f"month_close.{name}",
        subject=str(close.id),
        at=now,
        detail={"number": close.number, "cut": close.cut, "township": township, **more},
    )
    return await _required(session, close.region, close.id)
