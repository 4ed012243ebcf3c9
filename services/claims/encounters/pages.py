"""The window ``/claims/``: find a visit or register one, see what waits."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, get_args
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import ValidationError
from starlette.responses import Response

from services.claims.charges import repository as charges
from services.claims.encounters import listing, service
from services.claims.encounters.domain import Encounter
from services.claims.encounters.presenting import answer as shown_encounter
from services.claims.encounters.schemas import EncounterRequest, VisitType
from services.claims.proposals import service as proposals
from services.claims.proposals.shifting import shifted_proposals
from services.claims.screens.kit import PageRoute, render, said
from services.claims.settlement import repository as settlements
from shared.clock import SHANGHAI, business_date, start_of_business_day
from shared.db.session import Reads, Writes, WriteSession
from shared.http.faults import field_faults
from shared.http.problem import Problem
from shared.money import text_from_fen
from shared.runtime.context import Context, ServiceContext
from shared.security.principal import Principal
from shared.web.forms import (
    as_local,
    at_fields,
    local_moment,
    plain_number,
    plain_text,
)
from shared.web.kit import Said, Typed, attempt, faults_of, fields, see, told
from shared.web.signin.required import signed_in

LISTED = 20
_MOST_FOUND = 20
_VISIT_TYPES: tuple[VisitType, ...] = get_args(VisitType)
_VISIT_NO = re.compile(r"[0-9A-Za-z][0-9A-Za-z._/-]{0,63}")
_REGISTER_FIELDS = {
    "admitted_at": "at",
    "visit_no": "new_visit_no",
    "facility_code": "new_facility",
}

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Caller = Annotated[Principal, signed_in("claims:encounters")]


@router.get("/")
async def window(
    request: Request,
    caller: Caller,
    session: Writes,
    context: Context,
    facility: Annotated[str, Query(max_length=32)] = "",
) -> Response:
    """What waits, and the field for a visit's number."""
    return await _window(request, context, session, caller, Typed(facility=facility))


@router.post("/")
async def find(request: Request, caller: Caller, session: Writes, context: Context) -> Response:
    """Go to the visit of that number. Sent as a form: a mistyped ID number is in no address."""
    typed = await fields(request)
    visit_no = plain_text(typed["visit_no"])
    if not _VISIT_NO.fullmatch(visit_no):
        faults = {"visit_no": said("window.find.malformed")}
        return await _window(request, context, session, caller, typed, faults=faults, status=422)
    found = await listing.find(
        session,
        context,
        caller,
        visit_no=visit_no,
        facility_code=typed["facility"] or None,
        status=None,
        recognition_pending=None,
        after_id=None,
        limit=_MOST_FOUND,
    )
    if not found:
        faults = {"visit_no": said("window.find.none")}
        return await _window(request, context, session, caller, typed, faults=faults, status=404)
    if len(found) > 1:
        return await _window(request, context, session, caller, typed, several=found)
    return see(f"/claims/cases/{found[0].id}")


@router.post("/cases")
async def register(request: Request, caller: Caller, session: Writes, context: Context) -> Response:
    """Register a visit that nobody recognised."""
    typed = await fields(request)
    at = local_moment(typed["at"])
    document = {
        "facility_code": typed["new_facility"],
        "visit_no": plain_text(typed["new_visit_no"]),
        "type": typed["type"],
        "admitted_at": at or context.clock.now(),
        "deposit": plain_number(typed["deposit"]) or "0.00",
    }
    faults: Mapping[str, Said]
    try:
        body = EncounterRequest.model_validate(document)
    except ValidationError as error:
        faults = at_fields(field_faults(error.errors()), _REGISTER_FIELDS)
        return await _window(
            request, context, session, caller, typed, faults=faults, registering=True, status=422
        )
    if at is None:
        faults = {"at": said("case.discharge.at.fault")}
        return await _window(
            request, context, session, caller, typed, faults=faults, registering=True, status=422
        )
    answer = await attempt(session, service.open_encounter(session, context, caller, body))
    if isinstance(answer, Problem):
        faults = faults_of(answer, _REGISTER_FIELDS)
        return await _window(
            request, context, session, caller, typed,
            faults=faults, problem=None if faults else told(answer),
            registering=True, status=answer.status,
        )  # fmt: skip
    return see(f"/claims/cases/{answer[0].id}?done=registered")


@router.get("/recognitions/{recognition_id}")
async def of_recognition(
    request: Request, caller: Caller, session: Reads, recognition_id: UUID
) -> Response:
    """From identity's window to the case; waits while the recognition is on its way."""
    found = await service.of_recognition(session, caller, str(recognition_id))
    if found is not None:
        return see(f"/claims/cases/{found.id}")
    return render(request, "wait.html", {"recognition_id": str(recognition_id)})


