"""Birth dates: the slips that are made with them, the lunar calendar among them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.identity.matching.births import BirthLevel, compare_births, lunar

DATES = st.dates(date(1890, 1, 1), date(2060, 12, 31))


@pytest.mark.parametrize(
    ("one", "other", "level"),
    [
        ("1963-02-15", "1963-02-15", BirthLevel.EXACT),
        ("1963-02-05", "1963-05-02", BirthLevel.SWAPPED),
        # The third day of the third lunar month of 1963 fell on 27 March.
        ("1963-03-27", "1963-03-03", BirthLevel.LUNAR),
        # Leap months carry their namesake's number: the leap sixth of 1987 began on 26 July.
        ("1987-07-26", "1987-06-01", BirthLevel.LUNAR),
        ("1964-02-12", "1963-12-29", BirthLevel.LUNAR),
        ("1963-01-01", "1963-09-17", BirthLevel.YEAR_ONLY),
        ("1963-09-17", "1964-09-17", BirthLevel.YEAR_OFF_BY_ONE),
        ("1963-09-17", "1973-09-17", BirthLevel.ONE_DIGIT),
        ("1963-09-17", "1936-09-17", BirthLevel.ONE_DIGIT),
        ("1963-09-17", "1963-09-11", BirthLevel.ONE_DIGIT),
        ("1963-10-17", "1963-12-17", BirthLevel.ONE_DIGIT),
        # The last digit of the month and the first of the day exchanged.
        ("1963-01-21", "1963-02-11", BirthLevel.ONE_DIGIT),
        ("1963-09-03", "1963-09-26", BirthLevel.MONTH_AND_YEAR),
        ("1963-09-17", "1963-04-26", BirthLevel.DIFFERS),
        ("1963-09-17", "1981-04-26", BirthLevel.DIFFERS),
        ("1963-01-01", "1964-09-17", BirthLevel.DIFFERS),
    ],
)
def test_each_slip_has_its_level(one: str, other: str, level: BirthLevel) -> None:
    """Goal: slips are told apart. Method: pairs, both directions."""
    first, second = date.fromisoformat(one), date.fromisoformat(other)
    assert compare_births(first, second) is level
    assert compare_births(second, first) is level


@pytest.mark.parametrize(
    ("solar", "expected"),
    [
        (date(1900, 1, 31), (1900, 1, 1)),
        (date(1949, 10, 1), (1949, 8, 10)),
        (date(1976, 10, 1), (1976, 8, 8)),
        (date(2016, 2, 8), (2016, 1, 1)),
        (date(2020, 5, 23), (2020, 4, 1)),
        (date(2020, 6, 25), (2020, 5, 5)),
        (date(2033, 12, 22), (2033, 11, 1)),
        (date(1900, 1, 30), None),
        (date(2051, 2, 11), None),
    ],
)
def test_lunar_dates(solar: date, expected: tuple[int, int, int] | None) -> None:
    """Goal: the calendar is right. Method: well-known days (new years, dragon boat, 2033)."""
    assert lunar(solar) == expected


def test_the_lunar_calendar_has_no_gap() -> None:
    """Goal: the table is whole. Method: months follow each other, 29 or 30 days, 151 years."""
    day = date(1900, 1, 31)
    before = lunar(day)
    years = {1900}
    while (now := lunar(day := day + timedelta(1))) is not None:
        assert before is not None
        if now[2] == 1:
            assert before[2] in (29, 30)
            assert (now[0] - before[0], now[1] - before[1]) in {(0, 1), (0, 0), (1, -11)}
        else:
            assert now == (before[0], before[1], before[2] + 1)
        years.add(now[0])
        before = now
    assert years == set(range(1900, 2051))


@given(DATES, DATES)
def test_comparison_is_symmetric(one: date, other: date) -> None:
    """Goal: the order does not matter. Method: any dates."""
    level = compare_births(one, other)
    assert level is compare_births(other, one)
    assert (level is BirthLevel.EXACT) is (one == other)
