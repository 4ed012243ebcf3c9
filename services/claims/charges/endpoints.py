"""HTTP: charges."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response

from services.claims.charges import service
from services.claims.charges.schemas import BatchAnswer, ChargesRequest
from shared.clock import SHANGHAI
from shared.db.session import Writes
from shared.http.routing import YizhanRoute
from shared.money import Fen
from shared.runtime.context import Context
from shared.security.principal import Principal, requires

router = APIRouter(route_class=YizhanRoute, tags=["charges"])

Hospital = Annotated[Principal, requires("claims:encounters")]
OK = 200


@router.post(
    "/encounters/{encounter_id}/charges",
    status_code=201,
    summary="Add a batch of lines to the bill",
    responses={
        200: {"model": BatchAnswer, "description": "The batch is there already, alike"},
        404: {"description": "`encounter_not_found`"},
        409: {"description": "`batch_differs`, `encounter_settled`"},
        422: {
            "description": "`negative_amount`, `amount_mismatch`, `duplicate_line_no`,"
            " `too_many_lines`, `bill_refused` (several faults)"
        },
    },
)
async def add_charges(
    encounter_id: UUID,
    body: ChargesRequest,
    caller: Hospital,
    session: Writes,
    context: Context,
    response: Response,
) -> BatchAnswer:
    """All lines are taken or none. Possible until the settlement, also after the discharge."""
    batch, added = await service.add(session, context, caller, encounter_id, body)
    if not added:
        response.status_code = OK
    return BatchAnswer(
        encounter_id=str(encounter_id),
        batch_no=batch.batch_no,
        lines=batch.line_count,
        amount=Fen(batch.total_fen),
        received_at=batch.received_at.astimezone(SHANGHAI),
    )


@router.delete(
    "/encounters/{encounter_id}/charges/{batch_no}",
    status_code=204,
    summary="Withdraw a batch",
    responses={
        404: {"description": "`encounter_not_found`, `batch_not_found`"},
        409: {"description": "`encounter_settled`"},
    },
)
async def withdraw_charges(
    encounter_id: UUID,
    batch_no: Annotated[str, Path(max_length=64, examples=["B1"])],
    caller: Hospital,
    session: Writes,
    context: Context,
) -> None:
    """Take a batch out of the bill; its number and its lines' numbers are free again."""
    await service.withdraw(session, context, caller, encounter_id, batch_no)
