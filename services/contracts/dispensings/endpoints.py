"""HTTP: dispensings."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter

from services.contracts.dispensings import service
from services.contracts.dispensings.schemas import (
    DispensingAnswer,
    DispensingRequest,
    WithdrawalRequest,
)
from shared.db.session import Writes
from shared.http.routing import YizhanRoute
from shared.runtime.context import Context
from shared.security.principal import Principal, requires

router = APIRouter(route_class=YizhanRoute, tags=["dispensings"])


@router.post(
    "/dispensings",
    status_code=201,
    summary="Record free drugs of a chronic disease",
    responses={
        404: {"description": "`person_unknown`"},
        422: {"description": "`dispensing_wrong`"},
    },
)
async def record(
    body: DispensingRequest,
    caller: Annotated[Principal, requires("contracts:write")],
    session: Writes,
    context: Context,
) -> DispensingAnswer:
    """After the insurance the special fund pays the rest, up to the person's yearly cap (XB-25)."""
    return await service.record(session, context, caller, body)


@router.get(
    "/dispensings/{dispensing_id}",
    summary="A dispensing and who pays it",
    responses={404: {"description": "`dispensing_unknown`"}},
)
async def read(
    dispensing_id: str,
    caller: Annotated[Principal, requires("contracts:read")],
    session: Writes,
    context: Context,
) -> DispensingAnswer:
    """As claims has settled it, or as it was told while that is under way."""
    return await service.read(session, context, caller, dispensing_id)


@router.post(
    "/dispensings/{dispensing_id}/withdraw",
    summary="Withdraw a dispensing",
    responses={
        404: {"description": "`dispensing_unknown`"},
        409: {"description": "`dispensing_withdrawn_already`"},
    },
)
async def withdraw(
    dispensing_id: str,
    body: WithdrawalRequest,
    caller: Annotated[Principal, requires("contracts:write")],
    session: Writes,
    context: Context,
) -> DispensingAnswer:
    """The person's year and the special fund have back what it took."""
    return await service.withdraw(session, context, caller, dispensing_id, body.reason)
