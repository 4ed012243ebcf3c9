"""Once a day: which items have passed their deadline, told once per deadline."""

from __future__ import annotations

from services.reporting.register import repository
from services.reporting.register.domain import Item
from shared.clock import business_date
from shared.db.session import WriteSession
from shared.events.catalog import RegisterItemOverdue
from shared.messaging import outbox
from shared.runtime.context import ServiceContext

_WATCHED_ON = "reporting.register_watched_on"
_AT_ONCE = 500


async def watch(context: ServiceContext) -> None:
    """Look once a day; the worker asks more often."""
    today = business_date(context.clock.now())
    if context.state.get(_WATCHED_ON) == today:
        return
    while True:
        async with context.db.writing() as session:
            if await tell_overdue(session, context) < _AT_ONCE:
                break
    context.state[_WATCHED_ON] = today


async def tell_overdue(session: WriteSession, context: ServiceContext) -> int:
    """Tell of items whose deadline has passed since it was last looked; gives how many."""
    now = context.clock.now()
    today = business_date(now)
    found = await repository.to_tell(session, context.region.region_code, today, _AT_ONCE)
    for item in found:
        number = item.version + 1
        await outbox.record(
            session,
            _event(item, item.days_late(today)),
            subject=str(item.id),
            sequence=number,
            occurred_at=now,
        )
        await repository.change(session, item.id, version=number, told_overdue=item.deadline)
    return len(found)


def _event(item: Item, days_late: int) -> RegisterItemOverdue:
    return RegisterItemOverdue(
        item_id=str(item.id),
        number=item.number,
        kind=item.kind,
        area=item.area,
        leads=item.responsible.leads,
        opened_on=item.opened_on,
        deadline=item.deadline,
        days_late=days_late,
        cause_stated=item.cause is not None,
        indicator=item.source.get("indicator"),
        task_list=item.source.get("task_list"),
        task_no=item.source.get("task_no"),
        citation=item.citation,
    )
