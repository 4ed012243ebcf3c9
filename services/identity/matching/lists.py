"""Lists of registered people by key, the long ones sorted by birth date, and places by their parts."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import Generic, TypeVar

from services.identity.matching.places import PlaceLevel, compare_places, fold_place, place_parts
from services.identity.matching.records import Person

K = TypeVar("K")

LONG_LIST = 60
"""From this length on a list is narrowed, at most to this length."""
_UNKNOWN_DAY = 0
"""The ordinal of no date."""

Place = tuple[str | None, str | None]
"""Township and village of a registered person."""


class LongList:
    """People of one key in the order of their birth dates; 12 bytes for each of them."""

    __slots__ = ("days", "people")

    def __init__(self, people: Iterable[Person]) -> None:
        self.people = sorted(people, key=_day)
        self.days = array("i", map(_day, self.people))

    def __len__(self) -> int:
        return len(self.people)

    def add(self, person: Person) -> None:
        at = bisect_right(self.days, _day(person))
        self.days.insert(at, _day(person))
        self.people.insert(at, person)

    def remove(self, key: str) -> None:
        at = next(at for at, person in enumerate(self.people) if person.key == key)
        del self.people[at], self.days[at]

    def holds(self, person: Person) -> bool:
        """Whether this very record is in the list."""
        return any(one is person for one in self.born(_day(person), _day(person)))

    def born(self, first: int, last: int) -> Sequence[Person]:
        """Those born between two days, both of them included, as ``date.toordinal`` counts."""
        start = bisect_left(self.days, first)
        return self.people[start : bisect_right(self.days, last, start)]

    def born_on(self, ordinals: Sequence[int]) -> list[Person]:
        """Those born on some days, which are given in order."""
        found: list[Person] = []
        days, people, at, size = self.days, self.people, 0, len(self.days)
        first = bisect_left(ordinals, days[0])
        for ordinal in ordinals[first : bisect_right(ordinals, days[-1], first)]:
            at = bisect_left(days, ordinal, at)
            while at < size and days[at] == ordinal:
                found.append(people[at])
                at += 1
        return found


class Lists(Generic[K]):
    """Key → people; a key of one person keeps the person himself, which saves a list."""

    def __init__(self) -> None:
        self._found: dict[K, Person | list[Person] | LongList] = {}

    def add(self, key: K, person: Person) -> None:
        known = self._found.get(key)
        if known is None:
            self._found[key] = person
        elif isinstance(known, LongList):
            known.add(person)
        elif not isinstance(known, list):
            self._found[key] = [known, person]
        else:
            known.append(person)
            if len(known) > LONG_LIST:
                self._found[key] = LongList(known)

    def remove(self, key: K, person: Person) -> None:
        known = self._found[key]
        if isinstance(known, LongList):
            known.remove(person.key)
            if len(known) <= LONG_LIST:
                self._found[key] = known.people
        elif isinstance(known, list):
            left = [each for each in known if each.key != person.key]
            self._found[key] = left if len(left) > 1 else left[0]
        else:
            del self._found[key]

    def listed(self, key: K) -> list[Person] | LongList:
        """The people of a key; in a list of their own kind where they are many."""
        known = self._found.get(key)
        if known is None:
            return []
        return known if isinstance(known, list | LongList) else [known]

    def get(self, key: K) -> list[Person]:
        """The people of a key, in no order that means anything."""
        known = self.listed(key)
        return known.people if isinstance(known, LongList) else known


class Places:
    """Where anybody is registered, found by an address without comparing it with each of them."""

    def __init__(self) -> None:
        self._people: Lists[Place] = Lists()
        self._known: set[Place] = set()
        self._parts: dict[str, list[Place]] = {}
        self._lengths: set[int] = set()

    def add(self, place: Place, person: Person) -> None:
        self._people.add(place, person)
        village = place[1]
        if not village or place in self._known:
            return
        self._known.add(place)
        for part in place_parts(village):
            self._parts.setdefault(part, []).append(place)
            self._lengths.add(len(part))

    def remove(self, place: Place, person: Person) -> None:
        self._people.remove(place, person)

    def named(self, address: str) -> frozenset[Place]:
        """Every place whose village the address names, as ``compare_places`` says."""
        where = fold_place(address)
        found: set[Place] = set()
        for length in self._lengths:
            for start in range(len(where) - length + 1):
                found.update(self._parts.get(where[start : start + length], ()))
        return frozenset(
            place for place in found if compare_places(address, *place) is PlaceLevel.VILLAGE
        )

    def of(self, place: Place) -> list[Person]:
        """Who is registered there."""
        return self._people.get(place)


def _day(person: Person) -> int:
    return person.birth_date.toordinal() if person.birth_date is not None else _UNKNOWN_DAY
