"""HTTP: alarms about clients that try to find out who is registered."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path

from services.identity.guessing import service
from services.identity.guessing.schemas import GuessAlarm, GuessAlarms
from shared.db.session import Writes
from shared.http.pagination import Cursor, Limit
from shared.http.routing import YizhanRoute
from shared.runtime.context import Context
from shared.security.principal import Principal, requires

router = APIRouter(route_class=YizhanRoute, tags=["guessing"])

Caller = Annotated[Principal, requires("identity:review")]


# A write session although it reads: the look is written to the audit log.
@router.get(
    "/guess-alarms",
    summary="Which clients were stopped because they found nobody too often",
    responses={403: {"description": "`alarms_need_the_county`"}},
)
async def alarms(
    caller: Caller, session: Writes, context: Context, limit: Limit, cursor: Cursor
) -> GuessAlarms:
    """One for each client, place and day, newest day first."""
    return await service.alarms(session, context, caller, cursor=cursor, limit=limit)


@router.post(
    "/guess-alarms/{alarm_id}/seen",
    summary="Somebody looked into an alarm",
    responses={404: {"description": "`alarm_unknown`"}},
)
async def seen(
    alarm_id: Annotated[UUID, Path(examples=["019a0000-0000-7000-8000-00000000000e"])],
    caller: Caller,
    session: Writes,
    context: Context,
) -> GuessAlarm:
    """Who and when is kept; the first one stays."""
    return await service.see_alarm(session, context, caller, alarm_id)
