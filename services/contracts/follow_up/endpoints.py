"""HTTP: the worklist and follow-ups."""

from __future__ import annotations

from datetime import date as calendar_date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from services.contracts.cursors import after_day_and_id
from services.contracts.follow_up import correcting, listing, service
from services.contracts.follow_up.schemas import (
    FollowUpAnswer,
    FollowUpCorrection,
    FollowUpRequest,
    TaskFilter,
    Worklist,
)
from shared.db.session import Reads, Writes
from shared.http.pagination import Cursor, Limit, encode_cursor
from shared.http.routing import YizhanRoute
from shared.runtime.context import Context
from shared.security.principal import Principal, requires

router = APIRouter(route_class=YizhanRoute, tags=["follow-up"])


@router.get("/worklist", summary="What a team has to do")
async def worklist(
    caller: Annotated[Principal, requires("contracts:read")],
    session: Reads,
    context: Context,
    limit: Limit,
    cursor: Cursor,
    date: Annotated[
        calendar_date | None,
        Query(description="Day of the list (Asia/Shanghai), default today; decides `overdue`"),
    ] = None,
    team: Annotated[str | None, Query(max_length=32)] = None,
    doctor: Annotated[
        str | None,
        Query(max_length=32, description="A team's code: the team answers for its doctors"),
    ] = None,
    status: Annotated[
        TaskFilter | None, Query(description="Default: everything that is not closed")
    ] = None,
) -> Worklist:
    """Tasks whose window is open on the day, the soonest due first. A township sees its people."""
    items, following = await listing.worklist(
        session,
        context,
        caller,
        as_of=date,
        state=status,
        team=team or doctor,
        limit=limit,
        after=after_day_and_id(cursor),
    )
    return Worklist(
        items=items,
        villages=listing.by_way(items),
        next_cursor=(
            encode_cursor(following[0].isoformat(), str(following[1])) if following else None
        ),
    )


@router.post(
    "/follow-ups",
    status_code=201,
    summary="Record a follow-up, and close its task",
    responses={
        404: {"description": "`task_unknown`, `person_unknown`"},
        409: {"description": "`task_closed_already`, `task_wants_signature`"},
        422: {
            "description": "`follow_up_misdated`, `visit_wrong`, `measurements_refused`, "
            "`measurements_unlikely`: send the fields named again in `confirmed`"
        },
    },
)
async def record_follow_up(
    body: FollowUpRequest,
    caller: Annotated[Principal, requires("contracts:write")],
    session: Writes,
    context: Context,
) -> FollowUpAnswer:
    """With a `disease` and its `measurements` the visit is judged and the plan rebuilt.

    Without `task_id` it does the open task of the disease, if it is a visit of the right kind.
    """
    return await service.record_follow_up(session, context, caller, body)


@router.post(
    "/follow-ups/{follow_up_id}/correct",
    summary="Correct what was measured or said at a follow-up",
    responses={
        404: {"description": "`follow_up_unknown`"},
        409: {"description": "`follow_up_stands`, `attempt_stands`"},
        422: {
            "description": "`correction_wrong`, `measurements_refused`, `measurements_unlikely`: send"
            " the fields named again in `confirmed`"
        },
    },
)
async def correct_follow_up(
    follow_up_id: UUID,
    body: FollowUpCorrection,
    caller: Annotated[Principal, requires("contracts:write")],
    session: Writes,
    context: Context,
) -> FollowUpAnswer:
    """It is judged anew and the plan rebuilt; what stood before is kept. Only a programme's last."""
    return await correcting.correct(session, context, caller, follow_up_id, body)
