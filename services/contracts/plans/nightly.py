"""The nightly run as background work of the service."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from datetime import date

import structlog

from services.contracts.overdue.service import judge_returns
from services.contracts.plans.service import plan_everyone
from services.contracts.plausibility.service import scan_lately
from services.contracts.referrals.expiring import expire as expire_referrals
from services.contracts.settings import settings_of
from shared.clock import business_date
from shared.messaging.faults import is_transient
from shared.observability.metrics import METRICS
from shared.runtime.context import ServiceContext

log = structlog.get_logger(__name__)

Step = Callable[[ServiceContext, date], Awaitable[dict[str, int]]]
"""A part of the night's work; gives what it did, by name."""

_DONE_ON = "contracts.planned_on"


async def _plan(context: ServiceContext, day: date) -> dict[str, int]:
    return asdict(await plan_everyone(context, today=day))


async def _settle_calls(context: ServiceContext, day: date) -> dict[str, int]:
    return {"calls_settled": await judge_returns(context, today=day)}


async def _expire_referrals(context: ServiceContext, day: date) -> dict[str, int]:
    return {"referrals_expired": await expire_referrals(context, today=day)}


async def _look_at_visits(context: ServiceContext, day: date) -> dict[str, int]:
    checked = await scan_lately(context, today=day)
    return {"visits_questioned": checked.new.total()}


STEPS: tuple[Step, ...] = (_plan, _settle_calls, _expire_referrals, _look_at_visits)


async def plan_daily(context: ServiceContext, *, steps: Sequence[Step] = STEPS) -> None:
    """The night's work, once per business day; what several processes do twice changes nothing.

    Everyone's tasks are planned, calls to those who did not come settled, both ends told of
    referrals that nobody answered, and recorded visits looked at. A part with a fault is told on
    the log and waits for the next day; neither the other parts nor the hospitals wait for it.

    Raises:
        SQLAlchemyError, OSError: the database is away, or refused once (``is_transient``); what is
            left is done when called again.
    """
    if not settings_of(context).plan_daily:
        return
    day = business_date(context.clock.now())
    done: dict[str, date] = context.state.setdefault(_DONE_ON, {})
    for step in steps:
        name = step.__name__.lstrip("_")
        if done.get(name) == day:
            continue
        try:
            log.info("night_step", step=name, **await step(context, day))
        except Exception as error:
            if is_transient(error) or isinstance(error, OSError):
                raise
            log.exception("night_step_failed", step=name)
            METRICS.job_faults.labels(context.name, name).inc()
        done[name] = day
