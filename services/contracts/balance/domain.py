"""What a balance sheet is: every registered person in exactly one place. Pure."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta

SIGNED = "signed"
UNRESOLVED = "unresolved"
_MONTH = re.compile(r"(?P<year>20[0-9]{2})-(?P<month>0[1-9]|1[0-2])")
_MONTHS_OF_YEAR = 12


class MonthMalformed(ValueError):
    """A month is written 2016-03."""


class MonthNotBegun(ValueError):
    """Nobody knows yet what will stand then."""


def day_of(month: str | None, today: date) -> date:
    """The day for which a month's sheet stands: its last one, or today while it runs.

    Args:
        month: such as ``2016-03``; None: today.
        today: the business date.

    Raises:
        MonthMalformed: it is no month.
        MonthNotBegun: it begins after today.
    """
    if month is None:
        return today
    found = _MONTH.fullmatch(month)
    if found is None:
        raise MonthMalformed(month)
    year, number = int(found["year"]), int(found["month"])
    if date(year, number, 1) > today:
        raise MonthNotBegun(month)
    over = number == _MONTHS_OF_YEAR
    following = date(year + over, 1 if over else number + 1, 1)
    return min(following - timedelta(days=1), today)


@dataclass
class Sheet:
    """How many registered persons of a place are in which bucket."""

    buckets: Counter[str] = field(default_factory=Counter)
    chronic: Counter[str] = field(default_factory=Counter)
    """Of these, who has one of the four chronic diseases (XB-20)."""

    @property
    def registry(self) -> int:
        return self.buckets.total()

    @property
    def signed(self) -> int:
        return self.buckets[SIGNED]

    @property
    def unresolved(self) -> int:
        return self.buckets[UNRESOLVED]

    @property
    def exempt(self) -> dict[str, int]:
        """How many by each reason, where there are any."""
        known = (SIGNED, UNRESOLVED)
        return {code: n for code, n in sorted(self.buckets.items()) if n and code not in known}

    def add(self, bucket: str, persons: int, chronic: int) -> None:
        self.buckets[bucket] += persons
        self.chronic[bucket] += chronic

    def at_home_and_willing(self, outside: tuple[str, ...]) -> int:
        """Whom LP-32 asks to be contracted: the registry without refusal and absence."""
        return self.registry - sum(self.buckets[reason] for reason in outside)
