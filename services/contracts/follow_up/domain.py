"""Which task a discharge opens, until when, and what state it is in on a day.

Outpatient visits open no task: the rule is about coming home from a hospital bed, and a county's
thousands of outpatient visits a year would bury the few dozen stays in every team's list.

The seven days are the county's own rule (no national document fixes a number); the obligation to
look after the registered poor in person is LP-32 and LP-33.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from services.contracts.contracts.domain import Term

DUE_AFTER_DAYS = 7
"""Calendar days in Asia/Shanghai; the discharge day is day 0."""

TaskState = Literal["open", "overdue", "closed"]
Way = Literal["clinic", "home", "phone"]

ATTEMPTS = frozenset({"not_reached", "lost_contact", "refused"})
"""Outcomes of a contact that did not come about: kept, but no task is done and no fee earned by it."""


@dataclass(frozen=True)
class TaskRule:
    """A kind of task, in words."""

    code: str
    title_zh: str
    title: str
    citation: str
    priority: int
    """10 is the most urgent."""


FOLLOW_UP = TaskRule(
    code="post_discharge_follow_up",
    title_zh="出院后随访",
    title="Follow up after discharge",
    citation="LP-33 履约1人、做实1人",
    priority=15,
)
TO_SIGN = TaskRule(
    code="contract_to_sign",
    title_zh="待签约",
    title="Offer a family-doctor contract",
    citation="LP-32 应签尽签",
    priority=25,
)
DOWN_REFERRAL = TaskRule(
    code="down_referral_follow_up",
    title_zh="下转后随访",
    title="Follow up after a referral down",
    citation="SJ-33 由家庭医生团队加强后续随访和健康管理",
    priority=12,
)
RULES: dict[str, TaskRule] = {rule.code: rule for rule in (FOLLOW_UP, TO_SIGN, DOWN_REFERRAL)}
VISITED: frozenset[str] = frozenset({FOLLOW_UP.code, DOWN_REFERRAL.code})
"""What a visit does; a stay that ended with a referral down has one of each."""
DOWN_DUE_DAYS: dict[str, int] = {
    "acute_recovery": 7,
    "post_operative_recovery": 7,
    "critical_stable": 3,
}
"""Days from the referral until the team has seen the patient, by the class of SJ-32.

No document fixes a number; these are this product's, as the seven days after a discharge are."""

SIGNED = "signed"
"""Outcome of a ``contract_to_sign`` task once the person has signed."""
NOT_HIS = "not_his"
"""Outcome of a follow-up whose contract has turned out to be another person's (不属本人)."""
NOT_HANDED_DOWN = "not_handed_down"
"""Outcome of an open follow-up whose referral down was refused or withdrawn (转诊未成)."""
STAY_CANCELLED = "stay_cancelled"
"""Outcome of an open task whose stay did not take place after all (住院已撤销)."""

LET_GO: frozenset[str] = frozenset({"died", "moved_away", "left_roster"})
"""Outcomes of an open task because the person left the registry, by why he did (离开名册)."""
_NOBODY_TO_VISIT = frozenset({"died", "moved_away"})


def let_go(rule: str, because: str) -> bool:
    """Whether a task is pointless once the person has left the registry.

    Nobody off the registry signs its contract (LP-32). Who died or moved away is not there to be
    visited; who is only no longer listed is still a patient who came home.

    Args:
        rule: the task's.
        because: why a contract ends when he leaves, one of :data:`LET_GO`.
    """
    return rule == TO_SIGN.code or because in _NOBODY_TO_VISIT


def opens_task(visit_type: str, person_id: str | None) -> bool:
    """Whether a discharge concerns a team at all: an inpatient who is on the registry."""
    return visit_type == "inpatient" and person_id is not None


def due_day(discharged_on: date) -> date:
    """The last day on which the task is in time."""
    return discharged_on + timedelta(days=DUE_AFTER_DAYS)


def in_force(terms: list[Term], day: date) -> Term | None:
    """The contract that holds on a day; at most one does."""
    return next((term for term in terms if term.holds_on(day)), None)


def answers(term: Term, discharged_on: date) -> bool:
    """Whether a contract makes a ``contract_to_sign`` task of that discharge pointless.

    It does when it holds on the discharge day or on any later one; one that had already ended
    before the patient came home does not.
    """
    return term.ends_before > max(discharged_on, term.valid_from)


def follow_up_owed(term: Term, discharged_on: date) -> bool:
    """Whether the team of a contract that became known late still owes the follow-up.

    It does when the contract held on the discharge day (it was only entered late), or was signed
    while the seven days were still running.
    """
    if term.holds_on(discharged_on):
        return True
    return answers(term, discharged_on) and (
        discharged_on <= term.signed_on <= due_day(discharged_on)
    )


def state_on(day: date, *, status: str, due_on: date) -> TaskState:
    """A task's state as a worklist of ``day`` shows it."""
    if status == "closed":
        return "closed"
    return "overdue" if due_on < day else "open"
