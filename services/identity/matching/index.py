"""Registered people in memory, found by whatever a question gives; bounded, in any order.

Blocking: the number itself and every valid number one slip away, card, telephone, the birth date,
the keys of the name, and the household of whoever holds the number. Slips in a birth date need no
list of their own: without a name that agrees they prove nothing, and with one its keys find them.

A list that is too long (a common name, a telephone of the village office) is narrowed to those
who share something else with the question, the closest first. Where nothing else is told, or more
remain than are compared, the question is called *crowded*, and it has no sure answer. What is
chosen depends on the people alone, never on the order in which they were added.

Measured (tracemalloc): 540 bytes for a prepared person and 600 for his places in the lists.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeVar

from services.identity.matching.names import name_keys
from services.identity.matching.numbers import neighbours
from services.identity.matching.places import PlaceLevel, compare_places
from services.identity.matching.records import Person, Query

K = TypeVar("K")

MOST_CANDIDATES = 256
"""People compared for one question; with some 15 µs each this bounds its time."""
_LONG_LIST = 60
"""From this length on a list of one name, day or telephone is narrowed, at most to this length."""
_MOST_SCANNED = 5_000
"""A longer list tells nobody apart and is not even looked through."""
_LONG_NUMBER, _BIRTH_DIGITS = 18, slice(6, 14)
_SAME_BIRTH, _NEAR_BIRTH, _SAME_YEARS = 4, 2, 1
_SAME_PHONE, _SAME_PLACE, _SAME_CHARACTERS = 4, 2, 2


class _Table(Generic[K]):
    """Key → records; a key of one record keeps the record itself, which saves a list."""

    def __init__(self) -> None:
        self._found: dict[K, Person | list[Person]] = {}

    def add(self, key: K, person: Person) -> None:
        known = self._found.get(key)
        if known is None:
            self._found[key] = person
        elif isinstance(known, list):
            known.append(person)
        else:
            self._found[key] = [known, person]

    def remove(self, key: K, person: Person) -> None:
        known = self._found[key]
        if not isinstance(known, list):
            del self._found[key]
            return
        left = [each for each in known if each.key != person.key]
        self._found[key] = left if len(left) > 1 else left[0]

    def get(self, key: K) -> list[Person]:
        known = self._found.get(key)
        if known is None:
            return []
        return known if isinstance(known, list) else [known]


@dataclass(frozen=True, slots=True)
class Candidates:
    """Who might be meant; ``crowded`` when there were more than could be compared."""

    people: tuple[Person, ...]
    crowded: bool


class Index:
    """The registered people. Not for several threads at once."""

    def __init__(self, people: Iterable[Person] = ()) -> None:
        self._records: dict[str, Person] = {}
        self._numbers: _Table[str] = _Table()
        self._cards: _Table[str] = _Table()
        self._phones: _Table[str] = _Table()
        self._births: _Table[date] = _Table()
        self._names: _Table[str] = _Table()
        self._households: _Table[str] = _Table()
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

    def remove(self, key: str) -> None:
        """Take a record out; nothing happens when it is not there."""
        person = self._records.pop(key, None)
        if person is not None:
            for table, each in self._keys(person):
                table.remove(each, person)

    def _keys(self, person: Person) -> Iterator[tuple[_Table, object]]:  # type: ignore[type-arg]
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
        closeness = _Closeness(query)
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
        identified = bool(found)
        for listed in self._lists(query):
            if len(listed) <= _LONG_LIST:
                take(listed)
                continue
            likely = closeness.closest(listed)
            # A number or a card names its holder, however many have his name.
            crowded = crowded or (likely is None and not identified)
            take(likely or ())
        chosen = sorted(found.values(), key=_key)
        if len(chosen) > MOST_CANDIDATES:
            crowded = True
            kept = {holder.key for holder in holders}
            chosen.sort(key=lambda p: (p.key not in kept, -closeness.of(p), p.key))
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

    def _lists(self, query: Query) -> Iterator[list[Person]]:
        if query.phone:
            yield self._phones.get(query.phone)
        born = _born(query)
        if born is not None:
            yield self._births.get(born)
        if query.name is not None:
            for key in name_keys(query.name):
                yield self._names.get(key)


class _Closeness:
    """How much else a person of a long list shares with the question; cheap, for thousands."""

    def __init__(self, query: Query) -> None:
        self._born = _born(query)
        self._phone = query.phone
        self._address = query.address
        self._characters = frozenset(query.name.folded) if query.name is not None else frozenset()
        self._telling = bool(self._born or query.phone or query.address)
        self._places: dict[tuple[str | None, str | None], bool] = {}

    def closest(self, listed: Sequence[Person]) -> list[Person] | None:
        """Those who share something else; None when nobody can tell who of them is meant."""
        if not self._telling or len(listed) > _MOST_SCANNED:
            return None
        likely = [(-close, person.key, person) for person in listed if (close := self.of(person))]
        if len(likely) > _LONG_LIST:
            likely.sort(key=lambda one: one[:2])
            cut = likely[_LONG_LIST:]
            # Only the clearly less close may be left out unsaid.
            if cut[0][0] == likely[0][0]:
                return None
        return [person for _, _, person in likely[:_LONG_LIST]]

    def of(self, person: Person) -> int:
        close = 0
        if self._born is not None and person.birth_date is not None:
            close = _near(self._born, person.birth_date)
        if self._phone and self._phone == person.phone:
            close += _SAME_PHONE
        if self._address and (person.village or person.township):
            place = (person.township, person.village)
            there = self._places.get(place)
            if there is None:
                level = compare_places(self._address, *place)
                there = level in (PlaceLevel.VILLAGE, PlaceLevel.MERGED_VILLAGE)
                self._places[place] = there
            close += _SAME_PLACE if there else 0
        if close and self._characters and person.name is not None:
            # The closest of a common birth date or telephone are those of a similar name.
            alike = len(self._characters.intersection(person.name.folded))
            close += _SAME_CHARACTERS * alike
        return close


def _near(told: date, registered: date) -> int:
    """How near two birth dates are to a slip of one another; see ``births.BirthLevel``."""
    if told == registered:
        return _SAME_BIRTH
    equal = (
        (told.year == registered.year)
        + (told.month == registered.month)
        + (told.day == registered.day)
    )
    exchanged = told.month == registered.day and told.day == registered.month
    first = (registered.month == registered.day == 1) or (told.month == told.day == 1)
    if equal > 1 or (told.year == registered.year and (exchanged or first)):
        return _NEAR_BIRTH
    return _SAME_YEARS if abs(told.year - registered.year) <= 1 else 0


def _born(query: Query) -> date | None:
    if query.birth_date is not None:
        return query.birth_date
    if query.number is None:
        return None
    return query.number.birth_date or _written_birth(query.number.raw)


def _written_birth(raw: str) -> date | None:
    """The date where it stands in a mistyped number: most slips are elsewhere. For look-up only."""
    digits = raw[_BIRTH_DIGITS] if len(raw) == _LONG_NUMBER else ""
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None


def _first(people: list[Person]) -> list[Person]:
    """A household or the holders of a card; of absurdly many the first in the order of keys."""
    if len(people) <= _LONG_LIST:
        return people
    return sorted(people, key=_key)[:_LONG_LIST]


def _key(person: Person) -> str:
    return person.key
