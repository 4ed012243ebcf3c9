"""HTTP: settle a settled bill anew, see what that changes, do all that wait."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from services.claims.revisions import service
from services.claims.revisions.domain import to_patient
from services.claims.revisions.schemas import (
    RefusedAnswer,
    RevisedAnswer,
    ReviseRequest,
    RevisionAnswer,
    RevisionsAnswer,
    RevisionsRequest,
    VoucherAnswer,
    voucher_answer,
)
from shared.clock import SHANGHAI
from shared.db.session import Reads, Writes
from shared.http.routing import YizhanRoute
from shared.money import Fen
from shared.runtime.context import Context
from shared.security.principal import Principal, requires

router = APIRouter(route_class=YizhanRoute, tags=["settlements"])

Settler = Annotated[Principal, requires("claims:settle")]
_CONFLICTS = {
    "description": "`reversed_already`, `not_reversible`, `nothing_to_revise`,"
    " `assumption_unconfirmed`"
}


@router.post(
    "/settlements/{settlement_id}/revise",
    status_code=201,
    summary="Settle a settled bill anew",
    response_model_exclude_unset=True,
    responses={404: {"description": "`settlement_not_found`"}, 409: _CONFLICTS},
)
async def revise(
    settlement_id: UUID, body: ReviseRequest, caller: Settler, session: Writes, context: Context
) -> RevisionAnswer:
    """An exact reversal and a new settlement in one step.

    It rests on the person, the categories and the evidence that are known now; the voucher says
    what each party owes more or less.
    """
    revision = await service.revise(session, context, caller, settlement_id, body.reason)
    made = revision.made
    return RevisionAnswer.model_validate(
        {
            **made.as_answer(),
            "made_at": made.made_at.astimezone(SHANGHAI),
            "voucher": voucher_answer(revision.voucher),
        }
    )


@router.post(
    "/settlements/{settlement_id}/revise/preview",
    summary="What settling it anew would change",
    responses={404: {"description": "`settlement_not_found`"}, 409: _CONFLICTS},
)
async def preview(
    settlement_id: UUID, caller: Settler, session: Writes, context: Context
) -> VoucherAnswer:
    """The voucher of a revision made now; nothing is kept."""
    revision = await service.preview(session, context, caller, settlement_id)
    return voucher_answer(revision.voucher, preview=True)


@router.get(
    "/settlements/{settlement_id}/voucher",
    summary="The difference voucher",
    responses={404: {"description": "`settlement_not_found`, `voucher_not_found`"}},
)
async def voucher(
    settlement_id: UUID,
    caller: Annotated[Principal, requires("claims:ledger")],
    session: Reads,
) -> VoucherAnswer:
    """What changed for whom against the settlement that this one replaced."""
    return voucher_answer(await service.voucher_of(session, caller, settlement_id))


@router.post("/revisions", summary="Settle anew what waits for it")
async def revise_waiting(
    body: RevisionsRequest,
    caller: Settler,
    session: Writes,  # holds the idempotency key while the bills are done one by one
    context: Context,
) -> RevisionsAnswer:
    """Settled bills for which identity knows better now (`GET /encounters?recognition_pending=true`).

    Each is done or refused on its own; what is done stays done if the call is cut off, and the
    call may be repeated.
    """
    found = await service.waiting_for(
        session, context, caller, ids=body.encounter_ids, limit=body.limit
    )
    outcomes = await service.revise_waiting(context, caller, found[: body.limit], body.reason)
    return RevisionsAnswer(
        revised=[
            RevisedAnswer(
                encounter_id=str(each.waiting.encounter_id),
                settlement_id=str(each.revision.made.id),
                supersedes=str(each.waiting.settlement_id),
                to_patient=Fen(to_patient(each.revision.voucher.parts)),
            )
            for each in outcomes
            if each.revision is not None
        ],
        refused=[
            RefusedAnswer(
                encounter_id=str(each.waiting.encounter_id),
                settlement_id=str(each.waiting.settlement_id),
                code=each.refused.code,
                title=each.refused.title,
                title_zh=each.refused.title_zh,
            )
            for each in outcomes
            if each.refused is not None
        ],
        more=len(found) > body.limit,
    )
