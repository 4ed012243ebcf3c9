"""Registered people in memory, found by whatever a question gives; bounded, in any order.

Blocking: the number itself and every valid number one slip away, card, telephone, the birth date,
the keys of the name, and the household of whoever holds the number. Slips in a birth date need no
list of their own: without a name that agrees they prove nothing, and with one its keys find them.

A list that is too long (a common name, a telephone of the village office) is narrowed to those
who share something else with the question, the closest first. Where nothing else is told, or more
remain than are compared, the question is called *crowded*, and it has no sure answer. What is
chosen depends on the people alone, never on the order in which they were added.

Measured (tracemalloc): 540 bytes for a prepared person and 620 for his places in the lists.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from services.identity.matching.closeness import Closeness, birth_told
from services.identity.matching.lists import LONG_LIST, Lists, LongList, Places
from services.identity.matching.names import name_keys
from services.identity.matching.numbers import neighbours
from services.identity.matching.records import Person, Query

MOST_CANDIDATES = 256
"""People compared for one question; with some 15 µs each this bounds its time."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Who might be meant; ``crowded`` when there were more than could be compared."""

    people: tuple[Person, ...]
    crowded: bool


class Index:
    """The registered people. Not for several threads at once."""

    def __init__(self, people: Iterable[Person] = ()) -> None:
        self._records: dict[str, Person] = {}
        self._numbers: Lists[str] = Lists()
        self._cards: Lists[str] = Lists()
        self._phones: Lists[str] = Lists()
        self._births: Lists[date] = Lists()
        self._names: Lists[str] = Lists()
        self._households: Lists[str] = Lists()
        self._places = Places()
        for person in people:
            self.add(person)

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[Person]:
        return iter(self._records.values())

    def add(self, person: Person) -> None:
        """Add a record, or put it in the place of the one with its key."""
        if person.key in self._records:
            self.remove(person.key)
        self._records[person.key] = person
        for table, key in self._keys(person):
            table.add(key, person)
        self._places.add((person.township, person.village), person)

    def remove(self, key: str) -> None:
        """Take a record out; nothing happens when it is not there."""
        person = self._records.pop(key, None)
        if person is not None:
            for table, each in self._keys(person):
                table.remove(each, person)
            self._places.remove((person.township, person.village), person)

    def _keys(self, person: Person) -> Iterator[tuple[Lists, object]]:  # type: ignore[type-arg]
        if person.number is not None and person.number.readable:
            yield self._numbers, person.number.value18 or person.number.raw
        for card in person.card_numbers:
            yield self._cards, card
        if person.phone:
            yield self._phones, person.phone
        if person.birth_date is not None:
            yield self._births, person.birth_date
        if person.name is not None:
            for key in name_keys(person.name):
                yield self._names, key
        if person.household_id is not None:
            yield self._households, person.household_id

    def candidates(self, query: Query) -> Candidates:
        """Everybody who shares something telling with the question, in the order of their keys."""
        found: dict[str, Person] = {}
        closeness = Closeness(query, self._places, self._phones.get)
        crowded = False

        def take(people: Iterable[Person]) -> None:
            for person in people:
                found[person.key] = person

        holders = self.holders(query)
        take(holders)
        for holder in holders:
            if holder.household_id is not None:
                take(_first(self._households.get(holder.household_id)))
        if query.card_no:
            take(_first(self._cards.get(query.card_no)))
        identified = frozenset(found)
        for listed in self._lists(query):
            if not isinstance(listed, LongList):
                take(listed)
                continue
            likely = closeness.closest(listed)
            # A number or a card names its holder, however many have his name.
            crowded = crowded or (likely is None and not identified)
            take(likely or ())
        chosen = sorted(found.values(), key=_key)
        if len(chosen) > MOST_CANDIDATES:
            crowded = True
            # However many fit the rest better: whoever a number or a card names, and his household,
            # whose namesakes and twins keep him from being certain.
            chosen.sort(key=lambda p: (p.key not in identified, -closeness.of(p), p.key))
            chosen = sorted(chosen[:MOST_CANDIDATES], key=_key)
        return Candidates(tuple(chosen), crowded)

    def holders(self, query: Query) -> list[Person]:
        """The people of the number asked about, else of numbers one slip away, or the mother."""
        found: list[Person] = []
        number = query.number
        if number is not None and number.readable:
            found = list(self._numbers.get(number.value18 or number.raw))
            if not found and (number.value18 is None or len(number.raw) < len(number.value18)):
                found = [p for near in neighbours(number.raw) for p in self._numbers.get(near)]
        if query.mother_number is not None and query.mother_number.value18 is not None:
            found += self._numbers.get(query.mother_number.value18)
        return found

    def household(self, household_id: str) -> list[Person]:
        """The records of a household."""
        return self._households.get(household_id)

    def _lists(self, query: Query) -> Iterator[list[Person] | LongList]:
        if query.phone:
            yield self._phones.listed(query.phone)
        born = birth_told(query)
        if born is not None:
            yield self._births.listed(born)
        if query.name is not None:
            for key in name_keys(query.name):
                yield self._names.listed(key)


def _first(people: list[Person]) -> list[Person]:
    """A household or the holders of a card; of absurdly many the first in the order of keys."""
    if len(people) <= LONG_LIST:
        return people
    return sorted(people, key=_key)[:LONG_LIST]


def _key(person: Person) -> str:
    return person.key
