"""The county's facts by what asks for them, and what several rules say alike."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date

from services.reporting.standards.domain import (
    County,
    Department,
    Facility,
    Finding,
    Place,
    Qualification,
    Staff,
)


@dataclass
class Facts:
    """The facts by what asks for them."""

    county: County
    as_of: date
    hospitals: dict[str, list[Facility]] = field(default_factory=lambda: defaultdict(list))
    clinics: dict[str, list[Facility]] = field(default_factory=lambda: defaultdict(list))
    staff: dict[str, list[Staff]] = field(default_factory=lambda: defaultdict(list))
    departments: dict[str, list[Department]] = field(default_factory=lambda: defaultdict(list))
    adjacent: set[frozenset[str]] = field(default_factory=set)
    townships: dict[str, Place] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for facility in self.county.facilities:
            if facility.kind == "township_hospital" and facility.township:
                self.hospitals[facility.township].append(facility)
            elif facility.kind == "village_clinic":
                for key in facility.villages:
                    self.clinics[key].append(facility)
        for person in self.county.staff:
            self.staff[person.facility_code].append(person)
        for department in self.county.departments:
            self.departments[department.facility_code].append(department)
        for place in self.county.places:
            if place.village is None:
                self.townships[place.township] = place
            for other in place.adjacent:
                self.adjacent.add(frozenset({place.key, other}))

    def qualified(self, facility: Facility, kinds: frozenset[Qualification]) -> int:
        """How many of the institution's staff have one of these qualifications."""
        return sum(person.qualification in kinds for person in self.staff[facility.code])


def standard(
    rule: str, institutions: list[Facility], zh: str, en: str, cure_zh: str, cure_en: str
) -> Finding:
    """A rule that an institution of these must be up to a standard (LP-59, LP-60)."""
    told = [each.up_to_standard for each in institutions]
    if True in told:
        return Finding(rule, "met", f"{zh}，已达标", f"{en}, up to standard")
    if None in told:
        return Finding(
            rule, "unknown", f"{zh}，未登记是否达标", f"{en}, not told", cure_zh, cure_en
        )
    return Finding(rule, "missed", f"{zh}，未达标", f"{en}, not up to standard", cure_zh, cure_en)


def cure(met: bool, zh: str, en: str) -> tuple[str, str]:
    """Both wordings of what would cure a fault; none where there is none."""
    return ("", "") if met else (zh, en)
