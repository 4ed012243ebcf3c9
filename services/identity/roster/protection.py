"""Who is not removed although a full roster leaves him out: whoever a rejected row may mean. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from services.identity.persons.domain import village_key
from services.identity.roster.rows import Readable


class Protection:
    """Tells whether a rejected row may speak of a registered person, who then is not removed.

    Generous on purpose: a wrong yes keeps a person until the next roster, a wrong no takes a
    family's benefits away because of a typing error. A row protects everyone of its name, everyone
    of its household, and whoever has its number but for one slip; a row that shows neither name
    nor household protects everyone of its birth date, else of its village, else everybody.
    """

    def __init__(self, rejected: Iterable[Readable]) -> None:
        rows = list(rejected)
        self.names = {row.name for row in rows if row.name}
        self.household_nos = {row.household_no for row in rows if row.household_no}
        self._numbers = NearNumbers(row.id_text for row in rows if row.id_text)
        vague = [row for row in rows if not row.name and not row.household_no]
        self._births = {row.birth_date for row in vague if row.birth_date is not None}
        placed = [row for row in vague if row.birth_date is None]
        self._villages = {row.village for row in placed if row.village}
        self._anybody = any(not row.village and not row.id_text for row in placed)
        self._numbered_only = any(not row.village and row.id_text for row in placed)

    def keeps(
        self,
        *,
        id_number: str | None,
        same_name: bool,
        same_household: bool,
        birth_date: date | None,
        village: str | None,
    ) -> bool:
        """Whether the person stays; the two ``same_`` say what the blind indexes found."""
        return (
            same_name
            or same_household
            or self._anybody
            or (birth_date is None and bool(self._births))
            or birth_date in self._births
            or (village is not None and village_key(village) in self._villages)
            or (not village and bool(self._villages))
            # A row with a number and nothing else: theirs, near theirs, or they have none.
            or (id_number is None and self._numbered_only)
            or (id_number is not None and id_number in self._numbers)
        )


class NearNumbers:
    """A set of numbers that also holds what differs from one of them by a single slip."""

    def __init__(self, numbers: Iterable[str]) -> None:
        self._exact = set(numbers)
        self._blanked = {blank for number in self._exact for blank in _blanked(number)}
        self._shortened = {short for number in self._exact for short in _shortened(number)}

    def __contains__(self, number: object) -> bool:
        return isinstance(number, str) and (
            number in self._exact
            or number in self._shortened
            or any(blank in self._blanked for blank in _blanked(number))
            or any(short in self._exact for short in _shortened(number))
            or any(swapped in self._exact for swapped in _swapped(number))
        )


def _blanked(number: str) -> Iterator[str]:
    return (number[:place] + "_" + number[place + 1 :] for place in range(len(number)))


def _shortened(number: str) -> Iterator[str]:
    return (number[:place] + number[place + 1 :] for place in range(len(number)))


def _swapped(number: str) -> Iterator[str]:
    return (
        number[:place] + number[place + 1] + number[place] + number[place + 2 :]
        for place in range(len(number) - 1)
    )