@router.get("/recognitions/{recognition_id}/waiting")
async def waiting(
    request: Request, caller: Caller, session: Reads, recognition_id: UUID
) -> Response:
    """A line while the recognition is on its way; nothing once it is here."""
    found = await service.of_recognition(session, caller, str(recognition_id))
    return render(request, "waiting.html", {"arrived": found is not None})


async def _window(
    request: Request,
    context: ServiceContext,
    session: WriteSession,
    caller: Principal,
    typed: Typed,
    *,
    faults: Mapping[str, Said] | None = None,
    problem: Said | None = None,
    several: list[Encounter] | None = None,
    registering: bool = False,
    status: int = 200,
) -> Response:
    facilities = [
        each for each in context.region.facilities if caller.may_see_facility(each.facility_code)
    ]
    facility_code = typed["facility"] or None
    waiting = await listing.unsettled(
        session, context, caller, facility_code=facility_code, limit=LISTED
    )
    again = await listing.find(
        session, context, caller, visit_no=None, facility_code=facility_code, status="settled",
        recognition_pending=True, after_id=None, limit=LISTED,
    )  # fmt: skip
    await listing.log_list(
        session, context, caller, facility_code, unsettled=len(waiting), again=len(again)
    )
    return render(
        request,
        "window.html",
        {
            "facilities": facilities,
            "facility_name": {each.facility_code: each for each in facilities},
            "typed": typed,
            "faults": dict(faults or {}),
            "problem": problem,
            "several": await _rows(context, session, several or []),
            "waiting": await _rows(context, session, waiting),
            "again": await _rows(context, session, again[:LISTED]),
            "today": await _today(context, session, caller, facility_code),
            "room": await _room(context, session, caller),
            "shifted": await _shifted(context, session, caller),
            "registering": registering,
            "visit_types": _VISIT_TYPES,
            "now": as_local(context.clock.now()),
            "listed": LISTED,
        },
        status=status,
    )


async def _rows(
    context: ServiceContext, session: WriteSession, found: list[Encounter]
) -> list[dict[str, Any]]:
    totals = await charges.totals_of_many(session, [each.id for each in found])
    return [
        shown_encounter(context, each, totals[each.id]).model_dump(mode="json") for each in found
    ]


async def _today(
    context: ServiceContext, session: WriteSession, caller: Principal, facility_code: str | None
) -> list[dict[str, Any]]:
    """What was settled on this day."""
    sees, facility_code = listing.within(caller, facility_code)
    if not sees:
        return []
    since: datetime = start_of_business_day(business_date(context.clock.now()))
    made = await settlements.made_since(
        session,
        region=context.region.region_code,
        facility_code=facility_code,
        since=since,
        limit=LISTED,
    )
    return [
        {
            "encounter_id": str(one.encounter_id),
            "facility_code": one.facility_code,
            "type": one.visit_type,
            "made_at": one.made_at.astimezone(SHANGHAI).isoformat(),
            "total": text_from_fen(one.amounts.total),
            "patient_pays": text_from_fen(one.amounts.patient_pays),
        }
        for one in made
    ]


async def _room(
    context: ServiceContext, session: WriteSession, caller: Principal
) -> list[dict[str, Any]]:
    """Bills that a yearly cap had cut and for which there is room now."""
    if "claims:settle" not in caller.scopes:
        return []
    found = await proposals.open_proposals(session, context, caller, after=None, limit=LISTED)
    return [
        {
            "encounter_id": str(one.encounter_id),
            "facility_code": one.facility_code,
            "made_at": one.made_at.astimezone(SHANGHAI).isoformat(),
            "offered": text_from_fen(sum(one.offer.amounts.values())),
        }
        for one in found[:LISTED]
    ]


async def _shifted(
    context: ServiceContext, session: WriteSession, caller: Principal
) -> list[dict[str, Any]]:
    """Bills before which something of the year has changed, with what the patient would pay more."""
    if "claims:settle" not in caller.scopes:
        return []
    found = await shifted_proposals(session, context, caller, after=None, limit=LISTED)
    return [
        {
            "encounter_id": str(one.bill.encounter_id),
            "facility_code": one.bill.facility_code,
            "made_at": one.bill.made_at.astimezone(SHANGHAI).isoformat(),
            "patient": None if one.patient_fen is None else text_from_fen(one.patient_fen),
        }
        for one in found[:LISTED]
    ]
