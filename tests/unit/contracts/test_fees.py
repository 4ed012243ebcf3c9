"""When a contract's fee is due."""

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from services.contracts.fees.domain import (
    Agreement,
    Service,
    Span,
    fees_due,
    month_of,
    years_of,
)

START = date(2016, 1, 5)


def agreement(
    number: int = 1,
    start: date = START,
    days: int = 366,
    team: str = "A",
    ended_after: int | None = None,
) -> Agreement:
    before = start + timedelta(days=days)
    ended = before if ended_after is None else start + timedelta(days=ended_after)
    return Agreement(f"C{number}", team, start, before, min(before, ended))


def service(day: date, team: str = "A", number: int = 1) -> Service:
    return Service(f"S{number}", team, day)


def test_a_year_needs_a_service_of_the_contract_s_team_while_it_holds() -> None:
    """Goal: LP-33, XB-21. Method: no service; another team's; before; after; on the edges."""
    held = agreement(days=366)
    assert fees_due([held], [], []) == []
    assert fees_due([held], [service(date(2016, 3, 1), "B")], []) == []
    for outside in (date(2016, 1, 4), date(2017, 1, 5)):
        assert fees_due([held], [service(outside)], []) == []
    for inside in (date(2016, 1, 5), date(2017, 1, 4)):
        (due,) = fees_due([held], [service(inside)], [])
        assert (due.done_on, due.year) == (inside, Span(START, date(2017, 1, 5)))
    ended = agreement(ended_after=30)
    assert fees_due([ended], [service(date(2016, 2, 4))], []) == []
    assert len(fees_due([ended], [service(date(2016, 2, 3))], [])) == 1


def test_a_renewed_term_has_its_years() -> None:
    """Goal: once per person and contract year. Method: two years, services in both."""
    held = agreement(days=366 + 365)
    assert years_of(held) == [
        Span(START, date(2017, 1, 5)),
        Span(date(2017, 1, 5), date(2018, 1, 5)),
    ]
    services = [
        service(day, number=number)
        for number, day in enumerate(
            (date(2017, 3, 1), date(2016, 5, 1), date(2016, 4, 1), date(2017, 2, 1))
        )
    ]
    assert [due.done_on for due in fees_due([held], services, [])] == [
        date(2016, 4, 1),
        date(2017, 2, 1),
    ]


def test_a_leap_day_s_contract_has_whole_years() -> None:
    """Goal: no day lost or counted twice. Method: 29 February, four years."""
    held = Agreement("C1", "A", date(2016, 2, 29), date(2020, 3, 1), date(2020, 3, 1))
    years = years_of(held)
    assert [year.start for year in years] == [
        date(2016, 2, 29),
        date(2017, 3, 1),
        date(2018, 3, 1),
        date(2019, 3, 1),
        date(2020, 2, 29),
    ]


def test_who_changes_his_team_is_paid_for_once() -> None:
    """Goal: per person, not per contract. Method: a transfer in June that keeps the term's end."""
    first = agreement(1, ended_after=150)
    second = Agreement("C2", "B", date(2016, 6, 3), date(2017, 1, 5), date(2017, 1, 5))
    services = [service(date(2016, 3, 1)), service(date(2016, 9, 1), "B", 2)]
    (due,) = fees_due([first, second], services, [])
    assert due.team == "A"
    (other,) = fees_due([first, second], services[1:], [])
    assert other.team == "B"
    assert fees_due([first, second], services, [Span(date(2016, 6, 3), date(2017, 1, 5))]) == []


def test_months() -> None:
    """Goal: first and last day. Method: February of a leap year, December."""
    assert month_of("2016-02") == (date(2016, 2, 1), date(2016, 2, 29))
    assert month_of("2016-12") == (date(2016, 12, 1), date(2016, 12, 31))


_days = st.dates(date(2016, 1, 1), date(2019, 12, 31))


@settings(max_examples=60)
@given(
    starts=st.lists(st.tuples(_days, st.integers(1, 800), st.sampled_from("AB")), max_size=4),
    days=st.lists(st.tuples(_days, st.sampled_from("AB")), max_size=12),
    cut=_days,
)
def test_nothing_is_paid_twice(
    starts: list[tuple[date, int, str]], days: list[tuple[date, str]], cut: date
) -> None:
    """Goal: paid years of a person never overlap, and what was paid is not due again, whenever it
    was asked. Method: made-up contracts and services; ask up to a day, then for everything."""
    held = [agreement(n, start, length, team) for n, (start, length, team) in enumerate(starts)]
    services = [Service(f"S{n}", team, day) for n, (day, team) in enumerate(days)]
    early = fees_due(held, [each for each in services if each.done_on <= cut], [])
    late = fees_due(held, services, [due.year for due in early])
    spans = sorted((due.year for due in early + late), key=lambda year: year.start)
    for one, other in pairwise(spans):
        assert one.before <= other.start
    assert fees_due(held, services, spans) == []
    by_id = {each.service_id: each for each in services}
    for due in early + late:
        assert by_id[due.service_id].team == due.team
        assert due.year.start <= due.done_on < due.year.before
