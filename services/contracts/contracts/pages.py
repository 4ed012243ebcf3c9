"""``/contracts/doubles``: persons of whom more than one contract holds, until a clerk ends one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from services.contracts.contracts import service
from services.contracts.screens.kit import PageRoute, render
from services.contracts.screens.names import masked_names
from services.contracts.screens.person_parts import team_name
from shared.db.session import Writes
from shared.http.pagination import decode_cursor, encode_cursor
from shared.runtime.context import Context
from shared.security import audit
from shared.security.principal import Principal
from shared.web.signin.required import signed_in

LISTED = 50

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/doubles")
async def doubles(
    request: Request,
    caller: Annotated[Principal, signed_in("contracts:read")],
    session: Writes,
    context: Context,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """What merges brought together; each leads to the person, where one is ended. Logged."""
    after = str(decode_cursor(cursor, parts=1)[0]) if cursor else None
    found, following = await service.doubled(session, context, caller, limit=LISTED, after=after)
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="double_contracts.listed",
        subject=caller.organisation,
        at=context.clock.now(),
        detail={"persons": len(found)},
    )
    names = await masked_names(context, [one.person_id for one in found])
    return render(
        request,
        "doubles.html",
        {
            "rows": [
                {
                    "person_id": one.person_id,
                    "name": names.get(one.person_id),
                    "contracts": [
                        each.model_dump() | {"team_name": team_name(context, each.team)}
                        for each in one.contracts
                    ],
                }
                for one in found
            ],
            "more": encode_cursor(following) if following else None,
        },
    )
