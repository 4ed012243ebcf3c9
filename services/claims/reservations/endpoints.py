"""HTTP: a visit's reservation."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from services.claims.charges import repository as charges
from services.claims.encounters.estimating import estimate
from services.claims.encounters.presenting import answer
from services.claims.encounters.schemas import EncounterAnswer
from services.claims.reservations import repository
from services.claims.reservations.schemas import ReservationRequest
from shared.db.session import Writes
from shared.http.routing import YizhanRoute
from shared.runtime.context import Context
from shared.security.principal import Principal, requires

router = APIRouter(route_class=YizhanRoute, tags=["encounters"])


@router.post(
    "/encounters/{encounter_id}/reservation",
    summary="Say what the visit will probably cost",
    responses={
        404: {"description": "`encounter_not_found`"},
        409: {"description": "`encounter_settled`, `encounter_cancelled`"},
        422: {"description": "`validation_failed`"},
    },
)
async def set_estimate(
    encounter_id: UUID,
    body: ReservationRequest,
    caller: Annotated[Principal, requires("claims:encounters")],
    session: Writes,
    context: Context,
) -> EncounterAnswer:
    """Room under the person's yearly caps is kept for it, if he is treated first and pays later."""
    encounter = await estimate(session, context, caller, encounter_id, body.estimated_cost)
    return answer(
        context,
        encounter,
        await charges.totals_of(session, encounter_id),
        await repository.of_encounter(session, encounter_id),
    )
