"""Use case: the hospital says what a visit will probably cost."""

from __future__ import annotations

from uuid import UUID

from services.claims.encounters import repository
from services.claims.encounters.domain import Encounter
from services.claims.encounters.problems import (
    EncounterCancelledAlready,
    EncounterRefused,
    EncounterSettledAlready,
    estimate_faults,
)
from services.claims.encounters.service import locked_for
from services.claims.reservations import service as reservations
from shared.db.session import WriteSession
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import Principal


async def estimate(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    encounter_id: UUID,
    estimated_fen: int,
) -> Encounter:
    """Keep the estimate and bring the reservation up to it; also renews one that has expired.

    Raises:
        EncounterNotFound: no such encounter, or another facility's.
        EncounterRefused: an amount that no visit costs.
        EncounterSettledAlready, EncounterCancelledAlready: nothing is reserved any more.
    """
    faults = estimate_faults(estimated_fen)
    if faults:
        raise EncounterRefused("correct the fields named in errors", errors=faults)
    encounter = await locked_for(session, caller, encounter_id)
    if encounter.status == "settled":
        raise EncounterSettledAlready
    if encounter.status == "cancelled":
        raise EncounterCancelledAlready
    await repository.change(session, encounter, {"estimated_fen": estimated_fen})
    changed = await repository.required(session, encounter_id)
    await reservations.refresh(session, context, changed)
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="encounter.estimated",
        subject=str(encounter_id),
        at=context.clock.now(),
        detail={"estimated_fen": estimated_fen},
    )
    return changed
