"""The page of a case: see it, discharge the patient, cancel the visit, note what he showed."""

from __future__ import annotations

import re
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import ValidationError
from starlette.responses import Response

from services.claims.encounters import changing, discharging
from services.claims.encounters.schemas import CancelRequest, DischargeRequest, EvidenceRequest
from services.claims.screens.case import Words, case_page
from services.claims.screens.kit import PageRoute, said
from services.claims.screens.words import PROGRAMMES
from shared.db.session import Writes
from shared.http.faults import field_faults
from shared.http.problem import Problem
from shared.runtime.context import Context
from shared.security.principal import Principal
from shared.web.forms import at_fields, local_moment
from shared.web.kit import attempt, fields, see, told
from shared.web.signin.required import signed_in

_DONE = {
    "registered": "case.registered",
    "added": "case.added",
    "removed": "case.removed",
    "discharged": "case.discharged",
    "cancelled": "case.cancelled",
    "shown": "case.evidence.noted",
    "settled": "case.settled",
    "reversed": "case.reversed",
    "revised": "case.revised",
    "dismissed": "case.dismissed",
}
_DISCHARGE_FIELDS = {"discharged_at": "at"}

router = APIRouter(prefix="/cases", route_class=PageRoute, include_in_schema=False)

Caller = Annotated[Principal, signed_in("claims:encounters")]


@router.get("/{encounter_id}")
async def case(
    encounter_id: UUID,
    request: Request,
    caller: Caller,
    session: Writes,
    context: Context,
    done: Annotated[str, Query(max_length=16)] = "",
    preview: bool = False,
) -> Response:
    """One case."""
    words = Words(done=_DONE.get(done), preview=preview)
    return await case_page(request, context, session, caller, encounter_id, words)


@router.post("/{encounter_id}/discharge")
async def discharge(
    encounter_id: UUID, request: Request, caller: Caller, session: Writes, context: Context
) -> Response:
    """The patient goes home; the page then shows what a settlement would say."""
    typed = await fields(request)
    at = local_moment(typed["at"])
    if at is None:
        words = Words(typed=typed, faults={"at": said("case.discharge.at.fault")}, status=422)
        words.opened = "discharge"
        return await case_page(request, context, session, caller, encounter_id, words)
    chosen = [code for code in PROGRAMMES if typed[f"programme-{code}"]]
    try:
        body = DischargeRequest.model_validate(
            {
                "discharged_at": at,
                "diagnoses": re.split(r"[\s,,;;、]+", typed["diagnoses"])
                if typed["diagnoses"]
                else [],
                "referral": True if typed["referral"] else None,
                "disease_programme": chosen or None,
            }
        )
    except ValidationError as error:
        faults = at_fields(field_faults(error.errors()), _DISCHARGE_FIELDS)
        words = Words(typed=typed, faults=faults, opened="discharge", status=422)
        return await case_page(request, context, session, caller, encounter_id, words)
    answer = await attempt(
        session, discharging.discharge(session, context, caller, encounter_id, body)
    )
    if isinstance(answer, Problem):
        found = at_fields(answer.errors, _DISCHARGE_FIELDS)
        words = Words(
            typed=typed,
            faults=found,
            problem=None if found else told(answer),
            opened="discharge",
            status=answer.status,
        )
        return await case_page(request, context, session, caller, encounter_id, words)
    return see(f"/claims/cases/{encounter_id}?done=discharged")


@router.post("/{encounter_id}/cancel")
async def cancel(
    encounter_id: UUID, request: Request, caller: Caller, session: Writes, context: Context
) -> Response:
    """The visit did not take place."""
    typed = await fields(request)
    try:
        reason = CancelRequest(reason=typed["cancel_reason"]).reason
    except ValidationError:
        faults = {"cancel_reason": said("case.cancel.reason.missing")}
        words = Words(typed=typed, faults=faults, opened="cancel", status=422)
        return await case_page(request, context, session, caller, encounter_id, words)
    answer = await attempt(session, changing.cancel(session, context, caller, encounter_id, reason))
    if isinstance(answer, Problem):
        words = Words(problem=told(answer), status=answer.status)
        return await case_page(request, context, session, caller, encounter_id, words)
    return see(f"/claims/cases/{encounter_id}?done=cancelled")


@router.post("/{encounter_id}/evidence")
async def evidence(
    encounter_id: UUID, request: Request, caller: Caller, session: Writes, context: Context
) -> Response:
    """Whether the patient showed his card."""
    typed = await fields(request)
    shown = EvidenceRequest(card_presented=typed["card"] == "1")
    answer = await attempt(
        session, changing.note_evidence(session, context, caller, encounter_id, shown)
    )
    if isinstance(answer, Problem):
        words = Words(problem=told(answer), status=answer.status)
        return await case_page(request, context, session, caller, encounter_id, words)
    return see(f"/claims/cases/{encounter_id}?done=shown")
