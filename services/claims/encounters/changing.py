"""Use cases that change a visit's case afterwards: cancel it, note what the patient showed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from services.claims.encounters import repository
from services.claims.encounters.domain import Encounter, TransitionNotAllowed, after
from services.claims.encounters.problems import (
    EncounterCancelledAlready,
    EncounterRefused,
    EncounterSettledAlready,
    stated_faults,
)
from services.claims.encounters.schemas import EvidenceRequest, stated_in_fen
from services.claims.encounters.service import locked_for
from services.claims.encounters.telling import tell_cancelled
from services.claims.facilities.service import facility_of
from services.claims.reservations import service as reservations
from shared.db.session import WriteSession
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import Principal


async def cancel(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    encounter_id: UUID,
    reason: str,
) -> Encounter:
    """The visit did not take place; it can be neither charged nor settled. Again: no change.

    Raises:
        EncounterNotFound: no such encounter, or another facility's.
        EncounterSettledAlready: its settlement must be reversed first.
    """
    encounter = await locked_for(session, caller, encounter_id)
    if encounter.status == "cancelled":
        return encounter
    try:
        status = after(encounter.status, "cancel")
    except TransitionNotAllowed as refusal:
        raise EncounterSettledAlready("reverse the settlement, then cancel") from refusal
    now = context.clock.now()
    await repository.change(
        session,
        encounter,
        {"status": status, "cancelled_at": now, "cancel_reason": reason},
    )
    cancelled = await repository.required(session, encounter_id)
    await reservations.refresh(session, context, cancelled)
    await tell_cancelled(session, facility_of(context, cancelled.facility_code), cancelled, now)
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="encounter.cancelled",
        subject=str(encounter_id),
        at=now,
        detail={"reason": reason},
    )
    return cancelled


async def note_evidence(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    encounter_id: UUID,
    body: EvidenceRequest,
) -> Encounter:
    """What the patient showed or a scheme told, also after the settlement: then it is revised (XB-06).

    What is not named in the body stays as it is.

    Raises:
        EncounterNotFound: no such encounter, or another facility's.
        EncounterCancelledAlready: the visit will not be settled.
        EncounterRefused: a share that no scheme pays.
    """
    encounter = await locked_for(session, caller, encounter_id)
    if encounter.status == "cancelled":
        raise EncounterCancelledAlready
    faults = stated_faults("", stated_in_fen(body))
    if faults:
        raise EncounterRefused("correct the fields named in errors", errors=faults)
    told: dict[str, Any] = {}
    if "card_presented" in body.model_fields_set:
        told["card_presented"] = body.card_presented
    if "stated_payments" in body.model_fields_set:
        told["stated_payments"] = stated_in_fen(body)
    if all(encounter.stored[name] == value for name, value in told.items()):
        return encounter
    await repository.change(session, encounter, told)
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="encounter.evidence_noted",
        subject=str(encounter_id),
        at=context.clock.now(),
        detail=told,
    )
    changed = await repository.required(session, encounter_id)
    await reservations.refresh(session, context, changed)
    return changed
