"""Facts of institutions as they are told: four kinds, each with the days on which it holds.

Of staff only a number of the institution's own is told, no name: the rules count, they name nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.reporting.standards.domain import (
    Capability,
    County,
    Department,
    Facility,
    FacilityKind,
    Place,
    Qualification,
    Staff,
)
from shared.policy.region import RegionPack
from shared.security.free_text import Plain

Kind = Literal["places", "facilities", "departments", "staff"]
KINDS: Final[tuple[Kind, ...]] = ("places", "facilities", "departments", "staff")

_Name = Annotated[
    Plain, StringConstraints(strip_whitespace=True, min_length=1, max_length=64, pattern=r"^[^/]*$")
]
_Code = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9-]{1,32}$")]
_Key = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=130)]
_MANY: Final = 60


class TownshipNeeded(ValueError):
    code = "township_needed"
    message_zh = "乡镇卫生院须填写乡镇，村卫生室须填写乡镇和村"


class EndsBeforeStart(ValueError):
    code = "ends_before_start"
    message_zh = "终止日期早于起始日期，请改正"


class _Fact(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    valid_from: date
    """The first day on which it holds; the same thing told later from a later day follows it."""
    valid_to: date | None = None
    """The last day; left out: until something else is told."""

    @model_validator(mode="after")
    def _ordered(self) -> _Fact:
        if self.valid_to is not None and self.valid_to < self.valid_from:
            raise EndsBeforeStart("valid_to lies before valid_from: correct one of them")
        return self


class PlaceFact(_Fact):
    """A township, or a village of it."""

    township: _Name
    village: _Name | None = None
    residents: Annotated[int, Field(ge=0, le=10_000_000)] | None = None
    """常住人口."""
    small_area: bool = False
    """面积较小, as the township judges (LP-53)."""
    hospital_seat: bool = False
    """The township hospital lies here (LP-54)."""
    adjacent: Annotated[list[_Key], Field(max_length=_MANY)] = []
    """Adjacent villages: a name of the same township, or ``township/village``."""

    @property
    def key(self) -> str:
        return f"{self.township}/{self.village}" if self.village else self.township


class FacilityFact(_Fact):
    """An institution."""

    facility_code: _Code
    name_zh: Annotated[
        Plain, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)
    ]
    kind: FacilityKind
    township: _Name | None = None
    village: _Name | None = None
    public: bool = True
    serves: Annotated[list[_Key], Field(max_length=_MANY)] = []
    """Further villages whose clinic it is."""
    capability: Capability | None = None
    up_to_standard: bool | None = None

    @property
    def key(self) -> str:
        return self.facility_code

    @model_validator(mode="after")
    def _placed(self) -> FacilityFact:
        if (self.kind != "county_hospital" and self.township is None) or (
            self.kind == "village_clinic" and self.village is None
        ):
            raise TownshipNeeded(
                "a township hospital needs its township, a clinic its township and village"
            )
        return self


class DepartmentFact(_Fact):
    """A specialist department of a county hospital."""

    facility_code: _Code
    department: _Name

    @property
    def key(self) -> str:
        return f"{self.facility_code}/{self.department}"


class StaffFact(_Fact):
    """Somebody's work at an institution."""

    facility_code: _Code
    staff_no: Annotated[
        Plain, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9-]{1,32}$")
    ]
    """A number that the institution gives; no ID number and no name."""
    qualification: Qualification
    department: _Name | None = None
    general_practitioner: bool = False

    @property
    def key(self) -> str:
        return f"{self.facility_code}/{self.staff_no}"


Fact = PlaceFact | FacilityFact | DepartmentFact | StaffFact
MODELS: Final[Mapping[Kind, type[Fact]]] = {
    "places": PlaceFact,
    "facilities": FacilityFact,
    "departments": DepartmentFact,
    "staff": StaffFact,
}


def pack_facts(region: RegionPack) -> dict[tuple[Kind, str], Fact]:
    """What the region's pack says: its places and institutions, of which nothing else is known."""
    found: list[tuple[Kind, Fact]] = []
    for township in region.townships:
        found.append(("places", PlaceFact(township=township.name_zh, valid_from=date.min)))
        found += [
            (
                "places",
                PlaceFact(township=township.name_zh, village=each.name_zh, valid_from=date.min),
            )
            for each in township.villages
        ]
    for facility in region.facilities:
        kind = _KIND_OF_LEVEL.get(facility.facility_level)
        if kind is None or not facility.in_region:
            continue
        if not facility.village if kind == "village_clinic" else not facility.township:
            continue
        found.append(
            (
                "facilities",
                FacilityFact(
                    facility_code=facility.facility_code,
                    name_zh=facility.name_zh,
                    kind=kind,
                    township=facility.township or None,
                    village=facility.village or None,
                    valid_from=date.min,
                ),
            )
        )
    return {(kind, fact.key): fact for kind, fact in found}


_KIND_OF_LEVEL: Final[Mapping[str, FacilityKind]] = {
    "secondary": "county_hospital",
    "tertiary": "county_hospital",
    "township": "township_hospital",
    "village": "village_clinic",
}


def county_of(region: RegionPack, told: Iterable[tuple[Kind, Fact]], day: date) -> County:
    """The county on a day: what was told goes before what the pack says of the same thing.

    Args:
        told: of each thing the fact with the latest first day up to ``day``; one that has ended
            by then takes the thing away.
    """
    facts = pack_facts(region)
    for kind, fact in told:
        facts[kind, fact.key] = fact
    in_force = {
        at: fact for at, fact in facts.items() if fact.valid_to is None or fact.valid_to >= day
    }
    by_kind: dict[str, list[Any]] = {kind: [] for kind in KINDS}
    for (kind, _), fact in in_force.items():
        by_kind[kind].append(fact)
    return County(
        region.name_zh,
        region.name_en,
        tuple(
            Place(
                each.township,
                each.village,
                each.residents,
                each.small_area,
                each.hospital_seat,
                _keys(each.adjacent, each.township),
            )
            for each in by_kind["places"]
        ),
        tuple(
            Facility(
                each.facility_code,
                each.name_zh,
                each.kind,
                each.township,
                each.village,
                each.public,
                _keys(each.serves, each.township),
                each.capability,
                each.up_to_standard,
            )
            for each in by_kind["facilities"]
        ),
        tuple(Department(each.facility_code, each.department) for each in by_kind["departments"]),
        tuple(
            Staff(
                each.staff_no,
                each.facility_code,
                each.qualification,
                each.department,
                each.general_practitioner,
            )
            for each in by_kind["staff"]
        ),
    )


def _keys(names: Iterable[str], township: str | None) -> frozenset[str]:
    return frozenset(name if "/" in name else f"{township}/{name}" for name in names)
