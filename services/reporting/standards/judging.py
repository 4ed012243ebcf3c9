"""LP-50 to LP-61 as of a day: which unit fails which rule, and what would cure it. Pure.

梁平区 2019, annex. The boundaries as the document words them: 低于 800 may share a clinic (LP-53),
超过 800 must meet the clinics' standard (LP-60), so that 800 itself needs its own clinic and no
more; 超过 1 万 for township hospitals (LP-59); 2020 年年底 is 2020-12-31, that day included.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from services.reporting.standards.domain import (
    CAPABILITIES,
    CLINIC_STAFF,
    CLINIC_STANDARD_ABOVE,
    COUNTY_HOSPITALS,
    DOCTORS,
    END_OF_2020,
    GROUP_WORDS,
    HOSPITAL_STANDARD_ABOVE,
    RULES,
    SHARING_BELOW,
    Capability,
    County,
    Department,
    Facility,
    Finding,
    Group,
    Place,
    Qualification,
    Staff,
    Status,
    Unit,
)


@dataclass
class _Facts:
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
        return sum(person.qualification in kinds for person in self.staff[facility.code])


def evaluate(county: County, as_of: date) -> list[Unit]:
    """Judge every unit of a county by the facts of a day.

    Args:
        county: the facts in force on that day.
        as_of: the day; from 2020-12-31 on, LP-56 and LP-58 ask for more.
    """
    facts = _Facts(county, as_of)
    units = [*_townships(facts), *_villages(facts), *_institutions(facts)]
    return [_county(facts, units), *units]


# --- the county -----------------------------------------------------------------------------


def _county(facts: _Facts, units: Iterable[Unit]) -> Unit:
    hospitals = [
        each for each in facts.county.facilities if each.kind == "county_hospital" and each.public
    ]
    enough = len(hospitals) >= COUNTY_HOSPITALS
    built = Finding(
        "LP-50",
        "met" if enough else "missed",
        f"县级公立医院 {len(hospitals)} 所",
        f"{len(hospitals)} public county hospitals",
        *_cure(
            enough,
            "再建好县级公立医院,至 2 所",
            "build public county hospitals until there are two",
        ),
    )
    return Unit(
        "county", "county", facts.county.name_zh, None, None,
        (built, _capability(facts, hospitals), _blank_spots(units)),
    )  # fmt: skip


def _capability(facts: _Facts, hospitals: list[Facility]) -> Finding:
    def at_least(level: Capability) -> int:
        return sum(
            CAPABILITIES.index(each.capability or "none") >= CAPABILITIES.index(level)
            for each in hospitals
        )

    second, second_a = at_least("secondary"), at_least("secondary_a")
    late = facts.as_of >= END_OF_2020
    met = second >= COUNTY_HOSPITALS and (not late or second_a >= 1)
    untold = sum(each.capability is None for each in hospitals)
    status: Status = "met" if met else "missed"
    if not met and untold:
        reachable = second + untold >= COUNTY_HOSPITALS and (not late or second_a + untold >= 1)
        status = "unknown" if reachable else "missed"
    need_zh = "2 所达到二级" + (",其中至少 1 所二级甲等" if late else "")
    return Finding(
        "LP-58",
        status,
        f"达到二级能力 {second} 所,其中二级甲等以上 {second_a} 所,未登记 {untold} 所",
        f"{second} at level two, of them {second_a} at level two A; {untold} not told",
        *_cure(
            met,
            f"需 {need_zh};请登记医院能力等级或提升能力",
            "two at level two"
            + (", one of them at two A" if late else "")
            + ": record or raise them",
        ),
    )


def _blank_spots(units: Iterable[Unit]) -> Finding:
    blank = [
        unit.name_zh for unit in units if unit.kind in {"township", "village"} and _blank(unit)
    ]
    shown = "、".join(blank[:10]) + (" 等" if len(blank) > 10 else "")  # noqa: PLR2004
    return Finding(
        "LP-61",
        "missed" if blank else "met",
        f"空白点 {len(blank)} 个" + (f":{shown}" if blank else ""),
        f"{len(blank)} blank spots",
        *_cure(
            not blank, "补建机构或配备合格人员", "build the institution or find qualified staff"
        ),
    )


def _blank(unit: Unit) -> bool:
    return any(each.rule == "LP-61" and each.status == "missed" for each in unit.findings)


# --- townships and villages -----------------------------------------------------------------


def _townships(facts: _Facts) -> list[Unit]:
    units = []
    for place in facts.townships.values():
        hospitals = [each for each in facts.hospitals[place.township] if each.public]
        built = Finding(
            "LP-51",
            "met" if hospitals else "missed",
            f"政府办卫生院 {len(hospitals)} 所",
            f"{len(hospitals)} government hospitals",
            *_cure(
                bool(hospitals),
                "建好 1 所政府办卫生院(能诊治常见病、现场急救、及时转诊)",
                "build a government township hospital",
            ),
        )
        staffed = any(facts.qualified(each, DOCTORS) for each in hospitals)
        units.append(
            Unit(
                "township", place.key, place.township, place.township, None,
                (built, _spot(hospitals, staffed=staffed)),
            )
        )  # fmt: skip
    return units


def _spot(institutions: list[Facility], *, staffed: bool) -> Finding:
    if institutions and staffed:
        return Finding("LP-61", "met", "机构和合格人员都有", "institution and qualified staff")
    if institutions:
        return Finding(
            "LP-61", "missed", "有机构,无合格人员", "an institution without qualified staff",
            "配备合格人员,或补充登记", "find qualified staff, or record them",
        )  # fmt: skip
    return Finding("LP-61", "missed", "没有机构", "no institution", "建好机构", "build one")


def _villages(facts: _Facts) -> list[Unit]:
    seats = {
        f"{each.township}/{each.village}"
        for hospitals in facts.hospitals.values()
        for each in hospitals
        if each.village
    }
    units = []
    for place in facts.county.places:
        if place.village is None:
            continue
        seat = place.hospital_seat or place.key in seats
        clinics = facts.clinics[place.key]
        clinic = _clinic(facts, place, clinics, seat=seat)
        if clinic.status == "exempt":
            spot = Finding("LP-61", "exempt", "卫生院所在村", "seat of the township hospital")
        else:
            counted = clinics if clinic.status in {"met", "unknown"} else []
            spot = _spot(
                counted, staffed=any(facts.qualified(each, CLINIC_STAFF) for each in counted)
            )
        units.append(
            Unit(
                "village", place.key, place.village, place.township, place.village,
                (clinic, _clinic_standard(place, clinics, clinic), spot),
            )
        )  # fmt: skip
    return units


def _clinic(facts: _Facts, place: Place, clinics: list[Facility], *, seat: bool) -> Finding:
    own = [each for each in clinics if f"{each.township}/{each.village}" == place.key]
    if own:
        return Finding("LP-52", "met", f"有村卫生室:{own[0].name_zh}", "has a clinic of its own")
    if seat:
        return Finding(
            "LP-52", "exempt", "乡镇卫生院所在村,可不设卫生室(LP-54)",
            "seat of the township hospital: needs no clinic (LP-54)",
        )  # fmt: skip
    if not clinics:
        return Finding(
            "LP-52", "missed", "没有卫生室", "no clinic",
            *_cure(False, "建好 1 个卫生室" + _may_share(place, zh=True), "build a clinic" + _may_share(place, zh=False)),
        )  # fmt: skip
    shared = clinics[0]
    beside = [
        each
        for each in clinics
        if frozenset({place.key, f"{each.township}/{each.village}"}) in facts.adjacent
    ]
    if not place.small_area and place.residents is None:
        return Finding(
            "LP-52", "unknown", f"与邻村联合设置({shared.name_zh}),未登记常住人口",
            "shares a clinic; its residents are not told",
            "登记常住人口:低于 800 人或面积较小方可联合设置(LP-53)",
            "record the residents: fewer than 800, or a small area, may share (LP-53)",
        )  # fmt: skip
    if not place.small_area and (place.residents or 0) >= SHARING_BELOW:
        return Finding(
            "LP-52", "missed", f"常住人口 {place.residents} 人,不低于 800 人,不得联合设置(LP-53)",
            f"{place.residents} residents, not fewer than 800: may not share (LP-53)",
            "单独建卫生室;面积较小的由乡镇登记“面积较小”",
            "build a clinic of its own; a small area is told by the township",
        )  # fmt: skip
    if not beside:
        return Finding(
            "LP-52", "missed", f"联合设置的卫生室({shared.name_zh})不在相邻行政村(LP-53)",
            "the shared clinic is not in an adjacent village (LP-53)",
            "与相邻行政村联合设置,或登记两村相邻", "share with an adjacent village, or record that it is",
        )  # fmt: skip
    return Finding(
        "LP-52", "met", f"与相邻行政村联合设置:{beside[0].name_zh}(LP-53)",
        "shares the clinic of an adjacent village (LP-53)",
    )  # fmt: skip


def _may_share(place: Place, *, zh: bool) -> str:
    if not place.small_area and (place.residents is None or place.residents >= SHARING_BELOW):
        return ""
    return ",或与相邻行政村联合设置(LP-53)" if zh else ", or share an adjacent village's (LP-53)"


def _clinic_standard(place: Place, clinics: list[Facility], clinic: Finding) -> Finding:
    if clinic.status == "exempt":
        return Finding("LP-60", "exempt", "卫生院所在村", "seat of the township hospital")
    if place.residents is None:
        return Finding(
            "LP-60", "unknown", "未登记常住人口", "its residents are not told",
            "登记常住人口", "record the residents",
        )  # fmt: skip
    if place.residents <= CLINIC_STANDARD_ABOVE:
        return Finding(
            "LP-60", "not_required", f"常住人口 {place.residents} 人,未超过 800 人",
            f"{place.residents} residents, not more than 800",
        )  # fmt: skip
    return _standard(
        "LP-60", clinics, f"常住人口 {place.residents} 人", f"{place.residents} residents",
        "村卫生室按渝府发〔2012〕93号达标并登记", "bring the clinic up to 渝府发〔2012〕93号 and record it",
    )  # fmt: skip


def _standard(
    rule: str, institutions: list[Facility], zh: str, en: str, cure_zh: str, cure_en: str
) -> Finding:
    told = [each.up_to_standard for each in institutions]
    if True in told:
        return Finding(rule, "met", f"{zh},已达标", f"{en}, up to standard")
    if None in told:
        return Finding(rule, "unknown", f"{zh},未登记是否达标", f"{en}, not told", cure_zh, cure_en)
    return Finding(rule, "missed", f"{zh},未达标", f"{en}, not up to standard", cure_zh, cure_en)


# --- institutions ---------------------------------------------------------------------------


def _institutions(facts: _Facts) -> list[Unit]:
    units = []
    for facility in facts.county.facilities:
        if facility.kind == "county_hospital":
            findings = _departments(facts, facility)
        elif facility.kind == "township_hospital":
            findings = [_hospital_staff(facts, facility), _hospital_standard(facts, facility)]
        else:
            findings = [_clinic_staff(facts, facility)]
        units.append(
            Unit(
                facility.kind, facility.code, facility.name_zh, facility.township,
                facility.village, tuple(findings),
            )
        )  # fmt: skip
    return units


def _departments(facts: _Facts, facility: Facility) -> list[Finding]:
    departments = facts.departments[facility.code]
    if not departments:
        return [
            Finding(
                "LP-55", "unknown", "未登记专业科室", "no department is recorded",
                "登记专业科室和执业医师", "record the departments and their doctors",
            )
        ]  # fmt: skip
    found = []
    for department in departments:
        people = [
            person for person in facts.staff[facility.code] if person.department == department.name
        ]
        licensed = sum(person.qualification == "licensed_doctor" for person in people)
        assistants = sum(person.qualification == "assistant_doctor" for person in people)
        more_zh = f",仅有执业助理医师 {assistants} 名(不计)" if assistants and not licensed else ""
        found.append(
            Finding(
                "LP-55",
                "met" if licensed else "missed",
                f"{department.name}执业医师 {licensed} 名{more_zh}",
                f"{department.name}: {licensed} licensed doctors, {assistants} assistants",
                *_cure(
                    bool(licensed),
                    f"{department.name}配备至少 1 名执业医师(助理医师不计)",
                    f"{department.name} needs a licensed doctor; an assistant does not count",
                ),
            )
        )
    return found


def _hospital_staff(facts: _Facts, facility: Facility) -> Finding:
    doctors = facts.qualified(facility, DOCTORS)
    practitioners = sum(
        person.general_practitioner and person.qualification in DOCTORS
        for person in facts.staff[facility.code]
    )
    late = facts.as_of >= END_OF_2020
    met = doctors >= 1 and (not late or practitioners >= 1)
    need = [] if doctors else ["执业(助理)医师"]
    if late and not practitioners:
        need.append("全科医师(2020 年底起)")
    return Finding(
        "LP-56",
        "met" if met else "missed",
        f"执业(助理)医师 {doctors} 名,全科医师 {practitioners} 名",
        f"{doctors} doctors, {practitioners} general practitioners",
        *_cure(
            met,
            f"至少配备 1 名{'、1 名'.join(need)}",
            "find a doctor"
            if not doctors
            else "find a general practitioner (from the end of 2020)",
        ),
    )


def _hospital_standard(facts: _Facts, facility: Facility) -> Finding:
    place = facts.townships.get(str(facility.township))
    residents = place.residents if place else None
    if residents is None:
        return Finding(
            "LP-59", "unknown", "未登记乡镇常住人口", "the township's residents are not told",
            "登记乡镇常住人口", "record the township's residents",
        )  # fmt: skip
    if residents <= HOSPITAL_STANDARD_ABOVE:
        return Finding(
            "LP-59", "not_required", f"常住人口 {residents} 人,未超过 1 万人",
            f"{residents} residents, not more than 10,000",
        )  # fmt: skip
    return _standard(
        "LP-59", [facility], f"常住人口 {residents} 人", f"{residents} residents",
        "卫生院按渝卫规财〔2009〕163号达标并登记", "bring it up to 渝卫规财〔2009〕163号 and record it",
    )  # fmt: skip


def _clinic_staff(facts: _Facts, facility: Facility) -> Finding:
    found = facts.qualified(facility, CLINIC_STAFF)
    return Finding(
        "LP-57",
        "met" if found else "missed",
        f"合格村医 {found} 名",
        f"{found} qualified",
        *_cure(
            bool(found),
            "至少配备 1 名注册乡村医生或执业(助理)医师",
            "find a registered village doctor or a doctor",
        ),
    )


def _cure(met: bool, zh: str, en: str) -> tuple[str, str]:
    return ("", "") if met else (zh, en)


def groups(units: Iterable[Unit]) -> dict[Group, tuple[int, int]]:
    """By group: how many units meet all of its rules, of how many that it asks something of."""
    counted: dict[Group, list[int]] = {group: [0, 0] for group in GROUP_WORDS}
    for unit in units:
        for group, count in counted.items():
            asked = {
                each.status
                for each in unit.findings
                if RULES[each.rule].group == group and each.status not in {"exempt", "not_required"}
            }
            count[0] += asked == {"met"}
            count[1] += bool(asked)
    return {group: (met, asked) for group, (met, asked) in counted.items()}


def summary(units: Iterable[Unit]) -> dict[str, tuple[int, int]]:
    """By rule: how many findings are met, of how many that it asks for.

    Exempt and not required ones are outside; what is not told counts as not met.
    """
    counted: dict[str, list[int]] = {rule: [0, 0] for rule in RULES}
    for unit in units:
        for each in unit.findings:
            if each.status in {"exempt", "not_required"}:
                continue
            if each.rule == "LP-61" and unit.kind == "county":
                continue
            counted[each.rule][0] += each.status == "met"
            counted[each.rule][1] += 1
    return {rule: (met, asked) for rule, (met, asked) in counted.items()}
