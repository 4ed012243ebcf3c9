"""Areas, periods, and the judgement of an indicator. Pure; money in fen, shares as decimals."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from shared.money import ratio_text

Level = Literal["county", "township", "village", "facility"]
Direction = Literal["at_most", "at_least", "about"]
State = Literal["met", "warned", "missed"]
Status = Literal["met", "warned", "missed", "none", "not_applicable"]
Dataset = Literal["settled", "discharged", "recognitions", "people", "entries"]
"""The kinds of rows behind the figures."""

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


def period_before(period: Period) -> Period | None:
    """The period of the same length before one; None of everything so far."""
    if period.start is None or period.end is None:
        return None
    months = (period.end.year - period.start.year) * _MONTHS_OF_YEAR + (
        period.end.month - period.start.month
    )
    first = period.start.year * _MONTHS_OF_YEAR + period.start.month - 1 - months
    year, month = divmod(first, _MONTHS_OF_YEAR)
    code = {
        1: f"{year}-{month + 1:02d}",
        3: f"{year}-Q{month // 3 + 1}",
        6: f"{year}-H{month // 6 + 1}",
    }.get(months, str(year))
    return period_of(code)


def stock_day(period: Period, data_day: date | None, today: date) -> date:
    """The day on which people and contracts are counted.

    The last day of the period, but not later than the latest day that the data speak of: a
    half-year of 2016 looked at years later shows the contracts of 2016.
    """
    latest = data_day or today
    if period.end is None:
        return latest
    return min(latest, period.end - timedelta(days=1))


class BandsMalformed(ValueError):
    """The bands of a target leave a gap, overlap, or contradict it."""


@dataclass(frozen=True)
class Band:
    """The shares that one state stands for; None: without an end on that side."""

    state: State
    lower: Decimal | None = None
    lower_included: bool = True
    upper: Decimal | None = None
    upper_included: bool = True

    def holds(self, numerator: int, denominator: int) -> bool:
        """Whether a share lies in the band, compared exactly and not after rounding."""
        if self.lower is not None:
            edge = self.lower * denominator
            if numerator < edge or (numerator == edge and not self.lower_included):
                return False
        if self.upper is not None:
            edge = self.upper * denominator
            if numerator > edge or (numerator == edge and not self.upper_included):
                return False
        return True


def check_bands(bands: Sequence[Band]) -> None:
    """Refuse bands that are not every share exactly once, from the lowest to the highest.

    Raises:
        BandsMalformed: with the place of the fault.
    """
    if not bands or bands[0].lower is not None or bands[-1].upper is not None:
        raise BandsMalformed("the first band has no lower end, the last one no upper end")
    for one, following in itertools.pairwise(bands):
        if one.upper is None or following.lower is None:
            raise BandsMalformed("only the first and the last band are without an end")
        if one.upper < following.lower:
            raise BandsMalformed(f"a gap between {one.upper} and {following.lower}")
        if one.upper > following.lower:
            raise BandsMalformed(f"an overlap between {following.lower} and {one.upper}")
        if one.upper_included == following.lower_included:
            fault = "two bands hold" if one.upper_included else "no band holds"
            raise BandsMalformed(f"{fault} {one.upper}")
        if one.state == following.state:
            raise BandsMalformed(f"{one.upper} divides nothing")


@dataclass(frozen=True)
class Target:
    """What an indicator should reach; ``tolerance`` only for ``about``."""

    value: Decimal
    direction: Direction
    tolerance: Decimal = Decimal(0)
    valid_from: date | None = None
    valid_to: date | None = None
    """The last day on which it holds."""
    own_bands: tuple[Band, ...] = ()
    """Finer states than the two that it divides the shares into."""

    def holds_on(self, day: date) -> bool:
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_to is None or day <= self.valid_to
        )

    @property
    def bands(self) -> tuple[Band, ...]:
        """Its states, from the lowest share to the highest.

        "10%以内" and "90%以上" include the number itself (LP-20, LP-22). "62%左右" warns below its
        tolerance and never fails hard (SJ-03).
        """
        if self.own_bands:
            return self.own_bands
        if self.direction == "at_most":
            return (
                Band("met", upper=self.value),
                Band("missed", lower=self.value, lower_included=False),
            )
        edge = self.value - self.tolerance if self.direction == "about" else self.value
        below: State = "warned" if self.direction == "about" else "missed"
        return (Band(below, upper=edge, upper_included=False), Band("met", lower=edge))


def share(numerator: int, denominator: int) -> str | None:
    """The share with four decimals, half-up; None ("not applicable") without a denominator."""
    return ratio_text(numerator, denominator)


STATED_PARTS = 10_000
"""A share that is told without its parts is kept in ten-thousandths."""


def rate(numerator: int, denominator: int) -> str | None:
    """So many per 100,000 with two decimals, half-up; None without a denominator."""
    if denominator == 0:
        return None
    exact = Decimal(numerator) * 100_000 / denominator
    return str(exact.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP))


def judge(numerator: int, denominator: int, target: Target | None) -> Status:
    """The state of a share, compared exactly and not after rounding; without a denominator none."""
    if denominator == 0:
        return "not_applicable"
    if target is None:
        return "none"
    for band in target.bands:
        if band.holds(numerator, denominator):
            return band.state
    raise BandsMalformed(f"no band holds {numerator} of {denominator}")
