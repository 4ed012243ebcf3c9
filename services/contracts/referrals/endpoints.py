"""HTTP: referrals."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from services.contracts.referrals import service
from services.contracts.referrals.domain import Direction
from services.contracts.referrals.schemas import (
    AcceptRequest,
    CloseRequest,
    ReferralAnswer,
    ReferralList,
    ReferralRequest,
    ReferralState,
    RefuseRequest,
    ReturnRequest,
)
from shared.db.session import Reads, Writes
from shared.http.pagination import Cursor, CursorMalformed, Limit, decode_cursor, encode_cursor
from shared.http.routing import YizhanRoute
from shared.runtime.context import Context
from shared.security.principal import Principal, requires

router = APIRouter(route_class=YizhanRoute, tags=["referrals"])
Reader = Annotated[Principal, requires("contracts:read")]
Writer = Annotated[Principal, requires("contracts:write")]


@router.post(
    "/referrals",
    status_code=201,
    summary="Refer a person up or down",
    responses={
        403: {"description": "`facility_not_yours`"},
        404: {"description": "`person_unknown`"},
        409: {"description": "`referral_waits_already`"},
        422: {
            "description": "`referral_wrong`: direction, reason, days, an unknown institution, an"
            " issuer that may not refer out of the region (XB-08), or another target than the"
            " region's document names (XB-09, XB-10)"
        },
    },
)
async def make(
    body: ReferralRequest, caller: Writer, session: Writes, context: Context
) -> ReferralAnswer:
    """Who was referred by his own team is received first (SJ-31)."""
    return await service.make(session, context, caller, body)


@router.get("/referrals", summary="Who waits, at either end")
async def list_referrals(
    caller: Reader,
    session: Reads,
    context: Context,
    limit: Limit,
    cursor: Cursor,
    facility: Annotated[
        str | None, Query(max_length=32, description="An institution at either end")
    ] = None,
    status: Annotated[ReferralState | None, Query(description="State today")] = None,
    direction: Annotated[Direction | None, Query()] = None,
    person_id: Annotated[str | None, Query(max_length=64)] = None,
) -> ReferralList:
    """The caller's referrals, the most urgent and then the longest waiting first."""
    items, following = await service.page(
        session,
        context,
        caller,
        state=status,
        facility=facility,
        direction=direction,
        person_id=person_id,
        limit=limit,
        after=_after(cursor),
    )
    return ReferralList(
        items=items,
        next_cursor=encode_cursor(following[0], str(following[1])) if following else None,
    )


@router.get(
    "/referrals/{referral_id}",
    summary="One referral with its steps",
    responses={404: {"description": "`referral_unknown`"}},
)
async def get_referral(
    referral_id: UUID, caller: Reader, session: Writes, context: Context
) -> ReferralAnswer:
    """With the notes; that they were read is kept."""
    return await service.read_one(session, context, caller, referral_id)


_STEP_RESPONSES: dict[int | str, dict[str, str]] = {
    403: {"description": "`other_end`: the step is the other end's"},
    404: {"description": "`referral_unknown`"},
    409: {"description": "`referral_expired`, `referral_step_refused`"},
}


@router.post(
    "/referrals/{referral_id}/accept",
    summary="Take the patient",
    responses=_STEP_RESPONSES,
)
async def accept(
    referral_id: UUID,
    caller: Writer,
    session: Writes,
    context: Context,
    body: AcceptRequest | None = None,
) -> ReferralAnswer:
    """The target's answer, within the referral's validity."""
    note = body.note if body else None
    return await service.step(session, context, caller, referral_id, "accept", note=note)


@router.post(
    "/referrals/{referral_id}/refuse",
    summary="Do not take the patient, and say why",
    responses=_STEP_RESPONSES,
)
async def refuse(
    referral_id: UUID, body: RefuseRequest, caller: Writer, session: Writes, context: Context
) -> ReferralAnswer:
    """The target's answer; both ends see the reason."""
    return await service.step(session, context, caller, referral_id, "refuse", refusal=body.reason)


@router.post(
    "/referrals/{referral_id}/return",
    summary="Hand an accepted patient back",
    responses=_STEP_RESPONSES,
)
async def hand_back(
    referral_id: UUID,
    caller: Writer,
    session: Writes,
    context: Context,
    body: ReturnRequest | None = None,
) -> ReferralAnswer:
    """With what is to be done for him at home."""
    note = body.note if body else None
    return await service.step(session, context, caller, referral_id, "return", note=note)


@router.post(
    "/referrals/{referral_id}/close",
    summary="Close a referral, or withdraw one that nobody has answered",
    responses=_STEP_RESPONSES,
)
async def close(
    referral_id: UUID,
    caller: Writer,
    session: Writes,
    context: Context,
    body: CloseRequest | None = None,
) -> ReferralAnswer:
    """`outcome` says which it was."""
    note = body.note if body else None
    return await service.step(session, context, caller, referral_id, "close", note=note)


def _after(cursor: str | None) -> tuple[int, UUID] | None:
    if cursor is None:
        return None
    rank, referral_id = decode_cursor(cursor, parts=2)
    try:
        return int(rank), UUID(str(referral_id))
    except (ValueError, TypeError):
        raise CursorMalformed from None
