"""HTTP: the DRG pilot."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from services.claims.drg import service
from services.claims.drg.schemas import (
    CaseAnswer,
    CaseList,
    CaseRequest,
    PilotAnswer,
    PilotList,
    PilotRequest,
)
from services.claims.settlement.problems import SettlementNotFound
from shared.db.session import Reads, Writes
from shared.http.pagination import Limit
from shared.http.routing import YizhanRoute
from shared.runtime.context import Context
from shared.security.principal import Principal, requires

router = APIRouter(route_class=YizhanRoute, tags=["drg"], prefix="/drg")

Reader = Annotated[Principal, requires("claims:ledger")]
Treasurer = Annotated[Principal, requires("claims:funds")]
Settler = Annotated[Principal, requires("claims:settle")]


@router.post(
    "/pilots",
    status_code=201,
    summary="Name the pilot's hospitals and prices",
    responses={
        409: {"description": "`pilot_overlaps`"},
        422: {"description": "`pilot_refused`"},
    },
)
async def begin(
    body: PilotRequest, caller: Treasurer, session: Writes, context: Context
) -> PilotAnswer:
    """In force from its day until the next one's; nobody else is paid by groups (KZ-08)."""
    pilot = body.pilot(context.region.region_code)
    return PilotAnswer.of(await service.begin(session, context, caller, pilot))


@router.get("/pilots", summary="The pilots")
async def pilots(
    caller: Reader,  # noqa: ARG001 - the scope is checked
    session: Reads,
    context: Context,
) -> PilotList:
    """The newest first."""
    return PilotList(
        items=[PilotAnswer.of(each) for each in await service.pilots(session, context)]
    )


@router.post(
    "/cases",
    status_code=201,
    summary="Group a settled stay of the pilot",
    responses={
        404: {"description": "`settlement_not_found`"},
        409: {"description": "`not_in_pilot`, `not_grouped`, `grouped_already`"},
        422: {"description": "`unknown_group`"},
    },
)
async def group(
    body: CaseRequest, caller: Settler, session: Writes, context: Context
) -> CaseAnswer:
    """The hospital supplies the group; the same one again changes nothing."""
    try:
        settlement_id = UUID(body.settlement_id)
    except ValueError:
        raise SettlementNotFound from None
    _, priced = await service.group(session, context, caller, settlement_id, body.group_code)
    return CaseAnswer.of(priced)


@router.get("/cases", summary="The pilot's cases, by group and by item")
async def cases(caller: Reader, session: Reads, context: Context, limit: Limit) -> CaseList:
    """Of the newest pilot; the sums are over all of them, a hospital sees its own."""
    _, priced = await service.cases(session, context, caller)
    return CaseList.of(priced, limit)
