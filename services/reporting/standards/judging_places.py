"""What each township and village must have: LP-51 to LP-54, LP-60, LP-61. Pure."""

from __future__ import annotations

from services.reporting.standards.domain import (
    CLINIC_STAFF,
    CLINIC_STANDARD_ABOVE,
    DOCTORS,
    SHARING_BELOW,
    Facility,
    Finding,
    Place,
    Unit,
)
from services.reporting.standards.evidence import Facts, cure, standard


def townships(facts: Facts) -> list[Unit]:
    """Every township with what it must have: a government hospital, with qualified staff."""
    units = []
    for place in facts.townships.values():
        hospitals = [each for each in facts.hospitals[place.township] if each.public]
        built = Finding(
            "LP-51",
            "met" if hospitals else "missed",
            f"政府办卫生院 {len(hospitals)} 所",
            f"{len(hospitals)} government hospitals",
            *cure(
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
            "LP-61", "missed", "有机构，无合格人员", "an institution without qualified staff",
            "配备合格人员，或补充登记", "find qualified staff, or record them",
        )  # fmt: skip
    return Finding("LP-61", "missed", "没有机构", "no institution", "建好机构", "build one")


def villages(facts: Facts) -> list[Unit]:
    """Every village with what it must have: a clinic, its own or a shared one, or none at the seat."""
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


def _clinic(facts: Facts, place: Place, clinics: list[Facility], *, seat: bool) -> Finding:
    own = [each for each in clinics if f"{each.township}/{each.village}" == place.key]
    if own:
        return Finding("LP-52", "met", f"有村卫生室：{own[0].name_zh}", "has a clinic of its own")
    if seat:
        return Finding(
            "LP-52", "exempt", "乡镇卫生院所在村，可不设卫生室(LP-54)",
            "seat of the township hospital: needs no clinic (LP-54)",
        )  # fmt: skip
    if not clinics:
        return Finding(
            "LP-52", "missed", "没有卫生室", "no clinic",
            *cure(False, "建好 1 个卫生室" + _may_share(place, zh=True), "build a clinic" + _may_share(place, zh=False)),
        )  # fmt: skip
    shared = clinics[0]
    beside = [
        each
        for each in clinics
        if frozenset({place.key, f"{each.township}/{each.village}"}) in facts.adjacent
    ]
    if not place.small_area and place.residents is None:
        return Finding(
            "LP-52", "unknown", f"与邻村联合设置({shared.name_zh})，未登记常住人口",
            "shares a clinic; its residents are not told",
            "登记常住人口：低于 800 人或面积较小方可联合设置(LP-53)",
            "record the residents: fewer than 800, or a small area, may share (LP-53)",
        )  # fmt: skip
    if not place.small_area and (place.residents or 0) >= SHARING_BELOW:
        return Finding(
            "LP-52", "missed", f"常住人口 {place.residents} 人，不低于 800 人，不得联合设置(LP-53)",
            f"{place.residents} residents, not fewer than 800: may not share (LP-53)",
            "单独建卫生室；面积较小的由乡镇登记“面积较小”",
            "build a clinic of its own; a small area is told by the township",
        )  # fmt: skip
    if not beside:
        return Finding(
            "LP-52", "missed", f"联合设置的卫生室({shared.name_zh})不在相邻行政村(LP-53)",
            "the shared clinic is not in an adjacent village (LP-53)",
            "与相邻行政村联合设置，或登记两村相邻", "share with an adjacent village, or record that it is",
        )  # fmt: skip
    return Finding(
        "LP-52", "met", f"与相邻行政村联合设置：{beside[0].name_zh}(LP-53)",
        "shares the clinic of an adjacent village (LP-53)",
    )  # fmt: skip


def _may_share(place: Place, *, zh: bool) -> str:
    if not place.small_area and (place.residents is None or place.residents >= SHARING_BELOW):
        return ""
    return "，或与相邻行政村联合设置(LP-53)" if zh else ", or share an adjacent village's (LP-53)"


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
            "LP-60", "not_required", f"常住人口 {place.residents} 人，未超过 800 人",
            f"{place.residents} residents, not more than 800",
        )  # fmt: skip
    return standard(
        "LP-60", clinics, f"常住人口 {place.residents} 人", f"{place.residents} residents",
        "村卫生室按渝府发〔2012〕93号达标并登记", "bring the clinic up to 渝府发〔2012〕93号 and record it",
    )  # fmt: skip
