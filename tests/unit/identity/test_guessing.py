"""The limit against guessing: a guesser is stopped however he divides himself, a window is not."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from services.identity.guessing.domain import (
    BUDGET,
    BUDGET_OF_ALL_LISTS,
    BUDGET_OF_CLIENT,
    BUDGET_OF_FACILITY,
    BUDGET_OF_LISTS,
    CARDS,
    LISTS,
    MUCH,
    NAMED_COST,
    NUMBER_COST,
    REVEAL_COST,
    REVEALS,
    GuessLimit,
    ListCost,
)

HOSPITAL = "H51111300101"


def allowed(
    limit: GuessLimit, client: str, place: str, count: int, *,
    every_s: float = 0.0, cost: float = NUMBER_COST, miss_every: int = 1,
) -> int:  # fmt: skip
    """How many of so many questions pass, each ``miss_every``-th of which finds nobody."""
    passed = 0
    for number in range(count):
        now = number * every_s
        if limit.wait_s(client, place, now):
            continue
        passed += 1
        if number % miss_every == 0:
            limit.charge(client, place, now, cost)
    return passed


def test_ten_thousand_numbers_are_refused_and_a_busy_window_is_not() -> None:
    """Goal: the limit's figures. Method: a guesser at 20 a second, by number and by name and birth
    date; a window at 1 in 10 s; a whole hospital at 1 in 3 s for a day, nine of ten not registered."""
    assert allowed(GuessLimit(), "guesser", HOSPITAL, 10_000, every_s=0.05) < 1_800
    named = allowed(GuessLimit(), "guesser", HOSPITAL, 10_000, every_s=0.05, cost=NAMED_COST)
    assert named < 5_100
    limit = GuessLimit()
    assert allowed(limit, "window", HOSPITAL, 4_000, every_s=10, miss_every=2) == 4_000
    limit = GuessLimit()
    busy = allowed(limit, "hospital", HOSPITAL, 9_600, every_s=3, cost=NAMED_COST)
    assert busy == 9_600


def test_one_client_at_many_institutions_is_limited_too() -> None:
    """Goal: changing the institution gives no new budget for ever. Method: sixty of them."""
    limit = GuessLimit()
    passed = [allowed(limit, "one", f"H{number % 60}", 1) for number in range(9_000)]
    assert sum(passed) == BUDGET_OF_CLIENT


def test_many_clients_of_one_institution_are_limited_together() -> None:
    """Goal: a second account gives no budget for ever. Method: two, then ten accounts in turn at
    one hospital; another hospital's windows, and one's own cards, are not stopped by them."""
    limit = GuessLimit()
    two = [allowed(limit, f"clerk-{number % 2}", HOSPITAL, 1) for number in range(10_000)]
    assert sum(two) == 2 * BUDGET
    more = [allowed(limit, f"clerk-{number % 10}", HOSPITAL, 1) for number in range(10_000)]
    assert sum(more) == 0 == BUDGET_OF_FACILITY - sum(two)
    assert limit.wait_s("clerk-7", "H2", 0.0) == 0
    assert limit.wait_s("clerk-7", CARDS, 0.0) == 0


def test_one_client_alone_does_not_stop_its_institution() -> None:
    """Goal: a guesser takes no hospital down. Method: he spends all that he may."""
    limit = GuessLimit()
    assert allowed(limit, "guesser", HOSPITAL, 10_000) == BUDGET
    assert limit.wait_s("window", HOSPITAL, 0.0) == 0


def test_identifiers_are_shown_so_often_and_no_more() -> None:
    """Goal: nobody copies the register person by person. Method: 10,000 at once."""
    assert allowed(GuessLimit(), "desk", REVEALS, 10_000, cost=REVEAL_COST) == BUDGET / REVEAL_COST


def test_who_is_told_to_wait_may_ask_after_it() -> None:
    """Goal: the seconds told are right. Method: just before, and at that moment."""
    limit = GuessLimit()
    allowed(limit, "one", HOSPITAL, 2_000)
    wait_s = limit.wait_s("one", HOSPITAL, 0.0)
    assert wait_s == 3
    assert limit.wait_s("one", HOSPITAL, wait_s - 2.0) > 0
    assert limit.wait_s("one", HOSPITAL, float(wait_s)) == 0


def test_a_failed_exchange_forgets_nothing() -> None:
    """Goal: a moment without the database is no way around. Method: take, give back, take."""
    limit = GuessLimit()
    allowed(limit, "one", HOSPITAL, 1_600)
    taken = limit.take()
    limit.give_back(taken)
    again = limit.take()
    assert again == taken
    assert again.refused == {("one", HOSPITAL): 100}


def test_what_all_processes_counted_holds_here_until_it_has_filled_up() -> None:
    """Goal: one limit, whoever counts. Method: what is told of twelve questions; what others counted
    learned while three more are asked; then a day later."""
    limit = GuessLimit()
    allowed(limit, "one", HOSPITAL, 12)
    assert limit.take().charged == dict.fromkeys(
        [("one", HOSPITAL), ("one", ""), ("", HOSPITAL)], 12
    )
    allowed(limit, "one", HOSPITAL, 3)
    limit.learn({("one", HOSPITAL): (BUDGET - 8, 0.0)}, 0.0)
    assert allowed(limit, "one", HOSPITAL, 20) == 5
    limit.learn({}, 86_400.0)
    assert limit.take().asked == {("one", HOSPITAL), ("one", ""), ("", HOSPITAL)}
    assert limit.take().asked == set()


def test_much_at_once_is_told_at_once() -> None:
    """Goal: the others need not wait a second. Method: just below, and at it."""
    assert not GuessLimit().charge("one", HOSPITAL, 0.0, MUCH - 1)
    assert GuessLimit().charge("one", HOSPITAL, 0.0, MUCH)


def matched(
    limit: GuessLimit, client: str, rows: Iterable[str | None], *, at_a_time: int = 100
) -> int:
    """How many rows of a list pass; each is the person that it finds, or None."""
    cost, everything = ListCost(), list(rows)
    for start in range(0, len(everything), at_a_time):
        if limit.wait_s(client, LISTS, 0.0):
            return start
        some = everything[start : start + at_a_time]
        limit.charge(client, LISTS, 0.0, cost.of(some.count(None), filter(None, some)))
    return len(everything)


@pytest.mark.parametrize(
    ("visits", "share", "times"), [(60_000, 30, 2), (200_000, 9, 3), (900, 0, 1)]
)
def test_a_month_of_patients_is_no_list_of_guesses(visits: int, share: int, times: int) -> None:
    """Goal: a hospital's month passes, in one list. Method: one visit in thirty, or in nine, is by a
    registered person who comes two or three times; a small place's whole month finds nobody."""
    month = [
        f"p{at // (share * times)}" if share and at % share == 0 else None for at in range(visits)
    ]
    limit = GuessLimit()
    assert matched(limit, "office", month) == visits
    assert limit.wait_s("office", LISTS, 0.0) == 0


