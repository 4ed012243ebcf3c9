"""Places, institutions and staff on a day, and what the rules LP-50 to LP-61 are in words. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

UnitKind = Literal[
    "county", "township", "village", "county_hospital", "township_hospital", "village_clinic"
]
FacilityKind = Literal["county_hospital", "township_hospital", "village_clinic"]
Qualification = Literal["licensed_doctor", "assistant_doctor", "village_doctor", "other"]
Capability = Literal["none", "primary", "secondary", "secondary_a", "tertiary"]
Status = Literal["met", "missed", "unknown", "exempt", "not_required"]
Group = Literal["built", "staffed", "up_to_standard", "no_blank"]

END_OF_2020: Final = date(2020, 12, 31)
SHARING_BELOW: Final = 800
"""Residents; a village with fewer may share a clinic (LP-53)."""
CLINIC_STANDARD_ABOVE: Final = 800
"""Residents; a village with more needs a clinic up to standard (LP-60)."""
HOSPITAL_STANDARD_ABOVE: Final = 10_000
"""Residents; the hospital of a township with more must be up to standard (LP-59)."""
COUNTY_HOSPITALS: Final = 2
CAPABILITIES: Final[tuple[Capability, ...]] = (
    "none", "primary", "secondary", "secondary_a", "tertiary",
)  # fmt: skip
DOCTORS: Final[frozenset[Qualification]] = frozenset({"licensed_doctor", "assistant_doctor"})
CLINIC_STAFF: Final[frozenset[Qualification]] = DOCTORS | {"village_doctor"}


@dataclass(frozen=True)
class Rule:
    """A rule in words."""

    group: Group
    zh: str
    en: str


RULES: Final[Mapping[str, Rule]] = {
    "LP-50": Rule("built", "县里建好 2 所县级公立医院(含中医医院)", "two public county hospitals"),
    "LP-51": Rule("built", "每个乡镇建好 1 所政府办卫生院", "a government hospital in each township"),
    "LP-52": Rule("built", "每个行政村建好 1 个卫生室(LP-53 可联合设置，LP-54 卫生院所在村可不设)", "a clinic for each village (LP-53 may be shared, LP-54 not at the hospital's seat)"),
    "LP-55": Rule("staffed", "县医院每个专业科室至少 1 名执业医师", "a licensed doctor in each department of a county hospital"),
    "LP-56": Rule("staffed", "乡镇卫生院至少 1 名执业(助理)医师，2020 年底起至少 1 名全科医师", "a doctor in each township hospital, from the end of 2020 a general practitioner"),
    "LP-57": Rule("staffed", "村卫生室至少 1 名注册乡村医生或执业(助理)医师", "a village doctor or doctor in each clinic"),
    "LP-58": Rule("up_to_standard", "2 所县级公立医院达到二级能力，2020 年底起至少 1 所二级甲等", "two county hospitals at level two, from the end of 2020 one at level two A"),
    "LP-59": Rule("up_to_standard", "常住人口超过 1 万人的乡镇，卫生院达到渝卫规财〔2009〕163号要求", "the hospital of a township of more than 10,000 meets 渝卫规财〔2009〕163号"),
    "LP-60": Rule("up_to_standard", "常住人口超过 800 人的行政村，卫生室达到渝府发〔2012〕93号要求", "the clinic of a village of more than 800 meets 渝府发〔2012〕93号"),
    "LP-61": Rule("no_blank", "消除乡村两级机构人员“空白点”", "no township or village without institution or qualified staff"),
}  # fmt: skip
GROUP_WORDS: Final[Mapping[Group, tuple[str, str]]] = {
    "built": ("三建好", "Built"),
    "staffed": ("三合格", "Staffed"),
    "up_to_standard": ("三达标", "Up to standard"),
    "no_blank": ("消除空白点", "No blank spot"),
}


@dataclass(frozen=True)
class Place:
    """A township, or a village of it, on a day."""

    township: str
    village: str | None = None
    residents: int | None = None
    small_area: bool = False
    """面积较小: no number is given, so the township says it."""
    hospital_seat: bool = False
    """The township hospital lies here (LP-54)."""
    adjacent: frozenset[str] = frozenset()
    """Keys of villages beside it; told by either side."""

    @property
    def key(self) -> str:
        return f"{self.township}/{self.village}" if self.village else self.township


@dataclass(frozen=True)
class Facility:
    """An institution on a day."""

    code: str
    name_zh: str
    kind: FacilityKind
    township: str | None = None
    village: str | None = None
    public: bool = True
    """政府办 / 公立."""
    serves: frozenset[str] = frozenset()
    """Keys of further villages whose clinic it is (LP-53)."""
    capability: Capability | None = None
    """Of a county hospital; None: not told."""
    up_to_standard: bool | None = None
    """Whether it meets the standard of LP-59 or LP-60; None: not told."""

    @property
    def villages(self) -> frozenset[str]:
        own = {f"{self.township}/{self.village}"} if self.village else set()
        return frozenset({*own, *self.serves})


@dataclass(frozen=True)
class Department:
    facility_code: str
    name: str


@dataclass(frozen=True)
class Staff:
    """Somebody who works there on a day; known by a number that the institution gives."""

    staff_no: str
    facility_code: str
    qualification: Qualification
    department: str | None = None
    general_practitioner: bool = False


@dataclass(frozen=True)
class County:
    """Every fact of a county on a day."""

    name_zh: str
    name_en: str
    places: tuple[Place, ...]
    facilities: tuple[Facility, ...]
    departments: tuple[Department, ...] = ()
    staff: tuple[Staff, ...] = ()


@dataclass(frozen=True)
class Finding:
    """What a rule says of a unit; without a cure where nothing is to be done."""

    rule: str
    status: Status
    zh: str
    en: str
    cure_zh: str = ""
    cure_en: str = ""


@dataclass(frozen=True)
class Unit:
    """What is judged: the county, a township, a village, or an institution."""

    kind: UnitKind
    code: str
    name_zh: str
    township: str | None
    village: str | None
    findings: tuple[Finding, ...]

    @property
    def status(self) -> Status:
        """The worst of its findings."""
        found = {each.status for each in self.findings}
        order: tuple[Status, ...] = ("missed", "unknown", "met", "exempt", "not_required")
        return next((each for each in order if each in found), "not_required")
