"""HTTP: room that came free, offered to the bills that a cap had cut."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query

from services.claims.cursors import position_of
from services.claims.proposals import service
from services.claims.proposals.schemas import (
    DecideRequest,
    ProposalList,
    decided_answer,
    open_answer,
    shifted_answer,
)
from services.claims.proposals.shifting import shifted_proposals
from services.claims.revisions.schemas import RevisionAnswer, voucher_answer
from shared.clock import SHANGHAI
from shared.db.session import Writes
from shared.http.pagination import Cursor, Limit, encode_cursor
from shared.http.routing import YizhanRoute
from shared.runtime.context import Context
from shared.security.principal import Principal, requires

router = APIRouter(route_class=YizhanRoute, tags=["proposals"], prefix="/settlement-proposals")

Settler = Annotated[Principal, requires("claims:settle")]
_MISSING = {"description": "`settlement_not_found`, `proposal_not_found`"}


@router.get("", summary="Bills that would come out otherwise now: room under a cap, a shifted year")
async def listed(
    caller: Settler,
    session: Writes,
    context: Context,
    limit: Limit,
    cursor: Cursor = None,
    status: Annotated[Literal["open", "confirmed", "dismissed"], Query()] = "open",
) -> ProposalList:
    """The oldest bill first.

    A proposal whose room is used, or whose settlement was replaced, is no longer listed. Each
    shifted bill is tried and rolled back, so that its difference is told.
    """
    after = position_of(cursor)
    if status == "open":
        found = await service.open_proposals(session, context, caller, after=after, limit=limit)
        known = {each.settlement_id for each in found}
        shifted = [
            each
            for each in await shifted_proposals(session, context, caller, after=after, limit=limit)
            if each.bill.settlement_id not in known
        ]
        both = sorted(
            [(each.place, open_answer(each)) for each in found]
            + [(each.bill.place, shifted_answer(each)) for each in shifted],
            key=lambda pair: pair[0],
        )
        items = [answer for _, answer in both[:limit]]
        last = both[limit - 1][0] if len(both) > limit else None
    else:
        decided = await service.decided_proposals(
            session, context, caller, decision=status, after=after, limit=limit
        )
        items = [decided_answer(each) for each in decided[:limit]]
        last = decided[limit - 1].settlement_id if len(decided) > limit else None
    return ProposalList(items=items, next_cursor=encode_cursor(str(last)) if last else None)


@router.post(
    "/{proposal_id}/confirm",
    status_code=201,
    summary="Let the bill have the room",
    response_model_exclude_unset=True,
    responses={
        404: _MISSING,
        409: {"description": "`proposal_lapsed`, `proposal_decided`, `older_proposal_first`"},
    },
)
async def confirm(
    proposal_id: UUID, body: DecideRequest, caller: Settler, session: Writes, context: Context
) -> RevisionAnswer:
    """The settlement is revised; the voucher says what each payer and the patient bears instead."""
    revision = await service.confirm(session, context, caller, proposal_id, body.note)
    made = revision.made
    return RevisionAnswer.model_validate(
        {
            **made.as_answer(),
            "made_at": made.made_at.astimezone(SHANGHAI),
            "voucher": voucher_answer(revision.voucher),
        }
    )


@router.post(
    "/{proposal_id}/dismiss",
    status_code=204,
    summary="Leave the bill as it is",
    responses={404: _MISSING, 409: {"description": "`proposal_lapsed`, `proposal_decided`"}},
)
async def dismiss(
    proposal_id: UUID, body: DecideRequest, caller: Settler, session: Writes, context: Context
) -> None:
    """It is not offered again, whatever room comes free later."""
    await service.dismiss(session, context, caller, proposal_id, body.note)