def test_ten_thousand_guesses_in_a_list_are_refused() -> None:
    """Goal: a list is no way around the limit of a window. Method: one guess in two hundred is
    somebody's, and whoever is known already stands in the list again and again; lists of other
    offices go on, until together they have as much as all may; the client's windows are not stopped."""
    hits = [f"p{at}" if at % 200 == 0 else None for at in range(10_000)]
    limit = GuessLimit()
    assert matched(limit, "guesser", hits) < 9_000
    known = ["known" if at % 5 == 0 else None for at in range(10_000)]
    other = GuessLimit()
    assert matched(other, "guesser", known) <= (BUDGET_OF_LISTS + 80) / 0.8 + 200
    assert other.wait_s("guesser", HOSPITAL, 0.0) == 0
    first = matched(other, "second", [None] * 10_000)
    second = matched(other, "third", [None] * 10_000)
    assert first >= BUDGET_OF_LISTS - 200
    assert first + second <= BUDGET_OF_ALL_LISTS - BUDGET_OF_LISTS + 300


def test_what_a_list_finds_pays_for_what_follows_not_for_what_went_before() -> None:
    """Goal: no refund. Method: misses, a person, so many misses as he pays for, one more."""
    cost = ListCost()
    assert cost.of(100, []) == 100
    assert cost.of(0, ["p", "p"]) == 0
    assert [cost.of(50, []), cost.of(31, ["p"])] == [0, 1]
