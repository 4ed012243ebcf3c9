"""HTTP: rebuilding the projections."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter

from services.reporting.rebuild import service
from services.reporting.rebuild.schemas import RebuildAnswer
from shared.db.session import Writes
from shared.http.routing import YizhanRoute
from shared.runtime.context import Context
from shared.security.principal import Principal, requires

router = APIRouter(route_class=YizhanRoute, tags=["rebuilds"])


@router.post(
    "/rebuilds",
    status_code=201,
    summary="Make every projection again from the event stores",
    responses={
        409: {"description": "`event_cannot_be_applied`"},
        503: {"description": "`feed_unreadable`, `rebuild_must_wait`"},
    },
)
async def rebuild(
    caller: Annotated[Principal, requires("reporting:rebuild")],
    session: Writes,
    context: Context,
) -> RebuildAnswer:
    """All or nothing: readers see the old figures until it is done, handlers go on almost as long.

    `deleted` and `written` count the rows that were not what the events say.
    A million events take minutes: let the client wait as long, or use `yizhan rebuild`.
    """
    result = await service.rebuild_within(
        session,
        context,
        requested_by=caller.client_id,
        organisation=caller.organisation,
    )
    return RebuildAnswer(
        rebuild_id=str(result.rebuild_id),
        events=result.events,
        started_at=result.started_at,
        finished_at=result.finished_at,
        deleted=result.deleted,
        written=result.written,
        positions=result.positions,
    )
