"""HTTP: the page's figures as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter

from services.reporting.access import Viewer
from services.reporting.dashboard import service
from services.reporting.dashboard.schemas import Dashboard
from services.reporting.indicators.endpoints import AreaQuery, PeriodQuery
from shared.http.routing import YizhanRoute
from shared.runtime.context import Context

router = APIRouter(route_class=YizhanRoute, tags=["dashboard"])
"""Mounted under ``/reporting/v1``."""

page_data_router = APIRouter(route_class=YizhanRoute, include_in_schema=False)
"""Mounted under ``/reporting``: the same document beside the page."""


@router.get(
    "/dashboard",
    summary="Everything the county's page shows",
    response_model=Dashboard,
    responses={
        404: {"description": "`area_unknown`"},
        422: {"description": "`period_malformed`"},
    },
)
@page_data_router.get("/dashboard/data", response_model=Dashboard)
async def dashboard_data(
    _viewer: Viewer,
    context: Context,
    area: AreaQuery = None,
    period: PeriodQuery = None,
) -> Mapping[str, Any]:
    """Cards, payers, places, months and what just happened. It contains no person."""
    return await service.dashboard(context, area=area, period=period)
