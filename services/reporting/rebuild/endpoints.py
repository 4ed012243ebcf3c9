"""HTTP: rebuilding the projections."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response

from services.reporting.rebuild import jobs
from services.reporting.rebuild.schemas import RebuildAnswer, answer_of
from shared.db.session import Reads, Writes
from shared.http.routing import YizhanRoute
from shared.runtime.context import Context
from shared.security.principal import Principal, requires

router = APIRouter(route_class=YizhanRoute, tags=["rebuilds"], prefix="/rebuilds")

Operator = Annotated[Principal, requires("reporting:rebuild")]


@router.post("", status_code=202, summary="Make every projection again from the event stores")
async def rebuild(
    caller: Operator, session: Writes, context: Context, response: Response
) -> RebuildAnswer:
    """Queued; read it again (`Location`) until it is `done` or `failed`.

    All or nothing: readers see the old figures until it is done, handlers go on almost as long.
    One at a time: while one waits or runs, that one is the answer.
    """
    job = await jobs.ask(session, context, caller)
    response.headers["Location"] = f"/reporting/v1/rebuilds/{job.rebuild_id}"
    return answer_of(job)


@router.get(
    "/{rebuild_id}",
    summary="One rebuild",
    responses={404: {"description": "`rebuild_not_found`"}},
)
async def one(
    rebuild_id: UUID, _caller: Operator, session: Reads, context: Context
) -> RebuildAnswer:
    """How far it is, and what it did.

    `deleted` and `written` count the rows that were not what the events say. `fault` says why
    nothing was changed: `event_cannot_be_applied`, `feed_unreadable`, `rebuild_must_wait`.
    """
    return answer_of(await jobs.required(session, context, rebuild_id))
