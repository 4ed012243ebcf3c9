"""What each institution must have: LP-55 to LP-57 and LP-59. Pure."""

from __future__ import annotations

from services.reporting.standards.domain import (
    CLINIC_STAFF,
    DOCTORS,
    END_OF_2020,
    HOSPITAL_STANDARD_ABOVE,
    Facility,
    Finding,
    Unit,
)
from services.reporting.standards.evidence import Facts, cure, standard


def institutions(facts: Facts) -> list[Unit]:
    """Every institution with what its kind must have."""
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


def _departments(facts: Facts, facility: Facility) -> list[Finding]:
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
        more_zh = f"，仅有执业助理医师 {assistants} 名(不计)" if assistants and not licensed else ""
        found.append(
            Finding(
                "LP-55",
                "met" if licensed else "missed",
                f"{department.name}执业医师 {licensed} 名{more_zh}",
                f"{department.name}: {licensed} licensed doctors, {assistants} assistants",
                *cure(
                    bool(licensed),
                    f"{department.name}配备至少 1 名执业医师(助理医师不计)",
                    f"{department.name} needs a licensed doctor; an assistant does not count",
                ),
            )
        )
    return found


def _hospital_staff(facts: Facts, facility: Facility) -> Finding:
    doctors = facts.qualified(facility, DOCTORS)
    practitioners = sum(
        person.general_practitioner and person.qualification in DOCTORS
        for person in facts.staff[facility.code]
    )
    late = facts.as_of >= END_OF_2020
    met = doctors >= 1 and (not late or practitioners >= 1)
    missing = [] if doctors else [("执业(助理)医师", "a doctor")]
    if late and not practitioners:
        missing.append(("全科医师(2020 年底起)", "a general practitioner (from the end of 2020)"))
    return Finding(
        "LP-56",
        "met" if met else "missed",
        f"执业(助理)医师 {doctors} 名，全科医师 {practitioners} 名",
        f"{doctors} doctors, {practitioners} general practitioners",
        *cure(
            met,
            f"至少配备 1 名{'、1 名'.join(zh for zh, _ in missing)}",
            f"find {' and '.join(en for _, en in missing)}",
        ),
    )


def _hospital_standard(facts: Facts, facility: Facility) -> Finding:
    place = facts.townships.get(str(facility.township))
    residents = place.residents if place else None
    if residents is None:
        return Finding(
            "LP-59", "unknown", "未登记乡镇常住人口", "the township's residents are not told",
            "登记乡镇常住人口", "record the township's residents",
        )  # fmt: skip
    if residents <= HOSPITAL_STANDARD_ABOVE:
        return Finding(
            "LP-59", "not_required", f"常住人口 {residents} 人，未超过 1 万人",
            f"{residents} residents, not more than 10,000",
        )  # fmt: skip
    return standard(
        "LP-59", [facility], f"常住人口 {residents} 人", f"{residents} residents",
        "卫生院按渝卫规财〔2009〕163号达标并登记", "bring it up to 渝卫规财〔2009〕163号 and record it",
    )  # fmt: skip


def _clinic_staff(facts: Facts, facility: Facility) -> Finding:
    found = facts.qualified(facility, CLINIC_STAFF)
    return Finding(
        "LP-57",
        "met" if found else "missed",
        f"合格村医 {found} 名",
        f"{found} qualified",
        *cure(
            bool(found),
            "至少配备 1 名注册乡村医生或执业(助理)医师",
            "find a registered village doctor or a doctor",
        ),
    )
