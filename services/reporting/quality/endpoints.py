"""HTTP: data quality."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter

from services.reporting.indicators.endpoints import PeriodQuery
from services.reporting.quality import service
from services.reporting.quality.schemas import CheckList
from shared.db.session import Reads
from shared.http.routing import YizhanRoute
from shared.runtime.context import Context
from shared.security.principal import Principal, requires

router = APIRouter(route_class=YizhanRoute, tags=["data quality"])


@router.get(
    "/data-quality",
    summary="What is missing, impossible, double, far off or late",
    responses={422: {"description": "`period_malformed`"}},
)
async def data_quality(
    _caller: Annotated[Principal, requires("reporting:read")],
    session: Reads,
    context: Context,
    period: PeriodQuery = None,
) -> CheckList:
    """Every check with its findings; no person is among them."""
    code, found = await service.checks(session, context, period)
    return CheckList(period=code, items=found)
