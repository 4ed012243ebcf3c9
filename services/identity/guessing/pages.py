"""``/identity/alarms``: who was stopped because he tried to find out who is registered."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from services.identity.guessing import service
from services.identity.guessing.domain import NO_INSTITUTIONS
from services.identity.screens.kit import PageRoute, name_of, render
from shared.db.session import Writes
from shared.runtime.context import Context
from shared.security.principal import Principal
from shared.web.kit import see
from shared.web.signin.required import signed_in

_LISTED = 50

router = APIRouter(prefix="/alarms", route_class=PageRoute, include_in_schema=False)

Caller = Annotated[Principal, signed_in("identity:review")]


@router.get("")
async def alarms(
    request: Request,
    caller: Caller,
    session: Writes,
    context: Context,
    after: Annotated[str | None, Query(max_length=400)] = None,
) -> Response:
    """What nobody has looked into stands out."""
    found = await service.alarms(session, context, caller, cursor=after, limit=_LISTED)
    facilities = {each.facility_code: each.name_zh for each in context.region.facilities}
    return render(
        request,
        "alarms.html",
        {
            "items": [
                one.model_dump(mode="json")
                | {
                    "who": name_of(context, one.client_id),
                    "seen_who": name_of(context, one.seen_by),
                    "account": one.client_id.partition(":")[2],
                    "facility": facilities.get(one.place, one.place),
                    "elsewhere": one.place if one.place in NO_INSTITUTIONS else None,
                }
                for one in found.items
            ],
            "unseen": found.unseen,
            "after": after,
            "next_cursor": found.next_cursor,
        },
    )


@router.post("/{alarm_id}/seen")
async def seen(alarm_id: UUID, caller: Caller, session: Writes, context: Context) -> Response:
    """Note that somebody looked into it."""
    await service.see_alarm(session, context, caller, alarm_id)
    return see("/identity/alarms")
