"""What a simulation is asked: a period, a pack, other values; as plain facts."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

MAX_DAYS = 366 * 3
"""A simulation looks at most at so many days at once."""

_YEAR: Final = re.compile(r"(\d{4})")
_HALF: Final = re.compile(r"(\d{4})-?H([12])")
_QUARTER: Final = re.compile(r"(\d{4})-?Q([1-4])")
_MONTH: Final = re.compile(r"(\d{4})-(\d{2})")
_DAYS: Final = re.compile(r"(\d{4}-\d{2}-\d{2})(?:/|\.\.)(\d{4}-\d{2}-\d{2})")


class PeriodMalformed(ValueError):
    """Not a period."""


@dataclass(frozen=True)
class Period:
    """Days, both included."""

    first: date
    last: date

    def holds(self, day: date) -> bool:
        return self.first <= day <= self.last

    @property
    def text(self) -> str:
        return f"{self.first.isoformat()}/{self.last.isoformat()}"


def period_of(text: str) -> Period:
    """Read ``2016``, ``2016-H1``, ``2016-Q3``, ``2016-03`` or ``2016-01-01/2016-06-30``.

    Raises:
        PeriodMalformed: nothing of these, or no days.
    """
    try:
        return _checked(_read(text.strip()))
    except ValueError as error:
        raise PeriodMalformed(str(error)) from error


def _checked(period: Period) -> Period:
    if not 0 <= (period.last - period.first).days < MAX_DAYS:
        raise PeriodMalformed("the last day lies before the first, or more than three years after")
    return period


def _read(text: str) -> Period:
    if found := _YEAR.fullmatch(text):
        return _months(int(found[1]), 1, 12)
    if found := _HALF.fullmatch(text):
        half = int(found[2])
        return _months(int(found[1]), 6 * half - 5, 6 * half)
    if found := _QUARTER.fullmatch(text):
        quarter = int(found[2])
        return _months(int(found[1]), 3 * quarter - 2, 3 * quarter)
    if found := _MONTH.fullmatch(text):
        return _months(int(found[1]), int(found[2]), int(found[2]))
    if found := _DAYS.fullmatch(text):
        return Period(date.fromisoformat(found[1]), date.fromisoformat(found[2]))
    raise PeriodMalformed("not a period")


def _months(year: int, first: int, last: int) -> Period:
    if not 1 <= last <= 12:  # noqa: PLR2004 - months
        raise PeriodMalformed("there is no such month")
    return Period(date(year, first, 1), date(year, last, monthrange(year, last)[1]))


@dataclass(frozen=True)
class Wanted:
    """A simulation as it was asked for."""

    pack: str
    parameters: Mapping[str, Any]
    baseline_pack: str | None
    """None: as settled; of a stated population, the pack in force."""
    period: Period | None
    target: Decimal
    burden_fen: int


@dataclass(frozen=True)
class Narrowed:
    """Which of a period's visits are counted; an empty list restricts nothing."""

    categories: frozenset[str] = frozenset()
    townships: frozenset[str] = frozenset()
    facility_levels: frozenset[str] = frozenset()

    def holds(self, categories: frozenset[str], township: str | None, level: str) -> bool:
        return (
            (not self.categories or not self.categories.isdisjoint(categories))
            and (not self.townships or township in self.townships)
            and (not self.facility_levels or level in self.facility_levels)
        )
