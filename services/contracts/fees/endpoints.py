"""HTTP: fee statements."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from services.contracts.fees import service
from services.contracts.fees.schemas import FeeStatements, IssueAnswer, IssueRequest, Period
from shared.db.session import Reads, Writes
from shared.http.routing import YizhanRoute
from shared.runtime.context import Context
from shared.security.principal import Principal, requires

router = APIRouter(route_class=YizhanRoute, tags=["fees"])


@router.get(
    "/fee-statements",
    summary="What the teams' work of a month comes to",
    responses={403: {"description": "`team_not_yours`"}, 404: {"description": "`team_unknown`"}},
)
async def fee_statements(
    caller: Annotated[Principal, requires("contracts:read")],
    session: Reads,
    context: Context,
    period: Annotated[Period, Query(description="The month of the work, such as 2016-03")],
    team: Annotated[
        str | None, Query(max_length=32, description="One team, with its lines; default all")
    ] = None,
) -> FeeStatements:
    """Contracts with service on record, once per person and contract year, and paid check-ups."""
    return await service.statements(session, context, caller, team=team, period=period)


@router.post(
    "/fee-statements",
    status_code=201,
    summary="Ask that a team be paid for its work of a month",
    responses={
        403: {"description": "`team_not_yours`"},
        404: {"description": "`team_unknown`"},
        422: {"description": "`period_refused`: the month has not begun"},
    },
)
async def issue(
    body: IssueRequest,
    caller: Annotated[Principal, requires("contracts:write")],
    session: Writes,
    context: Context,
) -> IssueAnswer:
    """Only what was not asked before; a second call asks for nothing."""
    return await service.issue(session, context, caller, team=body.team, period=body.period)
