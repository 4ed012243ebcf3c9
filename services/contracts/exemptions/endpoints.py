"""HTTP: exempt reasons."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from services.contracts.cursors import after_id
from services.contracts.exemptions import service
from services.contracts.exemptions.schemas import (
    ExemptionAnswer,
    ExemptionEndRequest,
    ExemptionEvidence,
    ExemptionList,
    ExemptionRequest,
    ExemptionState,
    ExemptReasonAnswer,
    ExemptReasonList,
)
from services.contracts.programme.service import programme_of
from shared.db.session import Reads, Writes
from shared.http.pagination import Cursor, Limit, encode_cursor
from shared.http.routing import YizhanRoute
from shared.runtime.context import Context
from shared.security.principal import Principal, requires

router = APIRouter(route_class=YizhanRoute, tags=["balance sheet"])
Reader = Annotated[Principal, requires("contracts:read")]
Writer = Annotated[Principal, requires("contracts:write")]


@router.get("/exempt-reasons", summary="Why somebody may not be under contract")
async def list_reasons(_caller: Reader, context: Context) -> ExemptReasonList:
    """The county's list, with for how long each stands."""
    return ExemptReasonList(
        items=[
            ExemptReasonAnswer(
                reason=code,
                name_zh=reason.zh,
                name_en=reason.en,
                days=reason.days,
                leaves_denominator=reason.leaves_denominator,
                ends_contract=reason.ends_contract is not None,
            )
            for code, reason in programme_of(context).exempt_reasons.items()
        ]
    )


@router.post(
    "/exemptions",
    status_code=201,
    summary="Record why a registered person is not under contract",
    responses={
        404: {"description": "`person_unknown`"},
        409: {"description": "`contract_in_force`, `exemption_overlaps`"},
        422: {"description": "unknown reason, a day in the future, a term too long"},
    },
)
async def record(
    body: ExemptionRequest, caller: Writer, session: Writes, context: Context
) -> ExemptionAnswer:
    """Dated, evidenced, expiring. What stood before ends; a death or a move ends the contract."""
    return await service.record(session, context, caller, body)


@router.get("/exemptions", summary="Exempt reasons by state, reason or person")
async def list_exemptions(
    caller: Reader,
    session: Reads,
    context: Context,
    limit: Limit,
    cursor: Cursor,
    status: Annotated[ExemptionState | None, Query(description="State today")] = None,
    reason: Annotated[str | None, Query(max_length=32)] = None,
    person_id: Annotated[str | None, Query(max_length=64)] = None,
) -> ExemptionList:
    """The caller's, in the order of entry."""
    items, following = await service.page(
        session,
        context,
        caller,
        state=status,
        reason=reason,
        person_id=person_id,
        limit=limit,
        after=after_id(cursor),
    )
    return ExemptionList(
        items=items, next_cursor=encode_cursor(str(following)) if following else None
    )


@router.get(
    "/exemptions/{exemption_id}",
    summary="One exempt reason with its evidence",
    responses={404: {"description": "`exemption_unknown`"}},
)
async def get_exemption(
    exemption_id: UUID, caller: Reader, session: Writes, context: Context
) -> ExemptionEvidence:
    """Who reads the evidence is logged."""
    return await service.one(session, context, caller, exemption_id)


@router.post(
    "/exemptions/{exemption_id}/end",
    summary="A reason no longer stands",
    responses={
        404: {"description": "`exemption_unknown`"},
        409: {"description": "`exemption_ended_already`"},
        422: {"description": "`ended_on` outside its days"},
    },
)
async def end(
    exemption_id: UUID,
    body: ExemptionEndRequest,
    caller: Writer,
    session: Writes,
    context: Context,
) -> ExemptionAnswer:
    """From `ended_on` the person is unresolved again until somebody signs him."""
    return await service.end(session, context, caller, exemption_id, body)
