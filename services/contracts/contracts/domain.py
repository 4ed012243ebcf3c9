"""The term of a contract (国卫基层发〔2018〕35号) and its state on a day.

The document asks for a term of at least one year "in principle": a shorter one is accepted and
marked, because a county may align its contracts with the calendar year.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

State = Literal["signed", "ended", "expired"]

END_REASONS: dict[str, str] = {
    "lost_contact": "失访",
    "moved_away": "迁出",
    "died": "死亡",
    "own_request": "本人要求",
    "other_team": "改签",
    "entered_in_error": "录入有误",
    "other": "其他",
}
"""Why a contract may end before its term, as contract systems code it."""


@dataclass(frozen=True)
class Term:
    """When a contract was signed and on which days it holds (``ends_before`` excluded)."""

    team: str
    signed_on: date
    valid_from: date
    ends_before: date

    def holds_on(self, day: date) -> bool:
        return self.valid_from <= day < self.ends_before


def _a_year_later(day: date) -> date:
    """The same day of the next year; 29 February becomes 1 March."""
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return date(day.year + 1, 3, 1)


def default_valid_to(valid_from: date) -> date:
    """The last day of a one-year term."""
    return _a_year_later(valid_from) - timedelta(days=1)


def is_short(valid_from: date, valid_to: date) -> bool:
    """Whether the term is shorter than the year that is asked for in principle."""
    return valid_to < default_valid_to(valid_from)


def state_on(day: date, *, valid_to: date, ended_on: date | None) -> State:
    """A contract's state as a list of ``day`` shows it."""
    if ended_on is not None and ended_on <= day:
        return "ended"
    return "expired" if valid_to < day else "signed"
