"""The states of a referral, who may take which step, and what a referral may say.

Up (上转): a team or hospital asks a higher one to treat or diagnose; who was referred by his own
team is received first (SJ-31). Down (下转): a hospital hands a patient of one of three classes back
to primary care (SJ-32), where the team follows him up (SJ-33).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Final, Literal

Direction = Literal["up", "down"]
Status = Literal["made", "accepted", "refused", "returned", "closed"]
StateOnDay = Literal["made", "accepted", "refused", "returned", "closed", "expired"]
StepName = Literal["make", "accept", "refuse", "return", "close", "expire"]
"""``expire`` is nobody's: the service notes that nobody answered in time."""
End = Literal["issuer", "target"]
Priority = Literal["urgent", "priority", "routine"]
Outcome = Literal["completed", "withdrawn"]

REASONS: Final[Mapping[str, tuple[Direction, str, str]]] = {
    "treatment": ("up", "本机构不能救治", "cannot be treated here (XB-08, XB-09)"),
    "diagnosis": ("up", "本机构不能确诊，申请诊断", "cannot be diagnosed here (XB-10)"),
    "uncontrolled": ("up", "慢病控制不满意", "a chronic disease out of control"),
    "severe_found": ("up", "筛查发现重患", "found seriously ill in screening (XB-59)"),
    "emergency": ("up", "急诊", "emergency"),
    "acute_recovery": ("down", "急性病恢复期", "recovering from an acute illness (SJ-32)"),
    "post_operative_recovery": ("down", "术后恢复期", "recovering from surgery (SJ-32)"),
    "critical_stable": ("down", "危重症稳定期", "stable after a critical illness (SJ-32)"),
}
"""Every reason: its direction, Chinese and English words. Down: the three patient classes."""

URGENT: Final = frozenset({"emergency", "severe_found"})
RANK: Final[Mapping[Priority, int]] = {"urgent": 0, "priority": 1, "routine": 2}
"""Who waits first."""

_NEXT: Final[Mapping[tuple[Status, StepName], Status]] = {
    ("made", "accept"): "accepted",
    ("made", "refuse"): "refused",
    ("made", "close"): "closed",
    ("accepted", "return"): "returned",
    ("accepted", "close"): "closed",
    ("returned", "close"): "closed",
}
_ENDS: Final[Mapping[tuple[Status, StepName], frozenset[End]]] = {
    # Only who asked can withdraw what nobody has answered.
    ("made", "close"): frozenset({"issuer"}),
    ("accepted", "close"): frozenset({"issuer", "target"}),
    ("returned", "close"): frozenset({"issuer"}),
}
_ANSWERS: Final[tuple[StepName, ...]] = ("accept", "refuse", "return", "close")
_TARGET: Final[frozenset[End]] = frozenset({"target"})

_LEVELS: Final = {"village": 0, "township": 1, "primary": 1, "secondary": 2, "tertiary": 3}


class StepNotAllowed(ValueError):
    """The referral's state does not allow the step."""


class ReferralHasExpired(StepNotAllowed):
    """Nobody answered within its validity."""


class OtherEndsStep(ValueError):
    """The step is the other end's to take."""


def state_on(day: date, status: Status, valid_to: date) -> StateOnDay:
    """A referral's state as a list of ``day`` shows it; one that nobody answered expires."""
    return "expired" if status == "made" and valid_to < day else status


def after(
    status: Status, step: StepName, *, ends: Collection[End], day: date, valid_to: date
) -> Status:
    """The state after a step by somebody who may act for ``ends``.

    Raises:
        StepNotAllowed: not in this state; ReferralHasExpired: only withdrawing is left.
        OtherEndsStep: neither of the ends may take it.
    """
    following = _NEXT.get((status, step))
    if following is None:
        raise StepNotAllowed(f"a referral that is {status} cannot take the step {step}")
    if not _ENDS.get((status, step), _TARGET).intersection(ends):
        raise OtherEndsStep(f"the step {step} is the other end's to take")
    if step != "close" and state_on(day, status, valid_to) == "expired":
        raise ReferralHasExpired(f"nobody answered until {valid_to}")
    return following


def possible(
    status: Status, *, ends: Collection[End], day: date, valid_to: date
) -> tuple[StepName, ...]:
    """The steps that somebody who acts for ``ends`` may take now, as :func:`after` decides."""
    found: list[StepName] = []
    for step in _ANSWERS:
        try:
            after(status, step, ends=ends, day=day, valid_to=valid_to)
        except (StepNotAllowed, OtherEndsStep):
            continue
        found.append(step)
    return tuple(found)


def outcome_of_closing(status: Status) -> Outcome:
    """What closing means: of an unanswered referral, that it is withdrawn."""
    return "withdrawn" if status == "made" else "completed"


def priority_of(reason: str, *, by_own_team: bool) -> Priority:
    """How the target receives the patient: SJ-31 puts the team's patients first."""
    if reason in URGENT:
        return "urgent"
    return "priority" if by_own_team else "routine"


def leads(direction: Direction, from_level: str, to_level: str, *, to_in_region: bool) -> bool:
    """Whether the way between two levels is that direction; unrated institutions may be either."""
    if direction == "up" and not to_in_region:
        return True
    origin, target = _LEVELS.get(from_level), _LEVELS.get(to_level)
    if origin is None or target is None:
        return True
    return target > origin if direction == "up" else target < origin
