"""Places of the register: what the codes in its items mean."""

from __future__ import annotations

from services.reporting.figures.domain import COUNTY, Area
from services.reporting.figures.places import place_of
from shared.runtime.context import ServiceContext


def area_name(context: ServiceContext, code: str) -> str:
    """An area's Chinese name."""
    return place_of(context.region, area_of(context, code)).name_zh


def area_of(context: ServiceContext, code: str) -> Area:
    """The area of a code that was accepted before."""
    if code == COUNTY:
        return Area("county")
    if context.region.facility(code) is not None:
        return Area("facility", facility_code=code)
    township, _, village = code.partition("/")
    if village:
        return Area("village", township=township, village=village)
    return Area("township", township=township)
