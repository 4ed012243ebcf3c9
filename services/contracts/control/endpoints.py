"""HTTP: control rates."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from services.contracts.control import service
from services.contracts.control.schemas import ControlRates, GroupBy
from shared.db.session import Reads
from shared.http.routing import YizhanRoute
from shared.runtime.context import Context
from shared.security.principal import Principal, requires

router = APIRouter(route_class=YizhanRoute, tags=["follow-up"])


@router.get(
    "/control-rates",
    summary="Control rate and missed visits of a disease",
    responses={422: {"description": "`control_rates_refused`"}},
)
async def control_rates(
    caller: Annotated[Principal, requires("contracts:read")],
    session: Reads,
    context: Context,
    programme: Annotated[
        str, Query(max_length=32, description="Such as `hypertension`, `type2_diabetes`")
    ] = "hypertension",
    month: Annotated[
        str | None, Query(max_length=7, description="Such as 2016-12; default: today")
    ] = None,
    by: Annotated[GroupBy, Query(description="The groups")] = "team",
    team: Annotated[str | None, Query(max_length=32)] = None,
) -> ControlRates:
    """Of those looked after since the year began; who is left out is told by reason."""
    return await service.control_rates(
        session, context, caller, programme=programme, month=month, by=by, team=team
    )
