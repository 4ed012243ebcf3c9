"""What a visit's measurements mean, at each edge of the national standard (third edition)."""

from datetime import date, timedelta
from typing import Any

import pytest

from services.contracts.follow_up.forms import check, forms
from services.contracts.follow_up.judging import Case, Judgement, judge
from services.contracts.plans.rulebook import rulebook

BORN = date(2016, 5, 1)


def judged(code: str, on: date = BORN, **values: Any) -> Judgement:
    form = forms()[code]
    checked = check(form, values, frozenset(values))
    assert not checked.faults
    return judge(code, checked.values, form.thresholds, Case(on, None, BORN, None))


class TestTuberculosis:
    """1.4: every ten days in the intensive phase unless medical staff watch, else monthly."""

    @pytest.mark.parametrize(
        ("phase", "supervision", "rhythm"),
        [
            ("intensive", "medical_staff", "monthly"),
            ("intensive", "family", "intensive_family"),
            ("intensive", "volunteer", "intensive_family"),
            ("continuation", "medical_staff", "monthly"),
            ("continuation", "family", "monthly"),
        ],
    )
    def test_how_often_he_is_seen(self, phase: str, supervision: str, rhythm: str) -> None:
        found = judged("tuberculosis", phase=phase, supervision=supervision)
        assert (found.classification, found.control) == (rhythm, "controlled")

    @pytest.mark.parametrize(("taken", "control"), [(26, "uncontrolled"), (27, "controlled")])
    def test_regular_is_nine_doses_in_ten(self, taken: int, control: str) -> None:
        found = judged(
            "tuberculosis", phase="continuation", supervision="family",
            doses_due=30, doses_taken=taken,
        )  # fmt: skip
        assert found.control == control

    @pytest.mark.parametrize(("checked", "then"), [(True, "finished"), (False, "treatment_ended")])
    def test_the_end_of_treatment_asks_for_a_last_check(self, checked: bool, then: str) -> None:
        found = judged(
            "tuberculosis", phase="continuation", supervision="family",
            treatment_ended=True, final_check_done=checked,
        )  # fmt: skip
        assert found.classification == then


@pytest.mark.parametrize(
    ("sign", "referred"),
    [
        ({"heart_rate": 100}, False),
        ({"heart_rate": 101}, True),
        ({"temperature": "39"}, False),
        ({"temperature": "39.1"}, True),
        ({"sbp": 179, "dbp": 109}, False),
        ({"sbp": 180, "dbp": 80}, True),
        ({"sbp": 120, "dbp": 110}, True),
        ({"fasting_glucose": "3.9"}, True),
        ({"fasting_glucose": "4.0"}, False),
        ({"fasting_glucose": "16.6"}, False),
        ({"fasting_glucose": "16.7"}, True),
    ],
)
def test_emergencies_of_a_diabetic(sign: dict[str, Any], referred: bool) -> None:
    """1.2: above 100 beats, above 39 degrees; 180/110, 16.7 and 3.9 themselves are emergencies."""
    found = judged("type2_diabetes", **{"fasting_glucose": "6.1"} | sign)
    assert ("emergency" in found.refer) is referred
    assert (found.classification == "referral") is referred


class TestNewborn:
    """Two visits; the second from the 28th day on ends them."""

    @pytest.mark.parametrize(("days", "then"), [(7, "continuing"), (27, "continuing"), (28, "finished")])  # fmt: skip
    def test_the_month_is_full_on_the_28th_day(self, days: int, then: str) -> None:
        found = judged("newborn", on=BORN + timedelta(days=days), weight="3.4", temperature="36.8")
        assert (found.classification, found.control) == (then, "controlled")

    @pytest.mark.parametrize(
        ("temperature", "referred"),
        [("35.4", True), ("35.5", False), ("37.4", False), ("37.5", True)],
    )
    def test_temperature(self, temperature: str, referred: bool) -> None:
        found = judged("newborn", weight="3.4", temperature=temperature)
        assert (found.refer == ("danger_sign",)) is referred


@pytest.mark.parametrize(
    ("mobility", "then"),
    [("bedridden", "seen"), ("housebound", "seen"), ("helped", "seen"), ("walks", "mobile")],
)
def test_who_walks_again_is_no_longer_visited_for_it(mobility: str, then: str) -> None:
    """Goal: KZ-16, and no illness rated by it. Method: each word; the rule's ways and end."""
    found = judged("home_care", mobility=mobility, sbp=190)
    assert (found.classification, found.control, found.refer) == (then, None, ())
    programme = rulebook().programmes["home_care"]
    assert (then in programme.ends_after, programme.rated) == (mobility == "walks", False)
    assert {way for rule in programme.rules for way in rule.ways} == {"home"}
