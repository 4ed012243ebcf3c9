"""The rules of contracts and tasks, without any I/O."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.contracts.domain import (
    Term,
    default_valid_to,
    is_short,
)
from services.contracts.contracts.domain import state_on as contract_state_on
from services.contracts.follow_up.domain import (
    answers,
    due_day,
    follow_up_owed,
    in_force,
    opens_task,
    state_on,
)
from services.contracts.teams.domain import NoCountyTeam, Place, make_teams

days = st.dates(date(2015, 1, 1), date(2017, 12, 31))


def place(code: str, level: str, township: str | None = None, *, inside: bool = True) -> Place:
    return Place(code, code, code, level, inside, township)


class TestTeams:
    def test_township_hospitals_and_the_district_hospital(self) -> None:
        """Goal: who looks after whom. Method: a small region with clinics and a hospital outside."""
        teams = make_teams(
            [
                place("H3", "township", "乙镇"),
                place("H9", "tertiary", inside=False),
                place("H1", "secondary", "甲镇"),
                place("H2", "township", "甲镇"),
                place("H4", "village", "甲镇"),
                place("H5", "township", "甲镇"),
            ]
        )
        assert list(teams.by_code) == ["H2", "H3", "H1"]
        assert teams.for_township("甲镇") == "H2"
        assert teams.for_township("乙镇") == "H3"
        assert teams.for_township("丙镇") == teams.for_township(None) == "H1"

    def test_the_county_team_may_be_named(self) -> None:
        """Goal: the setting wins, and must be a facility inside. Method: a good and a bad code."""
        places = [place("H1", "secondary"), place("H2", "township", "甲镇")]
        assert make_teams(places, "H2").for_township(None) == "H2"
        with pytest.raises(NoCountyTeam):
            make_teams(places, "H7")
        with pytest.raises(NoCountyTeam):
            make_teams([place("H9", "secondary", inside=False)])


class TestTerm:
    def test_one_year(self) -> None:
        """Goal: the default term. Method: an ordinary day, a leap day, a short term beside it."""
        assert default_valid_to(date(2016, 1, 5)) == date(2017, 1, 4)
        assert default_valid_to(date(2016, 2, 29)) == date(2017, 2, 28)
        assert not is_short(date(2016, 1, 5), date(2017, 1, 4))
        assert is_short(date(2016, 1, 5), date(2017, 1, 3))

    def test_state_on_a_day(self) -> None:
        """Goal: signed, ended, expired. Method: the days around each edge."""
        valid_to, ended_on = date(2016, 12, 31), date(2016, 6, 1)
        assert contract_state_on(date(2016, 12, 31), valid_to=valid_to, ended_on=None) == "signed"
        assert contract_state_on(date(2017, 1, 1), valid_to=valid_to, ended_on=None) == "expired"
        assert (
            contract_state_on(date(2016, 5, 31), valid_to=valid_to, ended_on=ended_on) == "signed"
        )
        assert contract_state_on(ended_on, valid_to=valid_to, ended_on=ended_on) == "ended"


class TestTaskRule:
    def test_due_on_the_seventh_day(self) -> None:
        """Goal: calendar days over a month's end. Method: 27 February of a leap year."""
        assert due_day(date(2016, 2, 27)) == date(2016, 3, 5)

    def test_state(self) -> None:
        """Goal: the due day is in time, the next is not; closed stays closed. Method: both days."""
        due = date(2016, 3, 15)
        assert state_on(due, status="open", due_on=due) == "open"
        assert state_on(due + timedelta(1), status="open", due_on=due) == "overdue"
        assert state_on(due + timedelta(1), status="closed", due_on=due) == "closed"

    def test_only_registered_inpatients(self) -> None:
        """Goal: which discharge concerns a team. Method: every visit type, and no person."""
        assert opens_task("inpatient", "P1")
        assert not opens_task("inpatient", None)
        for visit_type in ("outpatient", "chronic_outpatient", "emergency"):
            assert not opens_task(visit_type, "P1")

    @given(discharged_on=days, signed_on=days, start=days, length=st.integers(1, 800))
    def test_owed_implies_answered_and_in_reach(
        self, discharged_on: date, signed_on: date, start: date, length: int
    ) -> None:
        """Goal: a follow-up is owed only to a discharge that the contract answers.

        Method: random terms; whoever holds a contract on the day or signs within seven days of it
        is owed one, nobody else is.
        """
        term = Term("H1", signed_on, start, start + timedelta(days=length))
        owed = follow_up_owed(term, discharged_on)
        if in_force([term], discharged_on):
            assert owed
        if owed:
            assert answers(term, discharged_on)
            within = 0 <= (signed_on - discharged_on).days <= 7
            assert within or term.holds_on(discharged_on)
        if term.ends_before <= discharged_on:
            assert not owed
