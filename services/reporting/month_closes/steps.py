"""What every step of a closing shares: who may take it, the state it needs, what is noted."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from services.reporting.month_closes import repository
from services.reporting.month_closes.domain import Close, Step, StepName, StepNotAllowed
from services.reporting.month_closes.problems import CloseNotFound, StepRefused, TownshipNotYours
from shared.db.session import ReadSession, WriteSession
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import Principal


def county(caller: Principal) -> None:
    if not caller.of_county:
        raise TownshipNotYours("this step is the county's")


def county_or_township(caller: Principal) -> None:
    if not caller.organisation.startswith(("region:", "township:")):
        raise TownshipNotYours("a township or the county closes months")


async def required(session: ReadSession, region: str, close_id: UUID) -> Close:
    close = await repository.get(session, region, close_id)
    if close is None:
        raise CloseNotFound("GET /reporting/v1/month-closes lists them")
    return close


async def held(
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


async def taken(
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
    return await required(session, close.region, close.id)
