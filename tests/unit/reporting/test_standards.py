"""LP-50 to LP-61 at every boundary, each failing unit named with its rule."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from services.reporting.standards.domain import (
    County,
    Department,
    Facility,
    Place,
    Staff,
    Status,
    Unit,
)
from services.reporting.standards.judging import evaluate, groups, summary

T = "永和镇"
BEFORE, END, AFTER = date(2020, 12, 30), date(2020, 12, 31), date(2021, 1, 1)


def clinic(code: str, village: str, *serves: str, **more: Any) -> Facility:
    keys = frozenset(f"{T}/{each}" for each in serves)
    return Facility(code, f"{village}卫生室", "village_clinic", T, village, serves=keys, **more)


def doctor(number: int, at: str, qualification: Any = "licensed_doctor", **more: Any) -> Staff:
    return Staff(f"S{number}", at, qualification, **more)


def village(name: str, residents: int | None, *, beside: str = "", **more: Any) -> Place:
    adjacent = frozenset({f"{T}/{beside}"} if beside else ())
    return Place(T, name, residents, adjacent=adjacent, **more)


HOSPITALS = (
    Facility("H1", "人民医院", "county_hospital", capability="secondary_a"),
    Facility("H2", "中医医院", "county_hospital", capability="secondary"),
)
WHOLE = County(
    "某县", "A county",
    places=(Place(T, None, 9_000), village("甲村", 900)),
    facilities=(
        *HOSPITALS,
        Facility("T1", "永和镇卫生院", "township_hospital", T),
        clinic("C1", "甲村", up_to_standard=True),
    ),
    departments=(Department("H1", "内科"), Department("H2", "针灸科")),
    staff=(
        doctor(1, "H1", department="内科"),
        doctor(2, "H2", department="针灸科"),
        doctor(3, "T1", "assistant_doctor", general_practitioner=True),
        doctor(4, "C1", "village_doctor"),
    ),
)  # fmt: skip


def verdict(county: County, code: str, rule: str, day: date = AFTER) -> Status:
    (unit,) = [each for each in evaluate(county, day) if each.code == code]
    (found,) = {each.status for each in unit.findings if each.rule == rule}
    return found


def failing(units: list[Unit]) -> set[tuple[str, str]]:
    return {
        (unit.code, each.rule)
        for unit in units
        for each in unit.findings
        if each.status in {"missed", "unknown"}
    }


def with_village(place: Place, *facilities: Facility) -> County:
    """The whole county, and one more village."""
    return replace(
        WHOLE,
        places=(*WHOLE.places, place),
        facilities=(*WHOLE.facilities, *facilities),
        staff=(*WHOLE.staff, *(doctor(9, each.code, "village_doctor") for each in facilities)),
    )


def test_a_county_that_has_everything_fails_nowhere() -> None:
    """Goal: no false finding. Method: a whole county, before and after the end of 2020."""
    for day in (BEFORE, END, AFTER):
        units = evaluate(WHOLE, day)
        assert failing(units) == set()
        assert all(met == asked for met, asked in summary(units).values())
        # The county, a township, a village, two hospitals, a township hospital, a clinic.
        assert groups(units) == {
            "built": (3, 3), "staffed": (4, 4), "up_to_standard": (2, 2), "no_blank": (3, 3),
        }  # fmt: skip


def test_every_failure_says_rule_and_cure() -> None:
    """Goal: a township knows what to do. Method: a county of which nothing is there."""
    bare = County("某县", "A county", (Place(T), village("甲村", None)), ())
    units = evaluate(bare, AFTER)
    assert failing(units) == {
        ("county", "LP-50"), ("county", "LP-58"), ("county", "LP-61"), (T, "LP-51"), (T, "LP-61"),
        (f"{T}/甲村", "LP-52"), (f"{T}/甲村", "LP-60"), (f"{T}/甲村", "LP-61"),
    }  # fmt: skip
    for unit in units:
        for each in unit.findings:
            assert each.cure_zh
            assert each.cure_en


def test_two_public_county_hospitals() -> None:
    """Goal: LP-50, a Chinese-medicine hospital counts, a private one does not."""
    assert verdict(WHOLE, "county", "LP-50") == "met"
    private = replace(HOSPITALS[1], public=False)
    others = tuple(each for each in WHOLE.facilities if each.code != "H2")
    assert verdict(replace(WHOLE, facilities=(*others, private)), "county", "LP-50") == "missed"


@pytest.mark.parametrize(
    ("residents", "small", "beside", "expected"),
    [
        (799, False, "甲村", "met"), (800, False, "甲村", "missed"), (801, False, "甲村", "missed"),
        (800, True, "甲村", "met"), (5000, True, "甲村", "met"),
        (799, False, "", "missed"), (800, True, "", "missed"),
        (None, False, "甲村", "unknown"), (None, True, "甲村", "met"),
    ],
)  # fmt: skip
def test_who_may_share_a_clinic(
    residents: int | None, small: bool, beside: str, expected: Status
) -> None:
    """Goal: LP-53, fewer than 800 or a small area, and only with an adjacent village. Method: a
    village without a clinic of its own, served by 甲村's; adjacency told by either side."""
    for teller in ("乙村", "甲村"):
        place = village(
            "乙村", residents, beside=beside if teller == "乙村" else "", small_area=small
        )
        county = with_village(place)
        places, facilities = list(county.places), list(county.facilities)
        if teller == "甲村" and beside:
            places[1] = replace(places[1], adjacent=frozenset({f"{T}/乙村"}))
        facilities[-1] = clinic("C1", "甲村", "乙村", up_to_standard=True)
        county = replace(county, places=tuple(places), facilities=tuple(facilities))
        assert verdict(county, f"{T}/乙村", "LP-52") == expected
        # A joint clinic that may not be shared leaves the village a blank spot.
        assert (verdict(county, f"{T}/乙村", "LP-61") == "missed") == (expected == "missed")


