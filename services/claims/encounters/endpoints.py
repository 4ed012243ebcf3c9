"""HTTP: encounters."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.claims.charges import repository as charges
from services.claims.cursors import position_of
from services.claims.encounters import changing, discharging, listing, service
from services.claims.encounters.domain import Encounter
from services.claims.encounters.presenting import answer
from services.claims.encounters.schemas import (
    CancelRequest,
    DischargeRequest,
    EncounterAnswer,
    EncounterList,
    EncounterRequest,
    EvidenceRequest,
    Status,
)
from services.claims.reservations import repository as reservations
from shared.db.session import ReadSession, Writes
from shared.http.pagination import Cursor, Limit, encode_cursor
from shared.http.routing import YizhanRoute
from shared.runtime.context import Context, ServiceContext
from shared.security.principal import Principal, requires

router = APIRouter(route_class=YizhanRoute, tags=["encounters"])

Hospital = Annotated[Principal, requires("claims:encounters")]
OK = 200


async def _shown(
    session: ReadSession, context: ServiceContext, encounter: Encounter
) -> EncounterAnswer:
    return answer(
        context,
        encounter,
        await charges.totals_of(session, encounter.id),
        await reservations.of_encounter(session, encounter.id),
    )


@router.post(
    "/encounters",
    status_code=201,
    summary="Register a visit",
    responses={
        200: {"model": EncounterAnswer, "description": "The visit is registered already, alike"},
        403: {"description": "`facility_not_yours`"},
        409: {
            "description": "`encounter_differs`, `person_differs`, `encounter_settled`,"
            " `encounter_cancelled`"
        },
        422: {
            "description": "`unknown_facility`, `deposit_not_allowed`, `referral_not_allowed`,"
            " `validation_failed`"
        },
    },
)
async def open_encounter(
    body: EncounterRequest, caller: Hospital, session: Writes, context: Context, response: Response
) -> EncounterAnswer:
    """Open a visit's case. A recognised patient's opens by itself; this call then completes it."""
    encounter, opened = await service.open_encounter(session, context, caller, body)
    if not opened:
        response.status_code = OK
    return await _shown(session, context, encounter)


@router.get("/encounters", summary="Find encounters")
async def find_encounters(
    caller: Hospital,
    session: Writes,  # every look at a person's visits is logged
    context: Context,
    limit: Limit,
    cursor: Cursor = None,
    visit_no: Annotated[str | None, Query(max_length=64, examples=["ZY2016030001"])] = None,
    facility_code: Annotated[str | None, Query(max_length=32, examples=["H51111300101"])] = None,
    status: Annotated[Status | None, Query()] = None,
    recognition_pending: Annotated[
        bool | None,
        Query(
            description="`true`: settled, but what was learned since changes the person or the"
            " categories; to be reversed and settled again"
        ),
    ] = None,
) -> EncounterList:
    """The caller's encounters, in the order in which they were opened."""
    position = position_of(cursor)
    found = await listing.find(
        session,
        context,
        caller,
        visit_no=visit_no,
        facility_code=facility_code,
        status=status,
        recognition_pending=recognition_pending,
        after_id=position,
        limit=limit,
    )
    shown = found[:limit]
    await listing.log_list(session, context, caller, facility_code, shown=len(shown))
    ids = [encounter.id for encounter in shown]
    totals = await charges.totals_of_many(session, ids)
    held = await reservations.of_encounters(session, ids)
    return EncounterList(
        items=[
            answer(context, encounter, totals[encounter.id], held.get(encounter.id))
            for encounter in shown
        ],
        next_cursor=encode_cursor(str(shown[-1].id)) if len(found) > limit else None,
    )


@router.get(
    "/encounters/{encounter_id}",
    summary="One encounter",
    responses={404: {"description": "`encounter_not_found`"}},
)
async def get_encounter(
    encounter_id: UUID, caller: Hospital, session: Writes, context: Context
) -> EncounterAnswer:
    """The case with its person's categories on the visit's date and what was charged so far."""
    encounter = await service.read(session, context, caller, encounter_id)
    return await _shown(session, context, encounter)


@router.post(
    "/encounters/{encounter_id}/discharge",
    summary="The patient goes home",
    responses={
        404: {"description": "`encounter_not_found`"},
        409: {"description": "`discharged_already`, `encounter_cancelled`"},
        422: {
            "description": "`referral_not_allowed`; `validation_failed`: before the admission, in"
            " the future, not ICD-10"
        },
    },
)
async def discharge(
    encounter_id: UUID, body: DischargeRequest, caller: Hospital, session: Writes, context: Context
) -> EncounterAnswer:
    """End the visit; from now on it can be settled. Charges may still be corrected until then."""
    encounter = await discharging.discharge(session, context, caller, encounter_id, body)
    return await _shown(session, context, encounter)


@router.post(
    "/encounters/{encounter_id}/cancel",
    summary="The visit did not take place",
    responses={
        404: {"description": "`encounter_not_found`"},
        409: {"description": "`encounter_settled`"},
    },
)
async def cancel(
    encounter_id: UUID, body: CancelRequest, caller: Hospital, session: Writes, context: Context
) -> EncounterAnswer:
    """Possible until the settlement, and final: nothing is charged or settled any more."""
    encounter = await changing.cancel(session, context, caller, encounter_id, body.reason)
    return await _shown(session, context, encounter)


@router.post(
    "/encounters/{encounter_id}/evidence",
    summary="What the patient showed",
    responses={
        404: {"description": "`encounter_not_found`"},
        409: {"description": "`encounter_cancelled`"},
        422: {"description": "`validation_failed`"},
    },
)
async def note_evidence(
    encounter_id: UUID, body: EvidenceRequest, caller: Hospital, session: Writes, context: Context
) -> EncounterAnswer:
    """May be told later, even after the settlement: revise it then, and the rule applies (XB-06)."""
    encounter = await changing.note_evidence(session, context, caller, encounter_id, body)
    return await _shown(session, context, encounter)
