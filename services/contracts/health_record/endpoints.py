"""HTTP: a person's health-poverty record, and where it has gaps."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter

from services.contracts.health_record import service, verifying
from services.contracts.health_record.schemas import (
    GapList,
    HealthRecord,
    VerificationAnswer,
    VerificationRequest,
)
from shared.db.session import Reads, Writes
from shared.http.routing import YizhanRoute
from shared.runtime.context import Context
from shared.security.principal import Principal, requires

router = APIRouter(route_class=YizhanRoute, tags=["health-poverty record"])
Reader = Annotated[Principal, requires("contracts:read")]


@router.get(
    "/people/{person_id}/health-poverty-record",
    summary="The five information groups of a person (XB-44)",
    responses={404: {"description": "`person_unknown`"}},
)
async def health_poverty_record(
    person_id: str, caller: Reader, session: Writes, context: Context
) -> HealthRecord:
    """Verification, diseases, classified treatment, services, costs; the look is logged.

    What nobody has told is `not_recorded`.
    """
    return await service.read_record(session, context, caller, person_id)


@router.post(
    "/people/{person_id}/home-verifications",
    status_code=201,
    summary="Record what a visit to the household found (XB-44)",
    responses={
        404: {"description": "`person_unknown`"},
        422: {"description": "`verification_wrong`: a day in the future, a cause that contradicts"},
    },
)
async def verify(
    person_id: str,
    body: VerificationRequest,
    caller: Annotated[Principal, requires("contracts:write")],
    session: Writes,
    context: Context,
) -> VerificationAnswer:
    """The newest stands in the person's record; earlier ones stay."""
    return await verifying.verify(session, context, caller, person_id, body)


@router.get("/health-poverty-gaps", summary="How many persons lack which group, per village")
async def health_poverty_gaps(caller: Reader, session: Reads, context: Context) -> GapList:
    """Figures only, of the villages that the caller may see."""
    return await service.gap_list(session, context, caller)
