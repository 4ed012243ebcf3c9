"""What a visit's measurements make of it, and which of them are refused or asked about."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from services.contracts.follow_up.forms import check, forms
from services.contracts.follow_up.judging import Before, Case, Judgement, judge, screened
from tests.unit.contracts.lives import START_ON


def measured(form: str, case: Case, **entered: Any) -> Judgement:
    found = check(forms()[form], entered, frozenset())
    assert not found.faults
    return judge(form, found.values, forms()[form].thresholds, case)


def case(birth_year: int | None = 1970, before: Before | None = None) -> Case:
    return Case(date(2016, 6, 1), birth_year, START_ON, before)


UNCONTROLLED = Before(date(2016, 5, 18), "uncontrolled_first", {"sbp": 152, "dbp": 88})


class TestJudging:
    @pytest.mark.parametrize(
        ("sbp", "dbp", "birth_year", "expected"),
        [
            (139, 89, 1970, "controlled"),
            (140, 89, 1970, "uncontrolled_first"),
            (139, 90, 1970, "uncontrolled_first"),
            (149, 89, 1951, "controlled"),
            (149, 89, 1952, "uncontrolled_first"),
            (150, 89, 1940, "uncontrolled_first"),
            (180, 89, 1940, "referral"),
            (150, 110, None, "referral"),
        ],
    )
    def test_blood_pressure_by_age(
        self, sbp: int, dbp: int, birth_year: int | None, expected: str
    ) -> None:
        """Goal: 140/90, from 65 on 150/90, 180/110 an emergency. Method: both sides of each."""
        assert measured("hypertension", case(birth_year), sbp=sbp, dbp=dbp).classification == (
            expected
        )

    def test_twice_is_a_referral(self) -> None:
        """Goal: two successive visits. Method: uncontrolled after an uncontrolled one."""
        found = measured("hypertension", case(before=UNCONTROLLED), sbp=150, dbp=95)
        assert (found.classification, found.refer) == ("referral", ("twice_uncontrolled",))
        again = measured("hypertension", case(before=UNCONTROLLED), sbp=130, dbp=80)
        assert (again.classification, again.control) == ("controlled", "controlled")

    @pytest.mark.parametrize(
        ("more", "expected", "reasons"),
        [
            ("adverse_reaction", "uncontrolled_first", ()),
            ("adverse_uncontrollable", "referral", ("adverse_reaction",)),
            ("complication", "referral", ("complication",)),
            ("emergency_sign", "referral", ("emergency",)),
        ],
    )
    def test_controlled_is_the_pressure_alone(
        self, more: str, expected: str, reasons: tuple[str, ...]
    ) -> None:
        """Goal: 1.1: the sooner visit or the referral, and yet controlled; the next high reading is
        the first of its row. Method: 132/84 with each of what calls for more, then 152/88."""
        found = measured("hypertension", case(), sbp=132, dbp=84, **{more: True})
        assert (found.classification, found.control, found.refer) == (
            expected,
            "controlled",
            reasons,
        )
        before = Before(date(2016, 5, 18), found.classification, {"sbp": 132, "dbp": 84})
        high = measured("hypertension", case(before=before), sbp=152, dbp=88)
        assert (high.classification, high.control, high.refer) == (
            "uncontrolled_first",
            "uncontrolled",
            (),
        )

    def test_two_in_a_row_by_the_age_at_each_visit(self) -> None:
        """Goal: 145 at 64 was too high, at 65 it is not. Method: 155 in the year of the 65th."""
        before = Before(date(2015, 12, 20), "uncontrolled_first", {"sbp": 145, "dbp": 84})
        found = measured("hypertension", case(1951, before), sbp=155, dbp=84)
        assert found.refer == ("twice_uncontrolled",)
        before = Before(date(2016, 5, 18), "controlled", {"sbp": 145, "dbp": 84})
        found = measured("hypertension", case(1951, before), sbp=155, dbp=84)
        assert (found.classification, found.refer) == ("uncontrolled_first", ())

    def test_glucose_with_an_adverse_reaction(self) -> None:
        """Goal: 1.2: not controlled, but not the first of two. Method: 6.1 with one, then 7.4,
        then 7.4 again."""
        first = measured("type2_diabetes", case(), fasting_glucose=6.1, adverse_reaction=True)
        assert (first.classification, first.control) == ("uncontrolled_first", "uncontrolled")
        before = Before(date(2016, 5, 18), first.classification, {"fasting_glucose": 6.1})
        second = measured("type2_diabetes", case(before=before), fasting_glucose=7.4)
        assert (second.classification, second.refer) == ("uncontrolled_first", ())
        before = Before(date(2016, 5, 25), second.classification, {"fasting_glucose": 7.4})
        third = measured("type2_diabetes", case(before=before), fasting_glucose=7.4)
        assert third.refer == ("twice_uncontrolled",)

    @pytest.mark.parametrize(
        ("glucose", "expected"),
        [(6.9, "controlled"), (7.0, "uncontrolled_first"), (16.7, "referral"), (3.9, "referral")],
    )
    def test_glucose(self, glucose: float, expected: str) -> None:
        """Goal: 7.0, 16.7 and 3.9. Method: each threshold."""
        found = measured("type2_diabetes", case(), fasting_glucose=glucose)
        assert found.classification == expected

    @pytest.mark.parametrize(
        ("risk", "more", "expected"),
        [
            (0, {}, "stable"),
            (1, {}, "basically_stable"),
            (2, {}, "basically_stable"),
            (3, {}, "unstable"),
            (0, {"insight": "lacking"}, "unstable"),
            (0, {"social_function": "poor"}, "basically_stable"),
        ],
    )
    def test_risk_classes(self, risk: int, more: dict[str, str], expected: str) -> None:
        """Goal: the three classes. Method: each risk level and what weighs as much."""
        found = measured("severe_mental_disorder", case(), risk=risk, **more)
        assert found.classification == expected

    @pytest.mark.parametrize(("went", "expected"), [(True, "finished"), (False, "not_gone")])
    def test_suspects_are_neither_controlled_nor_not(self, went: bool, expected: str) -> None:
        """Goal: the answer alone. Method: both."""
        found = measured("tuberculosis_suspect", case(), went=went)
        assert (found.classification, found.control) == (expected, None)

    def test_doses(self) -> None:
        """Goal: nine of ten doses are regular. Method: 27 and 26 of 30."""
        course = {"phase": "intensive", "supervision": "family", "doses_due": 30}
        assert measured("tuberculosis", case(), **course, doses_taken=27).control == "controlled"
        assert measured("tuberculosis", case(), **course, doses_taken=26).control == "uncontrolled"

    @pytest.mark.parametrize(
        ("values", "expected"),
        [
            ({"sbp": 129, "dbp": 84}, {}),
            ({"sbp": 130, "dbp": 84}, {"hypertension_risk": "at_risk"}),
            ({"sbp": 129, "dbp": 85}, {"hypertension_risk": "at_risk"}),
            ({"sbp": 139, "dbp": 89}, {"hypertension_risk": "at_risk"}),
            ({"sbp": 140, "dbp": 80}, {"hypertension_risk": "raised"}),
            ({"sbp": 120, "dbp": 90}, {"hypertension_risk": "raised"}),
            ({"sbp": 120, "dbp": 80, "bmi": "23.9"}, {}),
            ({"sbp": 120, "dbp": 80, "bmi": "24"}, {"hypertension_risk": "at_risk"}),
            ({"fasting_glucose": "6.0"}, {}),
            ({"fasting_glucose": "6.1"}, {"diabetes_risk": "at_risk"}),
            ({"fasting_glucose": "7.0"}, {"diabetes_risk": "raised"}),
        ],
    )
    def test_who_is_at_risk(self, values: dict[str, Any], expected: dict[str, str]) -> None:
        """Goal: 130-139/85-89 or BMI 24; 6.1. Method: both sides of each, as a check-up measures."""
        found = check(forms()["check_up"], values, frozenset())
        assert screened(found.values, {c: form.thresholds for c, form in forms().items()}) == (
            expected
        )

    def test_high_on_three_different_days_is_referred(self) -> None:
        """Goal: 1.1: three measurements not of one day. Method: a first one, the same day again,
        two later days; one of 180; and one that is not high in between."""

        def at(before: Before | None, sbp: int = 150) -> Judgement:
            return measured("hypertension_risk", case(before=before), sbp=sbp, dbp=84)

        assert at(None).classification == "raised"
        assert at(Before(date(2016, 6, 1), "raised", {})).classification == "raised"
        assert at(Before(date(2016, 5, 20), "raised", {})).classification == "raised_again"
        third = at(Before(date(2016, 5, 20), "raised_again", {}))
        assert (third.classification, third.control, third.refer) == (
            "referral",
            None,
            ("three_raised",),
        )
        assert at(None, sbp=180).refer == ("emergency",)
        assert at(Before(date(2016, 5, 20), "raised", {}), sbp=139).classification == "at_risk"
        assert at(Before(date(2016, 5, 20), "at_risk", {})).classification == "raised"

    @pytest.mark.parametrize(
        ("glucose", "expected"),
        [(6.9, "at_risk"), (7.0, "referral"), (16.7, "referral"), (3.9, "referral")],
    )
    def test_glucose_of_somebody_at_risk(self, glucose: float, expected: str) -> None:
        """Goal: 7.0 is to be confirmed. Method: each threshold; confirmed, it is found."""
        found = measured("diabetes_risk", case(), fasting_glucose=glucose)
        assert (found.classification, found.control, found.found) == (expected, None, False)
        told = measured("diabetes_risk", case(), fasting_glucose=glucose, diagnosed=True)
        assert (told.classification, told.found) == ("disease_found", True)

    @pytest.mark.parametrize(
        ("form", "entered", "expected"),
        [
            ("hypertension_risk", {"sbp": 179, "dbp": 109}, ()),
            ("hypertension_risk", {"sbp": 180, "dbp": 84}, ("emergency",)),
            ("hypertension_risk", {"sbp": 150, "dbp": 110}, ("emergency",)),
            ("hypertension_risk", {"sbp": 120, "dbp": 80, "emergency_sign": True}, ("emergency",)),
            ("diabetes_risk", {"fasting_glucose": "16.6"}, ("glucose_raised",)),
            ("diabetes_risk", {"fasting_glucose": "16.7"}, ("emergency",)),
            ("diabetes_risk", {"fasting_glucose": "4.0"}, ()),
            ("diabetes_risk", {"fasting_glucose": "3.9"}, ("emergency",)),
        ],
    )
    def test_emergencies_of_those_at_risk(
        self, form: str, entered: dict[str, Any], expected: tuple[str, ...]
    ) -> None:
        """Goal: referred at once, as patients are. Method: both sides of each limit."""
        assert measured(form, case(), **entered).refer == expected


class TestEntering:
    @pytest.mark.parametrize(
        ("entered", "faults", "unlikely"),
        [
            ({"sbp": 138, "dbp": 84}, set(), set()),
            ({"sbp": 1380, "dbp": 84}, {("measurements.sbp", "impossible")}, set()),
            ({"sbp": 84, "dbp": 138}, {("measurements.sbp", "impossible")}, {"measurements.dbp"}),
            ({"sbp": 230, "dbp": 84}, set(), {"measurements.sbp"}),
            ({"sbp": "x", "dbp": 84}, {("measurements.sbp", "not_a_number")}, set()),
            ({"sbp": True, "dbp": 84}, {("measurements.sbp", "not_a_number")}, set()),
            ({"sbp": "NaN", "dbp": 84}, {("measurements.sbp", "not_a_number")}, set()),
            ({"dbp": 84}, {("measurements.sbp", "missing")}, set()),
            ({"sbp": 138, "dbp": 84, "z": 1}, {("measurements", "unknown_measurement")}, set()),
        ],
    )
    def test_impossible_and_unlikely(
        self, entered: dict[str, Any], faults: set[tuple[str, str]], unlikely: set[str]
    ) -> None:
        """Goal: slips are refused, rarities asked about. Method: one of each."""
        found = check(forms()["hypertension"], entered, frozenset())
        assert {(fault.field, fault.code) for fault in found.faults} == faults
        assert {fault.field for fault in found.unlikely} == unlikely

    def test_confirmed(self) -> None:
        """Goal: what was looked at again is kept. Method: 230 mmHg, confirmed."""
        found = check(forms()["hypertension"], {"sbp": 230, "dbp": 84}, frozenset({"sbp"}))
        assert not found.unlikely
        assert found.values["sbp"] == Decimal(230)
