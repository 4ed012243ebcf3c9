"""What is due for the patient at the window: short, quick, and never in the way of the visit."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from services.contracts.at_visit import repository
from services.contracts.at_visit.schemas import DueAnswer, DueLine
from services.contracts.follow_up.domain import RULES
from services.contracts.plans.rulebook import rulebook
from shared.clock import business_date
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import Principal

MOST_LINES = 5
WITHIN_S = 1.0
"""A clerk's screen waits no longer; the visit goes on without the lines."""

log = structlog.get_logger(__name__)


async def due(context: ServiceContext, caller: Principal, person_id: str) -> DueAnswer:
    """At most five lines; none for an unknown person or another township's; never an error.

    The read is on the audit log.
    """
    now = context.clock.now()
    day = business_date(now)
    try:
        async with asyncio.timeout(WITHIN_S), context.db.writing() as session:
            rows = await repository.due(session, person_id, day, MOST_LINES)
            await audit.record(
                session,
                actor=caller.client_id,
                organisation=caller.organisation,
                action="due.read",
                subject=person_id,
                at=now,
                detail={},
            )
    except (TimeoutError, SQLAlchemyError, OSError) as error:
        log.warning("due_not_read", error_type=type(error).__name__)
        return DueAnswer(person_id=person_id, as_of=day, lines=[], complete=False)
    seen = [row for row in rows if _may_see(caller, row)]
    return DueAnswer(
        person_id=person_id, as_of=day, lines=[_line(row, day) for row in seen], complete=True
    )


def _may_see(caller: Principal, row: Any) -> bool:
    """A hospital sees whoever sits before it; a township its own people."""
    kind = caller.organisation.partition(":")[0]
    return kind == "facility" or caller.may_see_township(row.township)


def _line(row: Any, day: date) -> DueLine:
    rule = rulebook().rule(row.rule, row.rule_version) if row.programme else None
    if rule is not None:
        zh, en = rule.title.zh, rule.title.en
    else:
        zh, en = RULES[row.rule].title_zh, RULES[row.rule].title
    overdue = row.due_on < day
    until = f"{row.due_on:%m-%d}"
    return DueLine(
        code=row.rule,
        text_zh=f"{zh}({'已逾期，应于 ' + until if overdue else until + ' 前'})",
        text=f"{en} ({'overdue since' if overdue else 'by'} {until})",
        due_on=row.due_on,
        overdue=overdue,
        priority=row.priority,
    )
