"""The task rules: the window of each, a run that comes late, whom they concern, who was not met."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.contracts.plans.domain import (
    MISSED,
    START,
    Anchor,
    Interval,
    Person,
    applying,
    step_of,
    year_anchor,
)
from services.contracts.plans.rulebook import rulebook
from tests.unit.contracts.lives import START_ON, YEARS, Life, life

# Programme, after what, first day, due day and last day of its task counted from 10 January, and
# its priority: by hand from the standard's intervals. The days before a due day and the days of
# grace are this product's.
WINDOWS = (
    ("hypertension", "start", "03-11 04-10 04-24", 40),
    ("hypertension", "controlled", "03-11 04-10 04-24", 40),
    ("hypertension", "uncontrolled_first", "01-10 01-24 01-24", 20),
    ("hypertension", "referral", "01-10 01-24 01-24", 10),
    ("type2_diabetes", "start", "03-11 04-10 04-24", 40),
    ("type2_diabetes", "controlled", "03-11 04-10 04-24", 40),
    ("type2_diabetes", "uncontrolled_first", "01-10 01-24 01-24", 20),
    ("type2_diabetes", "referral", "01-10 01-24 01-24", 10),
    ("tuberculosis", "start", "01-10 01-13 01-13", 10),
    ("tuberculosis", "intensive_family", "01-15 01-20 01-23", 30),
    ("tuberculosis", "monthly", "01-31 02-10 02-15", 30),
    ("tuberculosis", "referral", "01-10 01-24 01-24", 10),
    ("tuberculosis", "treatment_ended", "01-10 01-24 01-24", 20),
    ("tuberculosis_not_met", "start", "01-10 01-11 02-15", 10),
    ("tuberculosis_suspect", "start", "01-10 01-17 01-17", 10),
    ("severe_mental_disorder", "start", "03-11 04-10 04-24", 40),
    ("severe_mental_disorder", "stable", "03-11 04-10 04-24", 40),
    ("severe_mental_disorder", "basically_stable", "01-10 01-24 01-24", 20),
    ("severe_mental_disorder", "basically_stable_again", "01-27 02-10 02-17", 20),
    ("severe_mental_disorder", "unstable", "01-10 01-24 01-24", 10),
    ("hypertension_risk", "start", "06-10 07-10 07-24", 45),
    ("hypertension_risk", "at_risk", "06-10 07-10 07-24", 45),
    ("hypertension_risk", "raised", "01-10 01-24 01-24", 20),
    ("hypertension_risk", "raised_again", "01-10 01-24 01-24", 20),
    ("hypertension_risk", "referral", "01-10 01-24 01-24", 10),
    ("diabetes_risk", "start", "12-11 01-10 01-24", 45),
    ("diabetes_risk", "at_risk", "12-11 01-10 01-24", 45),
    ("diabetes_risk", "raised", "01-10 01-24 01-24", 10),
    ("diabetes_risk", "referral", "01-10 01-24 01-24", 10),
    ("hypertension_refill", "start", "01-10 01-11 01-25", 30),
    ("diabetes_refill", "start", "01-10 01-11 01-25", 30),
    ("tuberculosis_refill", "start", "01-10 01-11 01-25", 30),
    ("mental_refill", "start", "01-10 01-11 01-25", 30),
    ("home_care", "start", "06-10 07-10 07-24", 45),
    ("home_care", "seen", "06-10 07-10 07-24", 45),
    ("newborn", "start", "01-10 01-17 01-17", 10),
    ("newborn", "continuing", "02-07 02-09 02-16", 30),
    ("newborn", "referral", "01-10 01-24 01-24", 10),
    ("elderly_check_up", "start", "01-01 12-31 12-31", 50),
    ("yearly_check_up", "start", "01-01 12-31 12-31", 50),
    ("chronic_check_up", "start", "01-01 12-31 12-31", 50),
)


@pytest.mark.parametrize(("code", "what", "window", "priority"), WINDOWS)
def test_the_window_of_each_rule(code: str, what: str, window: str, priority: int) -> None:
    """Goal: a changed number in the data is seen. Method: the first task after each anchor."""
    programme = rulebook().programmes[code]
    yearly = programme.kind == "check_up"
    anchor = year_anchor(START_ON) if yearly else Anchor("a", START_ON, what, START_ON)
    step = step_of(programme, anchor, 0, None)
    assert step is not None
    days = (step.opens_on, step.due_on, step.closes_on)
    assert (" ".join(f"{day:%m-%d}" for day in days), step.rule.priority) == (window, priority)


def test_no_rule_is_without_its_window() -> None:
    """Goal: a new rule, or a new word after which one speaks, has its line above. Method: count."""
    spoken = {
        (code, what)
        for code, programme in rulebook().programmes.items()
        for rule in programme.rules
        for what in rule.after - {"any"}
    }
    assert spoken == {(code, what) for code, what, _, _ in WINDOWS}


visits = st.lists(
    st.tuples(
        st.integers(1, 130), st.sampled_from(["controlled", "uncontrolled_first", "referral"])
    ),
    max_size=8,
)


def test_a_supply_is_reminded_of_a_week_before_it_is_used_up_and_once() -> None:
    """Goal: KZ-12. Method: 90 days from 10 January, by hand: the last is 8 April; nobody comes."""
    person = Life(
        rulebook().programmes["hypertension_refill"],
        anchor=Anchor("dispensing:1", START_ON, START, date(2016, 4, 8)),
    )
    person.night()
    task = person.waiting
    assert (task.opens_on, task.kept.due_on) == (date(2016, 4, 2), date(2016, 4, 9))
    seen = [person.phase(task)]
    for _ in range(YEARS):
        person.pass_days(1)
        if seen[-1] != person.phase(task):
            seen.append(person.phase(task))
    assert seen == ["draft", "ready", "failed"]
    assert len(person.tasks) == 1


class TestCatchingUp:
    @settings(max_examples=40)
    @given(visits, st.integers(1, 400))
    def test_once_or_every_night_is_the_same(
        self, story: list[tuple[int, str]], silence: int
    ) -> None:
        """Goal: the run may be late. Method: the same life planned nightly and only at visits."""
        nightly, lazy = life("hypertension"), life("hypertension")
        for days, classification in story:
            nightly.pass_days(days)
            lazy.today += timedelta(days=days)
            lazy.night()
            for person in (nightly, lazy):
                person.visit(classification)
        nightly.pass_days(silence)
        lazy.today += timedelta(days=silence)
        lazy.night()
        told = [[(t.kept, t.opens_on) for t in person.tasks] for person in (nightly, lazy)]
        assert told[0] == told[1]
        assert len([t for t in lazy.tasks if t.kept.open]) == 1
        before = [t.kept for t in lazy.tasks]
        lazy.night()
        assert [t.kept for t in lazy.tasks] == before

    def test_a_changed_rule_speaks_for_later_tasks_only(self) -> None:
        """Goal: history stays. Method: from July on every two months; a task of April stays."""
        programme = rulebook().programmes["hypertension"]
        old = next(rule for rule in programme.rules if rule.routine)
        turn = date(2016, 7, 1)
        rules = (
            replace(old, valid_to=turn - timedelta(days=1)),
            replace(old, version=2, valid_from=turn, due=Interval(months=2)),
        )
        person = Life(replace(programme, rules=rules))
        person.night()
        person.pass_days(91)
        person.visit("controlled")
        assert (person.waiting.rule.version, person.waiting.kept.due_on) == (1, date(2016, 7, 10))
        person.pass_days(91)
        person.visit("controlled")
        assert (person.waiting.rule.version, person.waiting.kept.due_on) == (2, date(2016, 9, 10))
        assert [task.rule.version for task in person.tasks] == [1, 1, 2]


def test_whom_the_yearly_programmes_concern() -> None:
    """Goal: 65 in the year, category on the day, one check-up not two. Method: four persons."""
    poor = (("registered_poor", date(2015, 1, 1), date(2016, 12, 31)),)

    def codes(year: int | None, categories: Any, day: date, *, registered: bool = True) -> set[str]:
        person = Person(registered, registered, year, categories)
        return applying(rulebook().programmes, person, day, frozenset())

    day = date(2016, 6, 1)
    assert codes(1951, poor, day) == {"elderly_check_up"}
    assert codes(1952, poor, day) == {"yearly_check_up"}
    assert codes(None, poor, date(2017, 1, 1)) == set()
    assert codes(1940, poor, day, registered=False) == set()


@pytest.mark.parametrize("disease", ["hypertension", "type2_diabetes", "severe_mental_disorder"])
def test_a_patient_s_yearly_health_check(disease: str) -> None:
    """Goal: 1.1, 1.2, 1.3: once a year whoever is looked after, and one check-up, not two.
    Method: below 65 and not poor; 65; poor; poor where no free check-up is offered; dead; and
    tuberculosis, for which the standard asks none."""
    programmes = rulebook().programmes
    day = date(2016, 6, 1)
    poor = (("registered_poor", date(2015, 1, 1), None),)

    def codes(
        year: int | None = 1970,
        categories: Any = (),
        *,
        alive: bool = True,
        taken_into: str = disease,
        not_offered: tuple[str, ...] = (),
    ) -> set[str]:
        person = Person(alive, alive, year, categories)
        return applying(programmes, person, day, frozenset({taken_into}), not_offered)

    assert codes() == {disease, "chronic_check_up"}
    assert codes(1951) == {disease, "elderly_check_up"}
    assert codes(1970, poor) == {disease, "yearly_check_up"}
    assert codes(1970, poor, not_offered=("yearly_check_up",)) == {disease, "chronic_check_up"}
    assert codes(alive=False) == set()
    assert codes(taken_into="tuberculosis") == {"tuberculosis", "tuberculosis_not_met"}


class TestNotMet:
    """1.4: two visits within 72 hours that did not meet the patient are reported."""

    @pytest.mark.parametrize(
        ("contacts", "expected"),
        [
            ([(0, "home")], None),
            ([(0, "home"), (2, "home")], 2),
            ([(0, "home"), (0, "home")], 0),
            ([(3, "home"), (1, "home"), (2, "home")], 2),
            ([(3, "home"), (1, "home")], 3),
            ([(1, "home"), (4, "home")], None),
            ([(-1, "home"), (1, "home")], None),
            ([(0, "phone"), (1, "home")], None),
        ],
    )
    def test_from_when(self, contacts: list[tuple[int, str]], expected: int | None) -> None:
        """Goal: two, at home, within three days of the notice. Method: both sides of each."""
        unmet = rulebook().programmes["tuberculosis_not_met"].unmet
        assert unmet is not None
        told = [(START_ON + timedelta(days=day), way) for day, way in contacts]
        on = None if expected is None else START_ON + timedelta(days=expected)
        assert unmet.reached_on(START_ON, told) == on

    def test_once_and_overdue_until_it_is_done(self) -> None:
        """Goal: by the next day; it does not come again. Method: nobody reports for two years."""
        person = life("tuberculosis_not_met")
        assert person.waiting.kept.due_on == START_ON + timedelta(days=1)
        person.pass_days(36)
        assert person.phase(person.waiting) == "ready"
        person.pass_days(YEARS)
        assert [task.kept.outcome for task in person.tasks] == [MISSED]
