"""Who of a long list shares something else with a question; without looking through the list."""

from __future__ import annotations

from calendar import isleap
from collections.abc import Callable, Iterable, Sequence
from datetime import MAXYEAR, MINYEAR, date
from functools import lru_cache
from heapq import nsmallest
from operator import attrgetter

from services.identity.matching.lists import LONG_LIST, LongList, Places
from services.identity.matching.records import Person, Query

MOST_SCANNED = 5_000
"""What more share tells nobody apart."""
_YEARS = range(1880, 2101)
_LEAP_DAY = (2, 29)
_LONG_NUMBER, _BIRTH_DIGITS = 18, slice(6, 14)
_LOOKING_UP = 4
"""To look one person up costs what looking at so many does."""
_SAME_BIRTH, _NEAR_BIRTH, _SAME_YEARS = 4, 2, 1
_SAME_PHONE, _SAME_PLACE, _SAME_CHARACTERS = 4, 2, 2


class Closeness:
    """How much else a person of a long list shares with one question; cheap, for thousands."""

    def __init__(
        self, query: Query, places: Places, bearers: Callable[[str], list[Person]]
    ) -> None:
        """Prepare for one question.

        Args:
            query: the question.
            places: where people are registered.
            bearers: the people of a telephone.
        """
        self._born = birth_told(query)
        self._phone = query.phone
        self._there = places.named(query.address) if query.address else frozenset()
        self._characters = frozenset(query.name.folded) if query.name is not None else frozenset()
        self._telling = bool(self._born or query.phone or query.address)
        self._places = places
        self._bearers = bearers
        self._known: dict[int, int] = {}
        """By the record itself: the index holds each of them while a question is answered."""

    def closest(self, listed: LongList) -> list[Person] | None:
        """Those who share something else; None when nobody can tell who of them is meant."""
        sharing = self._sharing(listed) if self._telling else None
        if sharing is None or len(sharing) > MOST_SCANNED:
            return None
        if len(sharing) <= LONG_LIST:
            return list(sharing.values())
        known, measured = self._known, self._measured
        for each, person in sharing.items():
            if each not in known:
                known[each] = measured(person)
        close = [known[each] for each in sharing]
        ranked = sorted(close, reverse=True)
        left_out = ranked[LONG_LIST]
        # Only the clearly less close may be left out unsaid.
        if left_out == ranked[0]:
            return None
        likely = list(zip(close, sharing.values(), strict=True))
        found = [person for measure, person in likely if measure > left_out]
        # Of those as close as the first one left out, the first by their keys.
        tied = [person for measure, person in likely if measure == left_out]
        return found + nsmallest(LONG_LIST - len(found), tied, key=attrgetter("key"))

    def _sharing(self, listed: LongList) -> dict[int, Person] | None:
        """Everybody of the list who shares something, each once; None when they are too many."""
        found: dict[int, Person] = {}
        if self._born is not None:
            near = listed.born(*_years_about(self._born))
            if len(near) > MOST_SCANNED:
                return None
            found = {id(person): person for person in near}
            found |= {id(person): person for person in listed.born_on(_anniversaries(self._born))}
        if self._phone:
            bearers = _both(listed, [self._bearers(self._phone)], lambda p: p.phone == self._phone)
            found |= {id(person): person for person in bearers}
        if self._there:
            there = self._there
            neighbours = _both(
                listed,
                [self._places.of(place) for place in there],
                lambda p: (p.township, p.village) in there,
            )
            found |= {id(person): person for person in neighbours}
        return found

    def of(self, person: Person) -> int:
        """The more, the more he shares; 0 for nothing that tells him apart."""
        known = self._known.get(id(person))
        if known is None:
            known = self._known[id(person)] = self._measured(person)
        return known

    def _measured(self, person: Person) -> int:
        close = 0
        if self._born is not None and person.birth_date is not None:
            close = _near(self._born, person.birth_date)
        if self._phone and self._phone == person.phone:
            close += _SAME_PHONE
        if self._there and (person.township, person.village) in self._there:
            close += _SAME_PLACE
        if close and self._characters and person.name is not None:
            # The closest of a common birth date or telephone are those of a similar name.
            alike = len(self._characters.intersection(person.name.folded))
            close += _SAME_CHARACTERS * alike
        return close


def _both(
    listed: LongList, others: list[list[Person]], fits: Callable[[Person], bool]
) -> Iterable[Person]:
    """Who is in a long list and in one of the others: the fewer are looked up among the more."""
    if sum(map(len, others)) < len(listed) // _LOOKING_UP:
        return [person for people in others for person in people if listed.holds(person)]
    return filter(fits, listed.people)


def _years_about(day: date) -> tuple[int, int]:
    """The first and the last day of its year and the two beside it, as ordinals."""
    first = max(day.year - 1, MINYEAR)
    last = min(day.year + 1, MAXYEAR)
    return date(first, 1, 1).toordinal(), date(last, 12, 31).toordinal()


@lru_cache(maxsize=64)
def _anniversaries(day: date) -> Sequence[int]:
    """Its month and day in every year in which somebody may be born, as ordinals in order."""
    years = filter(isleap, _YEARS) if (day.month, day.day) == _LEAP_DAY else _YEARS
    return tuple(day.replace(year=year).toordinal() for year in years)


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


def birth_told(query: Query) -> date | None:
    """The birth date as told, else as inside the number, else as it stands in a mistyped one."""
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
