"""Reading the register: items, the list, what a month's report tells of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from services.reporting.register import repository
from services.reporting.register.access import may
from services.reporting.register.domain import Item, Kind, Status
from services.reporting.register.places import area_name
from services.reporting.register.problems import ItemNotFound
from shared.clock import business_date
from shared.db.session import ReadSession
from shared.runtime.context import ServiceContext
from shared.security.principal import Principal


async def read(
    session: ReadSession, context: ServiceContext, caller: Principal, item_id: UUID
) -> Item:
    """An item.

    Raises:
        ItemNotFound: there is none, or it is not the caller's to see.
    """
    item = await repository.get(session, context.region.region_code, item_id)
    if item is None or not may(caller, item.area, item.township):
        raise ItemNotFound("GET /reporting/v1/register-items lists them")
    return item


async def listed(
    session: ReadSession,
    context: ServiceContext,
    caller: Principal,
    *,
    statuses: Sequence[Status] = (),
    kind: Kind | None = None,
    area: str | None = None,
    overdue: bool = False,
    after: tuple[date, UUID] | None = None,
    limit: int,
) -> list[Item]:
    """Items that the caller may see, the earliest deadline first."""
    organisation, _, value = caller.organisation.partition(":")
    return await repository.find(
        session,
        region=context.region.region_code,
        visible=None if organisation == "region" else (organisation, value),
        statuses=statuses,
        kind=kind,
        area=area,
        overdue_on=business_date(context.clock.now()) if overdue else None,
        after=after,
        limit=limit,
    )


async def of_month(
    session: ReadSession, context: ServiceContext, first: date, last: date
) -> dict[str, Any]:
    """What a month's report tells of the register: how much moved, and what is overdue at its end.

    Args:
        first, last: the month's days. An item that was closed later was open then.
    """
    region = context.region.region_code
    standing = await repository.standing_at(session, region, last)
    moved = await repository.counted(session, region, first, last)
    return {
        "day": last.isoformat(),
        "opened": moved["opened"],
        "closed": moved["closed"],
        "open": len(standing),
        "overdue": [
            {
                "number": row["number"],
                "kind": row["kind"],
                "title": row["title"],
                "area": row["area"],
                "area_zh": area_name(context, row["area"]),
                "owner": "、".join(row["responsible"]["leads"]),
                "deadline": row["deadline"].isoformat(),
                "days_late": (last - row["deadline"]).days,
                "cause": row["cause"],
            }
            for row in standing
            if row["deadline"] < last
        ],
    }
