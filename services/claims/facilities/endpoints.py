"""HTTP: the facilities of the region."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter

from services.claims.facilities.schemas import FacilityAnswer, FacilityList
from shared.http.routing import YizhanRoute
from shared.runtime.context import Context
from shared.security.principal import Principal, requires

router = APIRouter(route_class=YizhanRoute, tags=["facilities"])


@router.get("/facilities", summary="The facilities that the region's pack lists")
async def facilities(
    caller: Annotated[Principal, requires("claims:quote")],  # noqa: ARG001 - the scope is checked
    context: Context,
) -> FacilityList:
    """Every institution of the region, with its level: it decides deductibles and ratios."""
    return FacilityList(
        items=[
            FacilityAnswer(
                facility_code=facility.facility_code,
                name_zh=facility.name_zh,
                name_en=facility.name_en,
                facility_level=facility.facility_level,
                in_region=facility.in_region,
                designated=facility.designated,
                township=facility.township,
            )
            for facility in context.region.facilities
        ]
    )
