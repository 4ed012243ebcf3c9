"""Use cases of closing a month: draft, refresh, submit, accept, return.

The signature and what undoes it are in :mod:`signing`, reading in :mod:`reading`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from services.reporting.figures import repository as sums
from services.reporting.figures.repository import Scope
from services.reporting.figures.service import read_period, scope_of
from services.reporting.indicators.county import catalogue_of
from services.reporting.month_closes import cuts_repository, repository, steps
from services.reporting.month_closes.domain import Close, end_of
from services.reporting.month_closes.figures import figures_of_cut
from services.reporting.month_closes.problems import (
    MonthClosedBefore,
    MonthNotOver,
    StepRefused,
    TownshipNotYours,
    TownshipUnknown,
)
from services.reporting.register import reading as register
from shared.clock import business_date
from shared.db.session import WriteSession
from shared.http.problem import FieldFault
from shared.ids import new_id
from shared.runtime.context import ServiceContext
from shared.security.principal import Principal


async def create(
    session: WriteSession, context: ServiceContext, caller: Principal, month: str
) -> Close:
    """Cut the month's rows and begin its closing.

    Raises:
        MonthNotOver, MonthClosedBefore: which closing is told.
    """
    region, now = context.region.region_code, context.clock.now()
    steps.county_or_township(caller)
    if end_of(month) >= business_date(now):
        raise MonthNotOver(
            "wait until the month is over",
            errors=[
                FieldFault(
                    "month",
                    "month_not_over",
                    "write a month that is over, such as 2016-05",
                    "请填写已结束的月份，如 2016-05",
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
    close = await _cut(session, context, await steps.required(session, region, close_id))
    return await steps.taken(session, context, caller, close, "create")


async def refresh(
    session: WriteSession, context: ServiceContext, caller: Principal, close_id: UUID
) -> Close:
    """Cut the month's rows anew, so that what came since is in it.

    Townships whose rows changed submit again, and the county accepts again.

    Raises:
        CloseNotFound, StepRefused.
    """
    steps.county_or_township(caller)
    await repository.hold_region(session, context.region.region_code)
    before = await steps.held(session, context, close_id, "refresh")
    standing = before.submissions()
    close = await _cut(session, context, before)
    changed = await cuts_repository.townships_changed(session, close, close.cut, before.cut)
    close = await steps.taken(session, context, caller, close, "refresh", changed=len(changed))
    for name, step in standing.items():
        if name not in changed:
            await repository.add_step(session, close.id, replace(step, cut=close.cut))
    close = await steps.required(session, close.region, close.id)
    return await _settle_state(session, context, close)


async def _cut(session: WriteSession, context: ServiceContext, close: Close) -> Close:
    scope = await scope_of(session, context, area=None, period=close.month)
    cut = close.cut + 1
    await cuts_repository.cut_month(session, close.id, cut, scope, close.month)
    months = await repository.closed_months(session, close.region, before=close.month)
    if months:
        await cuts_repository.cut_corrections(
            session, close, cut, scope_of_all(scope), months=months
        )
    figures = await figures_of_cut(
        session,
        context.region,
        catalogue_of(context).indicators,
        close.id,
        cut,
        scope,
        await sums.reach(session),
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
    return await steps.required(session, close.region, close.id)


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
    close = await steps.held(session, context, close_id, "submit")
    names = townships_of(context)
    wanted = _submitted_by(caller, names, township)
    missing = close.missing(names)
    chosen = missing if wanted is None else [wanted]
    if wanted is not None and wanted not in missing:
        raise StepRefused("this township has submitted these figures already")
    for name in chosen:
        close = await steps.taken(
            session, context, caller, close, "submit", township=name, note=note
        )
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
    return None if asked is None else _known(names, asked)


def _known(names: Sequence[str], township: str) -> str:
    if township not in names:
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
    return township


async def _settle_state(session: WriteSession, context: ServiceContext, close: Close) -> Close:
    """A draft that every township has submitted is submitted."""
    if close.status == "draft" and not close.missing(townships_of(context)):
        await repository.change(session, close.id, status="submitted")
    return await steps.required(session, close.region, close.id)


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
    steps.county(caller)
    close = await steps.held(session, context, close_id, "accept")
    await repository.change(session, close.id, status="accepted")
    return await steps.taken(session, context, caller, close, "accept", note=note)


async def give_back(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    close_id: UUID,
    *,
    township: str | None,
    reason: str,
) -> Close:
    """The county returns a township's figures, or everybody's; who is meant submits again.

    Raises:
        CloseNotFound, StepRefused, TownshipNotYours, TownshipUnknown.
    """
    steps.county(caller)
    close = await steps.held(session, context, close_id, "return")
    names = townships_of(context)
    standing = [name for name in names if name in close.submissions()]
    wanted = standing if township is None else [_known(names, township)]
    if not wanted or not set(wanted) <= set(standing):
        raise StepRefused("nothing is returned that was not submitted")
    for name in wanted:
        close = await steps.taken(
            session, context, caller, close, "return", township=name, note=reason
        )
    await repository.change(session, close.id, status="draft")
    return await steps.required(session, close.region, close.id)
