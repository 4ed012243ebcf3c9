"""Birth dates compared by the slips that are made with them."""

from __future__ import annotations

from bisect import bisect_right
from datetime import date
from enum import StrEnum
from functools import cache

from services.identity.matching.names.tables import rows

_LUNAR_LAG = range(15, 56)
"""A lunar date is that many days behind its solar one: the new year falls on 21 January to
21 February."""
_LONG_MONTH, _SHORT_MONTH = 30, 29


class BirthLevel(StrEnum):
    """What two birth dates have in common, the strongest evidence first."""

    EXACT = "exact"
    SWAPPED = "swapped"
    """Day and month exchanged."""
    LUNAR = "lunar"
    """One is the other's date in the Chinese lunar calendar (1900-2050)."""
    YEAR_ONLY = "year_only"
    """The year agrees and one of them is its first of January, the sign of an unknown day."""
    YEAR_OFF_BY_ONE = "year_off_by_one"
    """The same day of the neighbouring year (nominal age)."""
    ONE_DIGIT = "one_digit"
    """One of the eight digits differs, or two neighbouring digits are exchanged."""
    MONTH_AND_YEAR = "month_and_year"
    """Only the day differs."""
    DIFFERS = "differs"


def compare_births(asked: date, registered: date) -> BirthLevel:
    """The level of two birth dates; symmetric."""
    if asked == registered:
        return BirthLevel.EXACT
    same_month = asked.month == registered.month
    same_day = asked.day == registered.day
    if asked.year == registered.year:
        if asked.month == registered.day and asked.day == registered.month:
            return BirthLevel.SWAPPED
        if is_lunar_slip(asked, registered):
            return BirthLevel.LUNAR
        if asked.month == asked.day == 1 or registered.month == registered.day == 1:
            return BirthLevel.YEAR_ONLY
    else:
        if is_lunar_slip(asked, registered):
            return BirthLevel.LUNAR
        if same_month and same_day and abs(asked.year - registered.year) == 1:
            return BirthLevel.YEAR_OFF_BY_ONE
    if (same_month or same_day or asked.year == registered.year) and _one_digit(asked, registered):
        return BirthLevel.ONE_DIGIT
    if same_month and asked.year == registered.year:
        return BirthLevel.MONTH_AND_YEAR
    return BirthLevel.DIFFERS


def is_lunar_slip(asked: date, registered: date) -> bool:
    """Whether one date, read in the lunar calendar, is the other."""
    days = abs(asked.toordinal() - registered.toordinal())
    if days not in _LUNAR_LAG:
        return False
    earlier, later = (asked, registered) if asked < registered else (registered, asked)
    return lunar(later) == (earlier.year, earlier.month, earlier.day)


def lunar(solar: date) -> tuple[int, int, int] | None:
    """Lunar year, month (a leap month has its namesake's number) and day.

    None outside the lunar years 1900 to 2050.
    """
    starts, months = _months()
    day = solar.toordinal()
    at = bisect_right(starts, day) - 1
    if at < 0 or at >= len(months):
        return None
    year, month = months[at]
    return year, month, day - starts[at] + 1


@cache
def _months() -> tuple[list[int], list[tuple[int, int]]]:
    """First days of the lunar months (one more than there are months), and year and month."""
    starts: list[int] = []
    months: list[tuple[int, int]] = []
    start = 0
    for year, new_year, leap, lengths in rows("lunar_years.tsv"):
        start = date.fromisoformat(new_year).toordinal()
        for number, length in enumerate(lengths, start=1):
            month = number - 1 if 0 < int(leap) < number else number
            starts.append(start)
            months.append((int(year), month))
            start += _LONG_MONTH if length == "L" else _SHORT_MONTH
    return [*starts, start], months


def _one_digit(one: date, other: date) -> bool:
    digits = one.isoformat().replace("-", "")
    others = other.isoformat().replace("-", "")
    apart = [at for at in range(len(digits)) if digits[at] != others[at]]
    if len(apart) == 1:
        return True
    return (
        len(apart) == 2  # noqa: PLR2004 - two neighbouring digits exchanged
        and apart[1] - apart[0] == 1
        and digits[apart[0]] == others[apart[1]]
        and digits[apart[1]] == others[apart[0]]
    )