@pytest.mark.parametrize(
    ("residents", "own", "expected"),
    [(799, True, "not_required"), (800, True, "not_required"), (801, True, "missed"),
     (801, None, "unknown"), (None, True, "unknown")],
)  # fmt: skip
def test_which_clinic_must_be_up_to_standard(
    residents: int | None, own: bool | None, expected: Status
) -> None:
    """Goal: LP-60, more than 800; 800 itself needs a clinic and no more."""
    built = clinic("C2", "乙村", up_to_standard=None if own is None else False)
    county = with_village(village("乙村", residents), built)
    assert verdict(county, f"{T}/乙村", "LP-60") == expected
    assert verdict(county, f"{T}/乙村", "LP-52") == "met"
    if residents == 801 and own:
        better = with_village(village("乙村", 801), replace(built, up_to_standard=True))
        assert verdict(better, f"{T}/乙村", "LP-60") == "met"


def test_the_hospitals_seat_needs_no_clinic() -> None:
    """Goal: LP-54. Method: told by a flag, and by where the hospital lies; and not otherwise."""
    assert verdict(with_village(village("乙村", 3000)), f"{T}/乙村", "LP-52") == "missed"
    seat = with_village(village("乙村", 3000, hospital_seat=True))
    assert failing(evaluate(seat, AFTER)) == set()
    county = with_village(village("乙村", 3000))
    moved = tuple(
        replace(each, village="乙村") if each.code == "T1" else each for each in county.facilities
    )
    assert failing(evaluate(replace(county, facilities=moved), AFTER)) == set()


def test_an_assistant_is_no_doctor_of_a_department() -> None:
    """Goal: LP-55, a licensed doctor in each department. Method: an assistant alone; a licensed
    doctor of another department, of another hospital; none recorded."""
    staff = tuple(each for each in WHOLE.staff if each.staff_no != "S1")
    for other in (
        doctor(5, "H1", "assistant_doctor", department="内科"),
        doctor(5, "H1", department="外科"),
        doctor(5, "H2", department="内科"),
        doctor(5, "H1"),
    ):
        assert verdict(replace(WHOLE, staff=(*staff, other)), "H1", "LP-55") == "missed"
    assert verdict(replace(WHOLE, departments=()), "H1", "LP-55") == "unknown"


@pytest.mark.parametrize(
    ("qualification", "practitioner", "day", "expected"),
    [
        ("licensed_doctor", False, BEFORE, "met"), ("assistant_doctor", False, BEFORE, "met"),
        ("licensed_doctor", False, END, "missed"), ("licensed_doctor", True, END, "met"),
        ("assistant_doctor", True, AFTER, "met"), ("village_doctor", True, BEFORE, "missed"),
    ],
)  # fmt: skip
def test_the_township_hospitals_doctors(
    qualification: Any, practitioner: bool, day: date, expected: Status
) -> None:
    """Goal: LP-56, a general practitioner from 2020-12-31, that day included."""
    staff = tuple(each for each in WHOLE.staff if each.facility_code != "T1")
    one = doctor(5, "T1", qualification, general_practitioner=practitioner)
    assert verdict(replace(WHOLE, staff=(*staff, one)), "T1", "LP-56", day) == expected


