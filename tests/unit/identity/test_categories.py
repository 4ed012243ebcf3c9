"""Categories and the days on which they hold."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.identity.categories.domain import (
    CATEGORIES,
    CategoryUnknown,
    EndsBeforeItStarts,
    Period,
    in_force,
    parse_categories,
    restate,
    union,
)

MARCH, JUNE = date(2016, 3, 1), date(2016, 6, 1)
POOR = "registered_poor"
days = st.dates(date(2014, 1, 1), date(2018, 12, 31))
codes = st.sampled_from(["registered_poor", "subsistence", "orphan"])


@st.composite
def periods(draw: st.DrawFn) -> Period:
    first = draw(days)
    length = draw(st.none() | st.integers(0, 500))
    return Period(draw(codes), first, None if length is None else first + timedelta(days=length))


histories = st.lists(periods(), max_size=5).map(union)
statements = st.dictionaries(
    codes,
    st.tuples(st.none() | st.dates(date(2014, 1, 1), date(2016, 1, 1)), st.none()),
    max_size=3,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("registered_poor", (POOR,)),
        ("建档立卡；低保", (POOR, "subsistence")),
        ("建档立卡;建档立卡", (POOR,)),
        ("特困 、 孤儿", ("destitute", "orphan")),
        ("", ()),
        (" ; ", ()),
        *[(word, (code,)) for code, word in CATEGORIES.items()],
    ],
)
def test_words_and_codes(text: str, expected: tuple[str, ...]) -> None:
    """Goal: codes and Chinese words, several at once. Method: examples of each."""
    assert parse_categories(text) == expected


def test_another_word_is_refused() -> None:
    """Goal: no guessing. Method: a word that is no category."""
    with pytest.raises(CategoryUnknown):
        parse_categories("建档立卡;富裕户")


class TestRestate:
    def test_a_new_category_starts_on_the_rosters_day(self) -> None:
        """Goal: default start. Method: nothing known, no dates given."""
        assert restate((), {POOR: (None, None)}, effective_on=MARCH) == (Period(POOR, MARCH),)

    def test_the_same_again_changes_nothing(self) -> None:
        """Goal: idempotence over months. Method: the same statement three months later."""
        known = (Period(POOR, MARCH),)
        assert restate(known, {POOR: (None, None)}, effective_on=JUNE) == known
        assert restate(known, {POOR: (MARCH, None)}, effective_on=JUNE) == known

    def test_left_out_ends_on_the_day_before(self) -> None:
        """Goal: absence from June's roster ends on 31 May. Method: an empty statement."""
        assert restate((Period(POOR, MARCH),), {}, effective_on=JUNE) == (
            Period(POOR, MARCH, date(2016, 5, 31)),
        )

    def test_what_would_have_started_that_day_never_held(self) -> None:
        """Goal: no period that ends before it starts. Method: taken back on its first day."""
        assert restate((Period(POOR, JUNE),), {}, effective_on=JUNE) == ()

    def test_an_older_roster_leaves_later_entries_alone(self) -> None:
        """Goal: order of applying does no harm. Method: March's roster after June's entry."""
        known = (Period(POOR, JUNE),)
        assert restate(known, {}, effective_on=MARCH) == known

    def test_a_stated_end_closes_the_running_period(self) -> None:
        """Goal: leaving by a date. Method: only the last day is given, after it has passed."""
        known = (Period(POOR, MARCH),)
        last = date(2016, 5, 31)
        assert restate(known, {POOR: (None, last)}, effective_on=JUNE) == (
            Period(POOR, MARCH, last),
        )

    def test_a_blank_end_says_nothing(self) -> None:
        """Goal: a known end stays. Method: a statement without dates while the period runs."""
        known = (Period(POOR, MARCH, date(2016, 12, 31)),)
        assert restate(known, {POOR: (None, None)}, effective_on=JUNE) == known

    def test_a_return_is_a_second_period(self) -> None:
        """Goal: history stays. Method: listed again after a gap."""
        known = (Period(POOR, MARCH, date(2016, 4, 30)),)
        assert restate(known, {POOR: (None, None)}, effective_on=JUNE) == (
            *known,
            Period(POOR, JUNE),
        )

    def test_a_stated_start_corrects_the_past(self) -> None:
        """Goal: knowledge that reaches back. Method: an earlier first day is stated."""
        assert restate((Period(POOR, JUNE),), {POOR: (MARCH, None)}, effective_on=JUNE) == (
            Period(POOR, MARCH),
        )

    def test_an_end_before_the_start_is_refused(self) -> None:
        """Goal: no impossible period. Method: unknown person, end before the roster's day."""
        with pytest.raises(EndsBeforeItStarts):
            restate((), {POOR: (None, date(2016, 5, 31))}, effective_on=JUNE)

    @given(histories, statements, days)
    def test_stating_twice_is_stating_once(
        self,
        known: tuple[Period, ...],
        statement: dict[str, tuple[date | None, date | None]],
        effective_on: date,
    ) -> None:
        """Goal: the same roster twice changes nothing. Method: random histories, statements."""
        try:
            once = restate(known, statement, effective_on=effective_on)
        except EndsBeforeItStarts:
            return
        assert restate(once, statement, effective_on=effective_on) == once

    @given(histories, statements, days)
    def test_days_before_the_roster_stay_unless_a_start_is_stated(
        self,
        known: tuple[Period, ...],
        statement: dict[str, tuple[date | None, date | None]],
        effective_on: date,
    ) -> None:
        """Goal: the past is not rewritten silently. Method: compare every earlier day's codes of
        statements without start dates."""
        undated: dict[str, tuple[date | None, date | None]] = dict.fromkeys(statement, (None, None))
        after = restate(known, undated, effective_on=effective_on)
        for back in (1, 30, 400):
            day = effective_on - timedelta(days=back)
            assert {p.code for p in in_force(known, day)} == {p.code for p in in_force(after, day)}
        assert {p.code for p in in_force(after, effective_on)} == set(undated)


@given(st.lists(periods(), max_size=8), days)
def test_union_holds_on_the_same_days(found: list[Period], day: date) -> None:
    """Goal: joining sources loses and adds no day. Method: compare codes on a random day."""
    joined = union(found)
    assert {p.code for p in in_force(joined, day)} == {p.code for p in found if p.covers(day)}
    for one, other in pairwise(joined):
        assert one.code != other.code or not one.overlaps(other)
