"""The engine of the task rules: two years of each programme with its clock moved day by day."""

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.contracts.follow_up.forms import check, forms
from services.contracts.follow_up.judging import Before, Case, Judgement, judge, screened
from services.contracts.plans.domain import (
    MISSED,
    NO_LONGER,
    START,
    Anchor,
    Interval,
    Kept,
    Person,
    Programme,
    Rule,
    applying,
    phase_on,
    plan,
    step_of,
    year_anchor,
)
from services.contracts.plans.rulebook import rulebook

START_ON = date(2016, 1, 10)
YEARS = 730


@dataclass
class Stored:
    """A task as the database would keep it."""

    rule: Rule
    kept: Kept
    opens_on: date


@dataclass
class Life:
    """A person in one programme, planned every night; a fake of the database around the engine."""

    programme: Programme
    today: date = START_ON
    anchor: Anchor | None = field(
        default_factory=lambda: Anchor("start", START_ON, START, START_ON)
    )
    tasks: list[Stored] = field(default_factory=list)
    visits: int = 0

    def night(self) -> None:
        found = plan(self.programme, self.anchor, [task.kept for task in self.tasks], self.today)
        outcomes = dict.fromkeys(found.fail, MISSED) | dict.fromkeys(found.cancel, NO_LONGER)
        for task in self.tasks:
            if task.kept.task_id in outcomes:
                task.kept = replace(task.kept, open=False, outcome=outcomes[task.kept.task_id])
            if task.kept.task_id in found.reopen:
                task.kept = replace(task.kept, open=True, outcome=None)
        for step in found.make:
            over = step.closes_on < self.today
            self.tasks.append(
                Stored(
                    step.rule,
                    Kept(
                        f"T{len(self.tasks)}",
                        step.anchor,
                        step.attempt,
                        step.due_on,
                        step.closes_on,
                        open=not over,
                        outcome=MISSED if over else None,
                    ),
                    step.opens_on,
                )
            )

    def pass_days(self, days: int) -> None:
        for _ in range(days):
            self.today += timedelta(days=1)
            self.night()

    def visit(self, classification: str) -> None:
        """Done today; the service's rule of a late routine visit is kept."""
        self.visits += 1
        task = self.waiting
        following = self.programme.rule_for(classification, self.today)
        on = self.today
        if task.rule.routine and following is not None and following.routine:
            on = min(on, task.kept.due_on)
        task.kept = replace(task.kept, open=False, outcome="continue")
        self.anchor = (
            None
            if classification in self.programme.ends_after
            else Anchor(f"visit{self.visits}", on, classification, START_ON)
        )
        self.night()

    @property
    def waiting(self) -> Stored:
        (task,) = [each for each in self.tasks if each.kept.open]
        return task

    def with_outcome(self, outcome: str | None) -> list[Stored]:
        return [each for each in self.tasks if each.kept.outcome == outcome]

    def phase(self, task: Stored) -> str:
        return phase_on(
            self.today,
            opens_on=task.opens_on,
            closes_on=task.kept.closes_on,
            is_open=task.kept.open,
            outcome=task.kept.outcome,
        )


def life(code: str) -> Life:
    found = Life(rulebook().programmes[code])
    found.night()
    return found


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
