"""HTTP: the overdue list and the calls."""

from __future__ import annotations

from datetime import date as calendar_date
from typing import Annotated

from fastapi import APIRouter, Query

from services.contracts.overdue import service
from services.contracts.overdue.domain import State
from services.contracts.overdue.schemas import (
    CallAnswer,
    CallOutcomeAnswer,
    CallOutcomeList,
    CallRequest,
    OverdueList,
    ReturnsAnswer,
)
from services.contracts.programme.service import programme_of
from shared.db.session import Reads, Writes
from shared.http.pagination import Cursor, CursorMalformed, Limit, decode_cursor, encode_cursor
from shared.http.routing import YizhanRoute
from shared.runtime.context import Context
from shared.security.principal import Principal, requires

router = APIRouter(route_class=YizhanRoute, tags=["overdue"])
Reader = Annotated[Principal, requires("contracts:read")]
Writer = Annotated[Principal, requires("contracts:write")]
Team = Annotated[str | None, Query(max_length=32)]


@router.get("/overdue", summary="Who did not come")
async def overdue(
    caller: Reader,
    session: Reads,
    context: Context,
    limit: Limit,
    cursor: Cursor,
    date: Annotated[
        calendar_date | None, Query(description="Day of the list (Asia/Shanghai), default today")
    ] = None,
    team: Team = None,
    state: Annotated[State | None, Query(description="Default: whom to call now or later")] = None,
) -> OverdueList:
    """Everybody with a task past its due day or missed, each once, with the last call to him."""
    items, following = await service.listed(
        session,
        context,
        caller,
        as_of=date,
        team=team,
        state=state,
        limit=limit,
        after=_after(cursor),
    )
    return OverdueList(
        items=items,
        next_cursor=encode_cursor(following[0].isoformat(), *following[1:]) if following else None,
    )


@router.get("/overdue-outcomes", summary="What a call may end in")
async def outcomes(_caller: Reader, context: Context) -> CallOutcomeList:
    """The county's list, with what follows from each."""
    return CallOutcomeList(
        items=[
            CallOutcomeAnswer(
                outcome=code,
                name_zh=outcome.zh,
                name_en=outcome.en,
                reached=outcome.reached,
                wants_day=outcome.wants_day,
                again_days=outcome.again_days,
                exempt_reason=outcome.exempt,
            )
            for code, outcome in programme_of(context).overdue.outcomes.items()
        ]
    )


@router.post(
    "/overdue-calls",
    status_code=201,
    summary="Record a call to somebody overdue",
    responses={
        404: {"description": "`person_unknown`"},
        409: {"description": "`consent_refused`, `exemption_overlaps`"},
        422: {"description": "`call_wrong`"},
    },
)
async def record(
    body: CallRequest, caller: Writer, session: Writes, context: Context
) -> CallAnswer:
    """A death or a move opens the exempt reason on the evidence given, and ends the contract."""
    return await service.record(session, context, caller, body)


@router.get("/overdue-returns", summary="Who came after a call")
async def returns(
    caller: Reader,
    session: Reads,
    context: Context,
    first: Annotated[calendar_date, Query(alias="from", description="First day of the calls")],
    last: Annotated[calendar_date, Query(alias="to", description="Last day of the calls")],
    team: Team = None,
) -> ReturnsAnswer:
    """A person came when a service is on record within the days that count after the call."""
    return await service.returns(session, context, caller, first=first, last=last, team=team)


def _after(cursor: str | None) -> tuple[calendar_date, str, str] | None:
    if cursor is None:
        return None
    day, person_id, team = decode_cursor(cursor, parts=3)
    try:
        return calendar_date.fromisoformat(str(day)), str(person_id), str(team)
    except ValueError:
        raise CursorMalformed from None
