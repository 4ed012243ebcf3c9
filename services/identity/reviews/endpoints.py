"""HTTP: reviews of doubtful recognitions."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query

from services.identity.reviews import service, taking_back
from services.identity.reviews.figure_schemas import FiguresAnswer
from services.identity.reviews.schemas import (
    DecisionAnswer,
    DecisionRequest,
    ReviewAnswer,
    ReviewPage,
    WithdrawalAnswer,
    WithdrawalRequest,
)
from shared.db.session import Reads, Writes
from shared.http.pagination import Cursor, Limit
from shared.http.routing import YizhanRoute
from shared.runtime.context import Context
from shared.security.principal import Principal, requires

router = APIRouter(route_class=YizhanRoute, tags=["reviews"])

Caller = Annotated[Principal, requires("identity:review")]
ReviewId = Annotated[UUID, Path(examples=["019a0000-0000-7000-8000-00000000000a"])]


# Write sessions although they read: the look at persons is written to the audit log.
@router.get("/reviews", summary="Doubtful recognitions that wait for a person, or were decided")
async def queue(
    caller: Caller,
    session: Writes,
    context: Context,
    limit: Limit,
    cursor: Cursor,
    status: Annotated[
        Literal["open", "decided"],
        Query(description="`open`: whatever waits for somebody's word, oldest first."),
    ] = "open",
) -> ReviewPage:
    """Both records side by side, masked, with the evidence in words."""
    return await service.queue(
        session, context, caller, waiting=status == "open", limit=limit, cursor=cursor
    )


@router.get("/reviews/figures", summary="How good the grades are, and how well reviewers agree")
async def figures(
    caller: Caller,
    session: Reads,
    context: Context,
    months: Annotated[int, Query(ge=1, le=120, description="The current one included.")] = 12,
) -> FiguresAnswer:
    """By month and table of weights, from the reviews decided; shares with their 95 % interval."""
    return await service.figures(session, context, caller, months=months)


@router.get(
    "/reviews/{review_id}",
    summary="One review",
    responses={404: {"description": "`review_unknown`"}},
)
async def one(
    review_id: ReviewId, caller: Caller, session: Writes, context: Context
) -> ReviewAnswer:
    """As in the list."""
    return await service.one(session, context, caller, review_id)


@router.post(
    "/reviews/{review_id}/decision",
    summary="Say whether the patient is the registered person",
    responses={
        404: {"description": "`review_unknown`"},
        409: {
            "description": "`review_decided_already` (with by whom and when), `you_decided_already`"
        },
        422: {"description": "`person_not_proposed`, `person_missing`, `judge_them_all`"},
    },
)
async def decide(
    review_id: ReviewId,
    body: DecisionRequest,
    caller: Caller,
    session: Writes,
    context: Context,
) -> DecisionAnswer:
    """A different person is never asked about again; the same person becomes an alias."""
    return await service.decide(session, context, caller, review_id, body)


@router.post(
    "/reviews/{review_id}/withdrawal",
    summary="Take a wrong outcome back; its question is asked again",
    responses={
        404: {"description": "`review_unknown`"},
        409: {
            "description": "`review_not_decided`, `review_withdrawn_already` (with the review that"
            " asks again), `you_asked_already`"
        },
        422: {"description": "`reason_missing`"},
    },
)
async def take_back(
    review_id: ReviewId,
    body: WithdrawalRequest,
    caller: Caller,
    session: Writes,
    context: Context,
) -> WithdrawalAnswer:
    """Aliases go, the recognitions that it changed name nobody until it is decided anew.

    What two persons decided, two persons take back.
    """
    return await taking_back.take_back(session, context, caller, review_id, body)
