"""What questions that find nobody cost, and how much a client has left. Pure.

A window asks about whoever comes, so most of its questions may find nobody; someone who tries
numbers finds nobody nearly always. Lists of visits have budgets of their own. Each question that finds nobody costs from three budgets that
fill up again with time: the client's at a place, all of the client's, and all of an institution's,
so that neither more institutions nor more accounts give a guesser more. A busy window stays far
below each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

BUDGET = 1_500.0
BUDGET_OF_CLIENT = 4_500.0
BUDGET_OF_FACILITY = 3_000.0
"""Of all clients at one institution: one alone cannot stop the windows of the others."""
REFILL_PER_S = 0.5
"""1,800 an hour: some ten times what the busiest window of a district hospital asks."""
NUMBER_COST = 1.0
NAMED_COST = 0.35
"""Of a question that tells a name as well: 5,000 an hour."""
REVEAL_COST = 5.0
"""Of seeing one person's identifiers: 300 at once, then 360 an hour."""
BUDGET_OF_LISTS = 5_000.0
BUDGET_OF_ALL_LISTS = 10_000.0
"""Of one client's lists of visits, and of everybody's: rows that find nobody."""
PERSON_PAYS = 80.0
"""Rows of a list that each registered person pays for whom it finds for the first time. Patients of a
county hospital are registered persons at least once in eighty visits, so that a month of them costs
nothing, however long; of numbers made up by their structure one in two hundred at best is somebody's."""
MUCH = 50.0
"""Counted for a client since the last exchange."""

PERSONS, CARDS, REVEALS, LISTS = "persons", "cards", "reveals", "lists"
"""Places that are no institutions: where the register is searched, cards are checked, identifiers
are shown, lists of visits are matched."""
NO_INSTITUTIONS = frozenset({PERSONS, CARDS, REVEALS, LISTS})

Key = tuple[str, str]
"""Client and place. No place: all of the client's; no client: all of an institution's or of the lists."""


@dataclass
class _Spent:
    """How much of a budget is spent at a moment; it fills up again from there."""

    amount: float
    at: float

    def now(self, now: float) -> float:
        return max(0.0, self.amount - max(0.0, now - self.at) * REFILL_PER_S)


def _budgets(client: str, place: str) -> Iterator[tuple[Key, float]]:
    if place == LISTS:
        yield (client, place), BUDGET_OF_LISTS
        yield ("", place), BUDGET_OF_ALL_LISTS
        return
    yield (client, place), BUDGET
    yield (client, ""), BUDGET_OF_CLIENT
    if place not in NO_INSTITUTIONS:
        yield ("", place), BUDGET_OF_FACILITY


class ListCost:
    """What one list of visits costs as its rows are matched.

    A list of patients finds registered persons now and then, a list of guesses hardly ever.
    """

    def __init__(self) -> None:
        self._persons: set[str] = set()
        self._paid = 0.0

    def of(self, misses: int, persons: Iterable[str]) -> float:
        """What some rows cost, after what the list's persons have paid for.

        Args:
            misses: rows that found nobody.
            persons: whom the others found for certain or probably; each pays once in a list.
        """
        new = set(persons) - self._persons
        self._persons |= new
        self._paid += PERSON_PAYS * len(new)
        cost = max(0.0, misses - self._paid)
        self._paid = max(0.0, self._paid - misses)
        return cost


@dataclass(frozen=True)
class Taken:
    """What was counted since the last exchange."""

    charged: dict[Key, float]
    asked: set[Key]
    """Of whom to learn what others counted."""
    refused: Counter[Key]
    """Questions refused, by client and place."""


class GuessLimit:
    """The budgets as this process knows them; times are seconds since 1970."""

    def __init__(self) -> None:
        self._spent: dict[Key, _Spent] = {}
        self._charged: dict[Key, float] = {}
        self._asked: set[Key] = set()
        self._refused: Counter[Key] = Counter()

    def ask(self, client: str, place: str) -> None:
        """Learn at the next exchange what others have counted."""
        self._asked.update(key for key, _ in _budgets(client, place))

    def wait_s(self, client: str, place: str, now: float) -> int:
        """Seconds until the client may ask here; 0: now. Whoever has to wait counts as refused."""
        longest_s = 0.0
        self.ask(client, place)
        for key, budget in _budgets(client, place):
            spent = self._spent.get(key)
            if spent is not None:
                longest_s = max(longest_s, (spent.now(now) - budget + 1.0) / REFILL_PER_S)
        if longest_s <= 0:
            return 0
        self._refused[client, place] += 1
        return int(longest_s) + 1

    def charge(self, client: str, place: str, now: float, cost: float) -> bool:
        """Charge a question; tells whether so much has come together that others should know."""
        for key, _ in _budgets(client, place):
            self._add(key, cost, now)
            self._charged[key] = self._charged.get(key, 0.0) + cost
        return any(self._charged[key] >= MUCH for key, _ in _budgets(client, place))

    def take(self) -> Taken:
        """What is to be exchanged now; it is forgotten here."""
        charged, self._charged = self._charged, {}
        asked, self._asked = self._asked | self._spent.keys(), set()
        refused, self._refused = self._refused, Counter()
        return Taken(charged, asked, refused)

    def give_back(self, taken: Taken) -> None:
        """After an exchange that failed: the next one carries it."""
        for key, cost in taken.charged.items():
            self._charged[key] = self._charged.get(key, 0.0) + cost
        self._asked |= taken.asked
        self._refused += taken.refused

    def learn(self, known: Mapping[Key, tuple[float, float]], now: float) -> None:
        """Take over what all processes together have counted.

        Args:
            known: for each key the amount spent and when that was so.
            now: what was counted here during the exchange comes on top.
        """
        for key, (amount, at) in known.items():
            self._spent[key] = _Spent(amount, at)
            self._add(key, self._charged.get(key, 0.0), now)
        full = [key for key, spent in self._spent.items() if spent.now(now) == 0]
        for key in full:
            del self._spent[key]

    def _add(self, key: Key, cost: float, now: float) -> None:
        spent = self._spent.get(key)
        self._spent[key] = _Spent((spent.now(now) if spent else 0.0) + cost, now)
