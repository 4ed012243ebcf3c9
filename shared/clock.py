"""Time as a port. Business dates are those of Asia/Shanghai; tests move the clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


class Clock(Protocol):
    """Where "now" comes from. A rule never asks it: the visit's date is the input of rules."""

    def now(self) -> datetime:
        """The present moment, timezone-aware."""


class SystemClock:
    """The machine's clock, in UTC."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class FixedClock:
    """A clock that tests set and move."""

    def __init__(self, moment: datetime) -> None:
        if moment.tzinfo is None:
            message = "a clock needs a moment with a timezone"
            raise ValueError(message)
        self._moment = moment

    def now(self) -> datetime:
        return self._moment

    def advance(self, step: timedelta) -> None:
        """Move the clock forward."""
        self._moment += step


def business_date(moment: datetime) -> date:
    """The calendar day in Asia/Shanghai on which ``moment`` falls."""
    return moment.astimezone(SHANGHAI).date()


def start_of_business_day(day: date) -> datetime:
    """Midnight of ``day`` in Asia/Shanghai, timezone-aware."""
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI)