@pytest.mark.parametrize(
    ("qualification", "expected"),
    [("village_doctor", "met"), ("licensed_doctor", "met"), ("assistant_doctor", "met"),
     ("other", "missed")],
)  # fmt: skip
def test_the_clinics_staff(qualification: Any, expected: Status) -> None:
    """Goal: LP-57, one of three; one is enough (XB-48). A clinic without is a blank spot."""
    staff = tuple(each for each in WHOLE.staff if each.facility_code != "C1")
    county = replace(WHOLE, staff=(*staff, doctor(5, "C1", qualification)))
    assert verdict(county, "C1", "LP-57") == expected
    assert verdict(county, "county", "LP-61") == expected


@pytest.mark.parametrize(
    ("levels", "day", "expected"),
    [
        (("secondary", "secondary"), BEFORE, "met"), (("secondary", "secondary"), END, "missed"),
        (("secondary", "secondary_a"), END, "met"), (("tertiary", "secondary"), END, "met"),
        (("secondary_a", "primary"), BEFORE, "missed"), (("secondary", None), BEFORE, "unknown"),
        (("primary", None), BEFORE, "missed"),
    ],
)  # fmt: skip
def test_the_county_hospitals_level(levels: tuple[Any, Any], day: date, expected: Status) -> None:
    """Goal: LP-58, two at level two; from 2020-12-31 one of them at two A."""
    hospitals = tuple(
        replace(each, capability=level) for each, level in zip(HOSPITALS, levels, strict=True)
    )
    county = replace(WHOLE, facilities=(*hospitals, *WHOLE.facilities[2:]))
    assert verdict(county, "county", "LP-58", day) == expected


@pytest.mark.parametrize(
    ("residents", "expected"),
    [(9_999, "not_required"), (10_000, "not_required"), (10_001, "missed"), (None, "unknown")],
)  # fmt: skip
def test_which_township_hospital_must_be_up_to_standard(
    residents: int | None, expected: Status
) -> None:
    """Goal: LP-59, more than 10,000; exactly 10,000 is not asked."""
    county = replace(WHOLE, places=(Place(T, None, residents), *WHOLE.places[1:]))
    facilities = tuple(
        replace(each, up_to_standard=False) if each.code == "T1" else each
        for each in county.facilities
    )
    assert verdict(replace(county, facilities=facilities), "T1", "LP-59") == expected
    if residents == 10_001:
        good = tuple(replace(each, up_to_standard=True) for each in facilities)
        assert verdict(replace(county, facilities=good), "T1", "LP-59") == "met"


class TestTheCureInWords:
    """What is told to do names only what the documents allow and what is missing."""

    @pytest.mark.parametrize(
        ("residents", "small_area", "may"),
        [(799, False, True), (800, False, False), (None, False, False), (800, True, True)],
    )
    def test_sharing_is_offered_below_800_residents_or_in_a_small_area(
        self, residents: int | None, small_area: bool, may: bool
    ) -> None:
        county = with_village(village("乙村", residents, small_area=small_area))
        (said,) = {
            each.cure_zh
            for unit in evaluate(county, AFTER)
            for each in unit.findings
            if each.rule == "LP-52" and each.status == "missed"
        }
        assert ("联合设置" in said) is may

    @pytest.mark.parametrize(
        ("qualifications", "noted"),
        [(["assistant_doctor"], True), (["assistant_doctor", "licensed_doctor"], False), ([], False)],
    )  # fmt: skip
    def test_an_assistant_who_does_not_count_is_named(
        self, qualifications: list[str], noted: bool
    ) -> None:
        others = tuple(each for each in WHOLE.staff if each.department != "内科")
        county = replace(
            WHOLE,
            staff=others
            + tuple(doctor(20 + n, "H1", each, department="内科") for n, each in enumerate(qualifications)),
        )  # fmt: skip
        (said,) = {
            each.zh
            for unit in evaluate(county, AFTER)
            if unit.code == "H1"
            for each in unit.findings
            if each.rule == "LP-55"
        }
        assert ("，仅有执业助理医师" in said) is noted

    def test_a_hospital_without_doctor_and_practitioner_is_told_both(self) -> None:
        county = replace(
            WHOLE, staff=tuple(each for each in WHOLE.staff if each.facility_code != "T1")
        )
        said = {
            day: each.cure_en
            for day in (BEFORE, AFTER)
            for unit in evaluate(county, day)
            if unit.code == "T1"
            for each in unit.findings
            if each.rule == "LP-56"
        }
        assert said[BEFORE] == "find a doctor"
        assert said[AFTER] == "find a doctor and a general practitioner (from the end of 2020)"
