"""In what state an overdue person is, from the last call to him. Pure.

The outcomes of a call are the county's content (``programme.yaml``); the states follow from what a
call says about consent, an agreed day and the next call, so that a new outcome needs no new code.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

State = Literal["to_call", "call_again", "waiting", "agreed", "broken", "do_not_call", "closed"]

STATES: Final[dict[State, tuple[str, str]]] = {
    "to_call": ("待联系", "To be called"),
    "call_again": ("需再次联系", "To be called again"),
    "waiting": ("已联系，暂缓", "Called, not yet again"),
    "agreed": ("已约定，等待返回", "A day is agreed"),
    "broken": ("约定未到", "The agreed day has passed"),
    "do_not_call": ("不同意电话联系", "Does not want to be called"),
    "closed": ("已终止(迁出、死亡)", "Moved away or died"),
}
"""Chinese and English, in the order in which they are worked through."""
OPEN: Final[tuple[State, ...]] = ("to_call", "call_again", "broken", "agreed", "waiting")
"""What a list shows unless it is asked for more: a call is or will be of use."""


@dataclass(frozen=True, slots=True)
class LastCall:
    """What the last call since the person became overdue says."""

    called_on: date
    agreed_on: date | None
    again_on: date | None


def state_on(day: date, last: LastCall | None, *, consents: bool) -> State:
    """The state as of a day.

    Args:
        day: of the list.
        last: the last call since the oldest thing that is overdue; None: none yet.
        consents: False when the person has last said that he does not want to be called.
    """
    if last is not None and last.agreed_on is None and last.again_on is None:
        return "closed"
    if last is not None and last.agreed_on is not None and last.agreed_on >= day:
        return "agreed"
    if not consents:
        return "do_not_call"
    if last is None:
        return "to_call"
    if last.agreed_on is not None:
        return "broken"
    return "waiting" if last.again_on is not None and last.again_on > day else "call_again"


def call_again_on(called_on: date, agreed_on: date | None, again_days: int | None) -> date | None:
    """The day of the next call: after the agreed day, where there is one."""
    if again_days is None:
        return None
    return max(called_on, agreed_on or called_on) + timedelta(days=again_days)
