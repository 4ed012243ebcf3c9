"""HTTP: quotes, previews, settlements, reversals."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Response

from services.claims.settlement import calculating, previewing, service
from services.claims.settlement.printing import pdf_answer
from services.claims.settlement.repository import Stored
from services.claims.settlement.schemas import (
    REVERSAL_EXAMPLE,
    Breakdown,
    PreviewAnswer,
    QuoteRequest,
    ReverseRequest,
    SettlementAnswer,
)
from services.claims.settlement.statement import statement
from shared.clock import SHANGHAI
from shared.db.session import Reads, Writes
from shared.http.idempotency import REPLAYED
from shared.http.routing import YizhanRoute
from shared.http.short_way import window_waits
from shared.http.work import Working
from shared.runtime.context import Context
from shared.security.principal import Principal, requires

router = APIRouter(route_class=YizhanRoute, tags=["settlements"])

Settler = Annotated[Principal, requires("claims:settle")]
OK = 200
_REFUSALS: dict[int | str, dict[str, Any]] = {
    422: {
        "description": "`pack_does_not_cover`, `missing_parameter`, `missing_self_first_ratio`,"
        " `self_first_ratio_out_of_range`, `bill_refused` (several faults)"
    }
}


def _answer(stored: Stored) -> SettlementAnswer:
    return SettlementAnswer.model_validate(
        stored.as_answer() | {"made_at": stored.made_at.astimezone(SHANGHAI)}
    )


@router.post(
    "/settlements/quote",
    summary="Calculate a bill without keeping anything",
    response_model_exclude_unset=True,
    responses={
        409: {"description": "`assumption_unconfirmed` (in production)"},
        422: {
            "description": "`unknown_pack`, `unknown_parameter`, `malformed_parameter`,"
            " `negative_amount`, `amount_mismatch`, " + _REFUSALS[422]["description"]
        },
    },
)
async def quote(
    body: QuoteRequest,
    caller: Annotated[Principal, requires("claims:quote")],  # noqa: ARG001 - scope is checked
    context: Context,
) -> Breakdown:
    """Stateless; the engine is the settlement's own. `parameters` tries other values of the pack."""
    return Breakdown.model_validate(calculating.quote(context, body).as_breakdown())


@router.post(
    "/encounters/{encounter_id}/settlement/preview",
    summary="What a settlement would say now",
    response_model_exclude_unset=True,
    responses={
        404: {"description": "`encounter_not_found`"},
        409: {"description": "`empty_bill`, `encounter_settled`, `assumption_unconfirmed`"},
        **_REFUSALS,
    },
)
async def preview(
    encounter_id: UUID, caller: Settler, session: Reads, context: Context
) -> PreviewAnswer:
    """The settlement's own calculation on the charges so far; nothing is kept."""
    result, discharged_on = await previewing.preview(session, context, caller, encounter_id)
    return PreviewAnswer.model_validate(
        {
            **result.as_breakdown(),
            "encounter_id": str(encounter_id),
            "status": "preview",
            "discharged_on": discharged_on,
        }
    )


@router.post(
    "/encounters/{encounter_id}/settlement",
    status_code=201,
    summary="Settle the visit's bill, once",
    response_model_exclude_unset=True,
    responses={
        200: {
            "model": SettlementAnswer,
            "description": "Settled before: the same settlement, with `Idempotency-Replayed: true`",
        },
        404: {"description": "`encounter_not_found`"},
        409: {"description": "`not_discharged`, `empty_bill`, `assumption_unconfirmed`"},
        **_REFUSALS,
    },
)
@window_waits
async def settle(
    encounter_id: UUID, caller: Settler, work: Working, context: Context, response: Response
) -> SettlementAnswer:
    """Every payer's share in one calculation; the ledger and the person's year move with it."""
    stored, made = await service.settle_at_window(work, context, caller, encounter_id)
    if not made:
        response.status_code = OK
        response.headers[REPLAYED] = "true"
    return _answer(stored)


@router.post(
    "/settlements/{settlement_id}/reverse",
    status_code=201,
    summary="Undo a settlement",
    response_model_exclude_unset=True,
    responses={
        201: {"content": {"application/json": {"example": REVERSAL_EXAMPLE}}},
        404: {"description": "`settlement_not_found`"},
        409: {"description": "`reversed_already`, `not_reversible`"},
    },
)
async def reverse(
    settlement_id: UUID, body: ReverseRequest, caller: Settler, session: Writes, context: Context
) -> SettlementAnswer:
    """A record of its own with every amount negative; the encounter may then be settled again."""
    return _answer(await service.reverse(session, context, caller, settlement_id, body.reason))


@router.get(
    "/settlements/{settlement_id}",
    summary="One settlement or reversal",
    response_model_exclude_unset=True,
    responses={404: {"description": "`settlement_not_found`"}},
)
async def settlement(
    settlement_id: UUID,
    caller: Annotated[Principal, requires("claims:ledger")],
    session: Writes,  # every look at a person's bill is logged
    context: Context,
) -> SettlementAnswer:
    """As it was made; `status` says whether it was reversed since."""
    return _answer(await service.read(session, context, caller, settlement_id))


@router.get(
    "/settlements/{settlement_id}/statement.pdf",
    summary="The settlement's statement, to be printed",
    response_class=Response,
    responses={
        200: {"content": {"application/pdf": {"example": "%PDF-1.7 …"}}},
        404: {"description": "`settlement_not_found`"},
        503: {"description": "`unavailable`: too many documents at once"},
    },
)
async def statement_pdf(
    settlement_id: UUID,
    caller: Annotated[Principal, requires("claims:ledger")],
    context: Context,
) -> Response:
    """Who paid what, by which rule, and what the patient pays; of a reversal likewise."""
    return pdf_answer(settlement_id, await statement(context, caller, settlement_id))
