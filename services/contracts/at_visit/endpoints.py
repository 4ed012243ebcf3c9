"""HTTP: what is due at a visit."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter

from services.contracts.at_visit import service
from services.contracts.at_visit.schemas import DueAnswer, DueRequest
from shared.http.routing import YizhanRoute
from shared.runtime.context import Context
from shared.security.principal import Principal, requires

router = APIRouter(route_class=YizhanRoute, tags=["at the visit"])


@router.post("/due-at-this-visit", summary="What is due for the patient at the window")
async def due_at_this_visit(
    body: DueRequest,
    caller: Annotated[Principal, requires("contracts:read")],
    context: Context,
) -> DueAnswer:
    """For the hospital's screen: at most five short lines. An unknown person has none.

    It changes nothing; what cannot be looked up within a second is left out (`complete: false`).
    """
    return await service.due(context, caller, body.person_id)
