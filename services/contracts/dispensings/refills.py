"""Reminders to hand drugs out again (KZ-12): what a dispensing does and its withdrawal undoes.

The reminders themselves are tasks of the programmes of kind ``refill``, made as all others are.
Every function expects to hold the person's lock.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from services.contracts.dispensings import repository
from services.contracts.follow_up import repository as follow_ups
from services.contracts.follow_up import tasks
from services.contracts.models import Dispensing
from services.contracts.plans import repository as plans
from services.contracts.plans.domain import DISPENSED, MISSED, NO_LONGER
from services.contracts.plans.rulebook import rulebook
from shared.db.session import ReadSession, WriteSession


async def handed_out(
    session: WriteSession,
    members: Sequence[str],
    disease: str,
    *,
    on: date,
    days: int | None,
    at: datetime,
) -> None:
    """Drugs of a disease were handed out: his reminder of the supply before is done.

    Also one that was missed, when he came within its window and it only became known later. A few
    days' supply does not do it: it bridges the time until he comes.

    Args:
        session: holds the person's lock.
        members: the person's ids.
        disease: of the drugs.
        on: when they were handed out.
        days: for how long they last; None: nobody said.
        at: when it was recorded.
    """
    programme, least = _reminding(disease)
    if days is not None and days < least:
        return
    for task in await follow_ups.planned_tasks(session, members, programme):
        if task.anchor_on is None or task.anchor_on >= on:
            continue
        if task.status == "open":
            await tasks.close(session, task, outcome=DISPENSED, at=at)
        elif task.closes_on is not None and on <= task.closes_on:
            await plans.outcome_corrected(session, task.task_id, outcome=DISPENSED, closed_at=at)
            await tasks.tell_closed(session, task, outcome=DISPENSED, at=at)


async def taken_back(
    session: WriteSession, members: Sequence[str], dispensing: Dispensing, *, at: datetime
) -> None:
    """Drugs were not handed out after all: what reminded of them, and what they did, is undone.

    Args:
        session: holds the person's lock.
        members: the person's ids.
        dispensing: that was withdrawn just now.
        at: when.
    """
    programme, least = _reminding(dispensing.disease)
    own = f"dispensing:{dispensing.dispensing_id}"
    last = await repository.last_handed_out(session, members, dispensing.disease, least)
    for task in await repository.reminders(session, members, programme):
        if task.anchor == own and task.outcome == MISSED:
            await plans.outcome_corrected(session, task.task_id, outcome=NO_LONGER, closed_at=at)
            await tasks.tell_closed(session, task, outcome=NO_LONGER, at=at)
        elif task.outcome == DISPENSED and (
            last is None or task.anchor_on is None or last <= task.anchor_on
        ):
            await tasks.reopen(session, task, at=at)


async def next_due(session: ReadSession, members: Sequence[str], disease: str) -> date | None:
    """From which day he is without drugs unless he comes; None: nobody knows."""
    programme, _ = _reminding(disease)
    return await follow_ups.next_due(session, members, programme)


def _reminding(disease: str) -> tuple[str, int]:
    """The programme that reminds of a disease's drugs, and from how many days on."""
    return next(
        (code, each.supply.at_least_days)
        for code, each in rulebook().programmes.items()
        if each.supply is not None and each.supply.disease == disease
    )
