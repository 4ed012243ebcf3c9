"""Areas, periods, and the judgement of an indicator. Pure; money in fen, shares as decimals."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

from shared.money import ratio_text

Level = Literal["county", "township", "village", "facility"]
Direction = Literal["at_most", "at_least", "about"]
Status = Literal["met", "missed", "none", "not_applicable"]

COUNTY = "county"
UNKNOWN = "unknown"
"""Stands for the home of people whose township (or village) nobody told."""
ALL_TIME = "all"


@dataclass(frozen=True)
class Area:
    """A place whose figures are asked for.

    ``county``; ``金河镇`` (a township: where the person lives); ``金河镇/曙光村``; ``unknown`` and
    ``金河镇/unknown`` (home not told); a facility code (where the visit was).
    """

    level: Level
    township: str | None = None
    village: str | None = None
    facility_code: str | None = None

    @property
    def code(self) -> str:
        if self.level == "facility":
            return str(self.facility_code)
        if self.level == "county":
            return COUNTY
        return "/".join(part for part in (self.township, self.village) if part)


@dataclass(frozen=True)
class Period:
    """Days from ``start`` to before ``end``; both None: everything so far."""

    code: str
    start: date | None = None
    end: date | None = None


class PeriodMalformed(ValueError):
    """Not a year, half-year, quarter or month."""


_PERIOD = re.compile(
    r"(?P<year>20[0-9]{2})(?:-(?:H(?P<half>[12])|Q(?P<quarter>[1-4])|(?P<month>0[1-9]|1[0-2])))?"
)
_MONTHS_OF_YEAR = 12


def period_of(text: str | None) -> Period:
    """Read ``2016``, ``2016-H1``, ``2016-Q2``, ``2016-05``; None or ``all``: everything so far.

    A visit belongs to the month of its discharge, a recognition to that of the visit's time.

    Raises:
        PeriodMalformed: it is none of these.
    """
    if text is None or text == ALL_TIME:
        return Period(ALL_TIME)
    found = _PERIOD.fullmatch(text)
    if found is None:
        raise PeriodMalformed(text)
    year = int(found["year"])
    if found["half"]:
        return _months(text, year, 6 * int(found["half"]) - 5, 6)
    if found["quarter"]:
        return _months(text, year, 3 * int(found["quarter"]) - 2, 3)
    if found["month"]:
        return _months(text, year, int(found["month"]), 1)
    return _months(text, year, 1, 12)


def _months(code: str, year: int, first: int, count: int) -> Period:
    over, month = divmod(first - 1 + count, _MONTHS_OF_YEAR)
    return Period(code, date(year, first, 1), date(year + over, month + 1, 1))


def stock_day(period: Period, data_day: date | None, today: date) -> date:
    """The day on which people and contracts are counted.

    The last day of the period, but not later than the latest day that the data speak of: a
    half-year of 2016 looked at years later shows the contracts of 2016.
    """
    latest = data_day or today
    if period.end is None:
        return latest
    return min(latest, period.end - timedelta(days=1))


@dataclass(frozen=True)
class Target:
    """What an indicator should reach; ``tolerance`` only for ``about``."""

    value: Decimal
    direction: Direction
    tolerance: Decimal = Decimal(0)


def share(numerator: int, denominator: int) -> str | None:
    """The share with four decimals, half-up; None ("not applicable") without a denominator."""
    return ratio_text(numerator, denominator)


def judge(numerator: int, denominator: int, target: Target | None) -> Status:
    """Whether a share reaches its target, compared exactly and not after rounding.

    "10%以内" and "90%以上" include the number itself (LP-20, LP-22).
    """
    if denominator == 0:
        return "not_applicable"
    if target is None:
        return "none"
    reached = Decimal(numerator)
    if target.direction == "at_most":
        met = reached <= target.value * denominator
    elif target.direction == "at_least":
        met = reached >= target.value * denominator
    else:
        met = reached >= (target.value - target.tolerance) * denominator
    return "met" if met else "missed"
