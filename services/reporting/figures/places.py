"""The places of the region: what an area's code means, what it is called, what lies in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from services.reporting.figures import repository
from services.reporting.figures.domain import COUNTY, UNKNOWN, Area
from shared.db.session import ReadSession
from shared.http.problem import FieldFault, NotFound
from shared.policy.region import RegionPack
from shared.runtime.context import ServiceContext

UNKNOWN_ZH = "住址未知"
UNKNOWN_EN = "home not known"


class AreaUnknown(NotFound):
    code = "area_unknown"
    title = "There is no such place in the region"
    title_zh = "本地区没有此地点"


@dataclass(frozen=True)
class Place:
    """An area and its names."""

    area: Area
    name_zh: str
    name_en: str


async def find_area(session: ReadSession, context: ServiceContext, text: str | None) -> Area:
    """The area of a code: ``county``, a township, ``township/village`` or a facility code.

    A place that the pack does not list is accepted when the registry knows somebody there.

    Raises:
        AreaUnknown: neither the pack nor the registry knows the place.
    """
    region = context.region
    if not text or text in (COUNTY, region.region_code):
        return Area("county")
    if region.facility(text) is not None:
        return Area("facility", facility_code=text)
    township, _, village = text.partition("/")
    area = (
        Area("village", township=township, village=village)
        if village
        else Area("township", township=township)
    )
    if _in_pack(region, area) or await _in_registry(session, area):
        return area
    raise AreaUnknown(
        "give 'county', a township's name, 'township/village', or a facility code",
        errors=[
            FieldFault(
                "area",
                "area_unknown",
                "no such place; leave it out for the whole county",
                "没有此地点；不填即为全县",
            )
        ],
    )


def _in_pack(region: RegionPack, area: Area) -> bool:
    if area.township == UNKNOWN:
        return area.village is None
    names = villages_of(region, area.township)
    if names is None:
        return False
    return area.village is None or area.village == UNKNOWN or area.village in names


async def _in_registry(session: ReadSession, area: Area) -> bool:
    village = None if area.village == UNKNOWN else area.village
    return await repository.told_of(session, str(area.township), village)


def villages_of(region: RegionPack, township: str | None) -> tuple[str, ...] | None:
    """The villages of a township of the pack; None: the pack does not list the township."""
    for one in region.townships:
        if one.name_zh == township:
            return tuple(village.name_zh for village in one.villages)
    return None


def place_of(region: RegionPack, area: Area) -> Place:
    """The area with its names; a place outside the pack has its Chinese name in both."""
    if area.level == "county":
        return Place(area, region.name_zh, region.name_en)
    if area.level == "facility":
        facility = region.facility(str(area.facility_code))
        if facility is None:
            return Place(area, str(area.facility_code), str(area.facility_code))
        return Place(area, facility.name_zh, facility.name_en)
    name = str(area.village or area.township)
    if name == UNKNOWN:
        return Place(area, UNKNOWN_ZH, UNKNOWN_EN)
    return Place(area, name, _english(region, area, name))


def _english(region: RegionPack, area: Area, name: str) -> str:
    for township in region.townships:
        if township.name_zh != area.township:
            continue
        if area.village is None:
            return township.name_en
        for village in township.villages:
            if village.name_zh == area.village:
                return village.name_en
    return name


def crumbs(region: RegionPack, area: Area) -> list[Place]:
    """The way from the county to the area."""
    way = [Area("county")]
    if area.level == "facility":
        way.append(area)
    if area.township is not None:
        way.append(Area("township", township=area.township))
    if area.village is not None:
        way.append(area)
    return [place_of(region, step) for step in way]


def parts_of(region: RegionPack, area: Area, seen: Iterable[str]) -> list[Area]:
    """The areas one level down: the pack's in its order, then others that data speak of.

    Args:
        seen: the names that occur in the data, ``unknown`` among them.
    """
    names = dict.fromkeys(_listed(region, area))
    others = sorted(name for name in seen if name not in names and name != UNKNOWN)
    ordered = [*names, *others, *([UNKNOWN] if UNKNOWN in seen else [])]
    if area.level == "county":
        return [Area("township", township=name) for name in ordered]
    if area.level == "township":
        return [Area("village", township=area.township, village=name) for name in ordered]
    return [Area("facility", facility_code=name) for name in ordered]


def _listed(region: RegionPack, area: Area) -> Iterable[str]:
    if area.level == "county":
        return (township.name_zh for township in region.townships)
    if area.level == "township":
        return villages_of(region, area.township) or ()
    return ()
