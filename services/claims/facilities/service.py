"""The institutions that the region's pack knows."""

from __future__ import annotations

from shared.http.problem import FieldFault, Unprocessable
from shared.policy.region import Facility
from shared.runtime.context import ServiceContext


class FacilityUnknown(Unprocessable):
    code = "unknown_facility"
    title = "The region's pack does not list this facility"
    title_zh = "地区政策包中没有此医疗机构"


def facility_of(context: ServiceContext, facility_code: str) -> Facility:
    """The facility of that code.

    Raises:
        FacilityUnknown: the region's pack does not list it.
    """
    facility = context.region.facility(facility_code)
    if facility is None:
        raise FacilityUnknown(
            "use a facility_code of GET /claims/v1/facilities",
            errors=[
                FieldFault(
                    field="facility_code",
                    code="unknown_facility",
                    message="not a facility of this region; use one of GET /claims/v1/facilities",
                    message_zh="本地区没有此机构；请使用 GET /claims/v1/facilities 中的机构编码",
                )
            ],
        )
    return facility
