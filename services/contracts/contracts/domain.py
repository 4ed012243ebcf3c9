"""A contract's states, its term (国卫基层发〔2018〕35号), and its state on a day. Pure.

The document asks for a term of at least one year "in principle": unless the programme's data says
otherwise a shorter one is accepted and marked, because a county may align its contracts with the
calendar year.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

Stage = Literal[
    "invited", "pending", "signed", "renewed", "transferred", "ended", "refused", "withdrawn"
]
"""What was last done with a contract."""
State = Literal[
    "invited", "pending", "signed", "renewed", "transferred", "ended", "refused", "withdrawn",
    "expired",
]  # fmt: skip
"""What a contract is on a day: its stage, or expired when its term is over."""
Step = Literal[
    "invite", "apply", "sign", "renew", "transfer", "terminate", "refuse", "withdraw", "reinstate"
]

IN_FORCE: Final[frozenset[Stage]] = frozenset({"signed", "renewed"})
OPEN: Final[frozenset[Stage]] = frozenset({"invited", "pending"})
"""Offered, and neither signed nor declined."""
CLOSED: Final[frozenset[Stage]] = frozenset({"transferred", "ended", "refused", "withdrawn"})

_BEGIN: Final[dict[Step, Stage]] = {
    "invite": "invited",
    "apply": "pending",
    "sign": "signed",
    "refuse": "refused",
}
_STEPS: Final[dict[tuple[Stage, Step], Stage]] = {
    ("invited", "apply"): "pending",
    **{(stage, "sign"): "signed" for stage in OPEN},
    **{(stage, "refuse"): "refused" for stage in OPEN},
    **{(stage, "withdraw"): "withdrawn" for stage in OPEN},
    **{(stage, "renew"): "renewed" for stage in IN_FORCE},
    **{(stage, "transfer"): "transferred" for stage in IN_FORCE},
    **{(stage, "terminate"): "ended" for stage in IN_FORCE},
    # Only what the registry had ended, when the person is back on it.
    ("ended", "reinstate"): "signed",
}

END_REASONS: dict[str, str] = {
    "lost_contact": "失访",
    "moved_away": "迁出",
    "died": "死亡",
    "own_request": "本人要求",
    "other_team": "改签",
    "left_roster": "退出名册",
    "entered_in_error": "录入有误",
    "other": "其他",
}
"""Why a contract may end before its term, as contract systems code it."""


class StepNotAllowed(ValueError):
    """The contract is in a state from which this step does not lead anywhere."""

    def __init__(self, stage: Stage | None, step: Step) -> None:
        self.stage = stage
        self.step = step
        super().__init__(f"{step} is not possible from {stage or 'nothing'}")


def after(stage: Stage | None, step: Step) -> Stage:
    """The stage that a step leads to; ``stage`` None: the contract does not exist yet.

    Raises:
        StepNotAllowed: the machine has no such step there.
    """
    found = _BEGIN.get(step) if stage is None else _STEPS.get((stage, step))
    if found is None:
        raise StepNotAllowed(stage, step)
    return found


def possible(stage: Stage | None) -> tuple[Step, ...]:
    """The steps that are possible from a stage, in alphabetical order."""
    if stage is None:
        return tuple(sorted(_BEGIN))
    return tuple(sorted(step for at, step in _STEPS if at == stage))


@dataclass(frozen=True)
class Term:
    """When a contract was signed and on which days it holds (``ends_before`` excluded)."""

    team: str
    signed_on: date
    valid_from: date
    ends_before: date

    def holds_on(self, day: date) -> bool:
        return self.valid_from <= day < self.ends_before


def years_later(day: date, years: int = 1) -> date:
    """The same day of a later year; 29 February becomes 1 March where there is none."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)


def default_valid_to(valid_from: date, years: int = 1) -> date:
    """The last day of a term of whole years."""
    return years_later(valid_from, years) - timedelta(days=1)


def last_day(valid_from: date, valid_to: date | None, ended_on: date | None) -> date | None:
    """The last day, included, on which a contract or a reason against one holds; None: open.

    ``ended_on`` is the first day on which it no longer does. What was ended on its first day held on
    none; it is shown with that day.
    """
    if ended_on is None:
        return valid_to
    last = max(valid_from, ended_on - timedelta(days=1))
    return last if valid_to is None else min(valid_to, last)


def is_short(valid_from: date, valid_to: date, years: int = 1) -> bool:
    """Whether the term is shorter than the year that is asked for in principle."""
    return valid_to < default_valid_to(valid_from, years)


def state_on(
    day: date,
    *,
    valid_to: date | None,
    ended_on: date | None,
    stage: Stage = "signed",
    renewals: int = 0,
) -> State:
    """A contract's state as a list of ``day`` shows it."""
    if valid_to is None:
        return stage
    if ended_on is not None and ended_on <= day:
        return stage if stage in CLOSED else "ended"
    if valid_to < day:
        return "expired"
    return "renewed" if renewals else "signed"
