"""Two years of each programme with its clock moved day by day."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from services.contracts.plans.domain import (
    MISSED,
    Anchor,
    Interval,
    year_anchor,
)
from services.contracts.plans.rulebook import rulebook
from tests.unit.contracts.lives import START_ON, YEARS, Life, life


class TestTwoYears:
    @pytest.mark.parametrize("code", ["hypertension", "type2_diabetes", "severe_mental_disorder"])
    def test_four_visits_a_year_when_each_is_done_on_its_day(self, code: str) -> None:
        """Goal: the standard's frequency. Method: controlled at every visit, done when due."""
        person = life(code)
        good = "stable" if code == "severe_mental_disorder" else "controlled"
        days = []
        for _ in range(YEARS):
            person.pass_days(1)
            if person.waiting.kept.due_on == person.today:
                days.append(person.today)
                person.visit(good)
        assert days == [
            *[date(2016, m, 10) for m in (4, 7, 10)],
            *[date(2017, m, 10) for m in (1, 4, 7, 10)],
        ]
        assert not person.with_outcome(MISSED)

    @pytest.mark.parametrize("code", ["hypertension", "type2_diabetes"])
    def test_a_visit_within_the_grace_keeps_four_a_year(self, code: str) -> None:
        """Goal: lateness does not thin the rhythm. Method: every visit ten days late."""
        person = life(code)
        dues = []
        for _ in range(YEARS):
            person.pass_days(1)
            if person.waiting.kept.due_on + timedelta(days=10) == person.today:
                dues.append(person.waiting.kept.due_on)
                assert person.phase(person.waiting) == "ready"
                person.visit("controlled")
        assert [due.month for due in dues] == [4, 7, 10, 1, 4, 7, 10]
        assert not person.with_outcome(MISSED)

    @pytest.mark.parametrize("code", ["hypertension", "type2_diabetes"])
    def test_nobody_comes_for_two_years(self, code: str) -> None:
        """Goal: every quarter's visit fails once, never more. Method: planned nightly, no visit."""
        person = life(code)
        person.pass_days(YEARS)
        missed = person.with_outcome(MISSED)
        assert [task.kept.due_on.month for task in missed] == [4, 7, 10, 1, 4, 7, 10]
        assert len([task for task in person.tasks if task.kept.open]) == 1

    def test_the_five_states_in_their_order(self) -> None:
        """Goal: draft, ready, failed; completed; cancelled. Method: one task followed by day."""
        person = life("hypertension")
        first = person.waiting
        seen = []
        for _ in range(110):
            if not seen or seen[-1] != person.phase(first):
                seen.append(person.phase(first))
            person.pass_days(1)
        assert seen == ["draft", "ready", "failed"]
        second = person.waiting
        person.visit("controlled")
        third = person.waiting
        assert person.phase(second) == "completed"
        person.anchor = None
        person.night()
        assert person.phase(third) == "cancelled"

    def test_uncontrolled_then_referral_then_back(self) -> None:
        """Goal: two weeks, referral and two weeks, three months. Method: three visits."""
        person = life("hypertension")
        person.pass_days(91)
        person.visit("uncontrolled_first")
        recheck = person.waiting
        assert recheck.rule.code == "hypertension_recheck"
        assert recheck.kept.due_on == person.today + timedelta(days=14)
        assert person.phase(recheck) == "ready"
        person.pass_days(14)
        person.visit("referral")
        assert person.waiting.rule.code == "hypertension_referral_check"
        assert person.waiting.kept.due_on == person.today + timedelta(days=14)
        person.pass_days(7)
        seen = person.today
        person.visit("controlled")
        assert person.waiting.rule.code == "hypertension_routine"
        assert person.waiting.kept.due_on == Interval(months=3).after(seen)

    def test_a_missed_recheck_falls_back_to_the_rhythm(self) -> None:
        """Goal: one failed recheck, then the quarter's visit. Method: nobody goes after it."""
        person = life("hypertension")
        person.pass_days(91)
        seen = person.today
        person.visit("uncontrolled_first")
        person.pass_days(20)
        assert [t.rule.code for t in person.with_outcome(MISSED)] == ["hypertension_recheck"]
        assert person.waiting.kept.due_on == Interval(months=3).after(seen)

    def test_tuberculosis(self) -> None:
        """Goal: 72 hours, ten days under the family, monthly, the end. Method: a whole course."""
        person = life("tuberculosis")
        assert person.waiting.kept.closes_on == START_ON + timedelta(days=3)
        person.pass_days(3)
        person.visit("intensive_family")
        for _ in range(6):
            assert person.waiting.kept.due_on == person.today + timedelta(days=10)
            person.pass_days(10)
            person.visit("intensive_family")
        person.pass_days(10)
        person.visit("monthly")
        for _ in range(4):
            assert person.waiting.kept.due_on == Interval(months=1).after(person.today)
            person.pass_days((person.waiting.kept.due_on - person.today).days)
            person.visit("monthly")
        person.visit("treatment_ended")
        assert person.waiting.rule.code == "tuberculosis_final_check"
        person.visit("finished")
        person.pass_days(400)
        assert not [task for task in person.tasks if task.kept.open]
        assert not person.with_outcome(MISSED)

    def test_tuberculosis_missed_first_visit(self) -> None:
        """Goal: 72 hours are a promise of their own. Method: nobody goes for two months."""
        person = life("tuberculosis")
        person.pass_days(4)
        assert [t.rule.code for t in person.with_outcome(MISSED)] == ["tuberculosis_first_visit"]
        person.pass_days(60)
        assert [t.kept.due_on for t in person.with_outcome(MISSED)] == [
            date(2016, 1, 13),
            date(2016, 2, 10),
        ]

    def test_tuberculosis_missed_in_the_intensive_phase(self) -> None:
        """Goal: every ten days goes on, monthly after the phase. Method: seen once on 13 January,
        never again; a task that version 1 made stays as it was."""
        person = life("tuberculosis")
        person.pass_days(3)
        person.visit("intensive_family")
        person.pass_days(120)
        missed = person.with_outcome(MISSED)
        assert [t.kept.due_on for t in missed] == [
            *(date(2016, 1, 13) + timedelta(days=10 * n) for n in range(1, 7)),
            date(2016, 4, 13),
        ]
        assert {t.rule.code for t in missed[:6]} == {"tuberculosis_ten_days"}
        assert person.waiting.rule.code == "tuberculosis_monthly"
        assert person.waiting.kept.due_on == date(2016, 5, 13)
        first = rulebook().rule("tuberculosis_ten_days", 1)
        assert first is not None
        assert (first.version, first.repeats_for) == (1, None)

    def test_suspected_tuberculosis(self) -> None:
        """Goal: 1.4: asked within a week after the referral, and again until he went. Method: not
        gone by the 5th day, gone by the 12th; and one whom nobody asks for two years."""
        person = life("tuberculosis_suspect")
        assert person.phase(person.waiting) == "ready"
        assert person.waiting.kept.closes_on == START_ON + timedelta(days=7)
        assert person.waiting.rule.ways >= {"phone"}
        person.pass_days(5)
        person.visit("not_gone")
        assert person.waiting.kept.closes_on == START_ON + timedelta(days=12)
        person.pass_days(7)
        person.visit("finished")
        person.pass_days(YEARS)
        assert [task.kept.outcome for task in person.tasks] == ["continue", "continue"]
        forgotten = life("tuberculosis_suspect")
        forgotten.pass_days(YEARS)
        assert [(t.kept.due_on - START_ON).days for t in forgotten.tasks] == [7, 14, 21, 28]
        assert {task.kept.outcome for task in forgotten.tasks} == {MISSED}

    def test_severe_mental_disorder_classes(self) -> None:
        """Goal: 2 weeks, 2 weeks, 1 month, 3 months. Method: unstable to stable."""
        person = life("severe_mental_disorder")
        person.pass_days(91)
        for classification, interval in (
            ("unstable", Interval(days=14)),
            ("basically_stable", Interval(days=14)),
            ("basically_stable_again", Interval(months=1)),
            ("stable", Interval(months=3)),
        ):
            person.visit(classification)
            due_on = person.waiting.kept.due_on
            assert due_on == interval.after(person.today), classification
            person.pass_days((due_on - person.today).days)

    def test_newborn(self) -> None:
        """Goal: within a week, then 28 to 30 days, then no more. Method: both visits; neither."""
        child = life("newborn")
        assert child.waiting.kept.due_on == START_ON + timedelta(days=7)
        child.pass_days(5)
        child.visit("continuing")
        assert child.waiting.opens_on == START_ON + timedelta(days=28)
        assert child.waiting.kept.due_on == START_ON + timedelta(days=30)
        child.pass_days(24)
        child.visit("finished")
        child.pass_days(YEARS)
        assert [task.kept.outcome for task in child.tasks] == ["continue", "continue"]
        forgotten = life("newborn")
        forgotten.pass_days(YEARS)
        assert {task.kept.outcome for task in forgotten.tasks} == {MISSED}
        assert max(t.kept.due_on for t in forgotten.tasks) <= START_ON + timedelta(days=42)

    @pytest.mark.parametrize(
        ("code", "days"), [("hypertension_risk", [182, 366, 547]), ("diabetes_risk", [366])]
    )
    def test_those_at_risk(self, code: str, days: list[int]) -> None:
        """Goal: 1.1, 1.2: every half year the pressure, every year the glucose. Method: measured on
        the due day for two years less a day, nothing found."""
        person = life(code)
        done = []
        for _ in range(YEARS):
            person.pass_days(1)
            if person.waiting.kept.due_on == person.today:
                done.append((person.today - START_ON).days)
                person.visit("at_risk")
        assert done == days
        assert not person.with_outcome(MISSED)

    @pytest.mark.parametrize("code", ["hypertension_risk", "diabetes_risk"])
    def test_a_high_reading_of_somebody_at_risk(self, code: str) -> None:
        """Goal: two weeks, whether it took him in or came at a visit; nothing more once the illness
        is found. Method: both ways, then found."""
        taken_in = Life(
            rulebook().programmes[code], anchor=Anchor("start", START_ON, "raised", START_ON)
        )
        taken_in.night()
        assert taken_in.waiting.kept.closes_on == START_ON + timedelta(days=14)
        taken_in.pass_days(10)
        taken_in.visit("referral")
        assert taken_in.waiting.kept.due_on == taken_in.today + timedelta(days=14)
        taken_in.visit("disease_found")
        taken_in.pass_days(YEARS)
        assert not [task for task in taken_in.tasks if task.kept.open]

    @pytest.mark.parametrize("code", ["elderly_check_up", "yearly_check_up", "chronic_check_up"])
    def test_once_a_calendar_year(self, code: str) -> None:
        """Goal: one task a year, missed on New Year's Day. Method: done in one year, not the next."""
        person = Life(rulebook().programmes[code], anchor=year_anchor(START_ON))
        person.night()
        (task,) = person.tasks
        assert (task.opens_on, task.kept.due_on) == (date(2016, 1, 1), date(2016, 12, 31))
        task.kept = replace(task.kept, open=False, outcome="done")
        person.anchor = None
        for _ in range(YEARS):
            person.today += timedelta(days=1)
            if person.today.year > 2016:
                person.anchor = year_anchor(person.today)
            person.night()
        assert [t.kept.outcome for t in person.tasks] == ["done", MISSED, None]
