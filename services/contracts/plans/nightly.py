"""The nightly run as background work of the service."""

from __future__ import annotations

from datetime import date

import structlog

from services.contracts.overdue.service import judge_returns
from services.contracts.plans.service import plan_everyone
from services.contracts.plausibility.service import scan_lately
from services.contracts.referrals.service import expire as expire_referrals
from services.contracts.settings import settings_of
from shared.clock import business_date
from shared.runtime.context import ServiceContext

log = structlog.get_logger(__name__)

_DONE_ON = "contracts.planned_on"


async def plan_daily(context: ServiceContext) -> None:
    """The night's work, once per business day; what several processes do twice changes nothing.

    Everyone's tasks are planned, calls to those who did not come settled, both ends told of
    referrals that nobody answered, and recorded visits looked at.
    """
    if not settings_of(context).plan_daily:
        return
    day = business_date(context.clock.now())
    done: date | None = context.state.get(_DONE_ON)
    if done == day:
        return
    planned = await plan_everyone(context, today=day)
    settled = await judge_returns(context, today=day)
    expired = await expire_referrals(context, today=day)
    checked = await scan_lately(context, today=day)
    context.state[_DONE_ON] = day
    log.info(
        "planned",
        people=planned.people,
        made=planned.made,
        missed=planned.missed,
        cancelled=planned.cancelled,
        opened=planned.opened,
        calls_settled=settled,
        referrals_expired=expired,
        visits_questioned=checked.new.total(),
    )
