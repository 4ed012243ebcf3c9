"""What encounters publish, in the transaction of the change."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services.claims.encounters.domain import Encounter, TransitionNotAllowed
from shared.clock import business_date
from shared.db.session import WriteSession
from shared.events.catalog import EncounterCancelled, EncounterDischarged, EncounterOpened
from shared.messaging import outbox
from shared.money import Fen
from shared.policy.region import Facility


def _visit(facility: Facility, encounter: Encounter) -> dict[str, Any]:
    return {
        "encounter_id": str(encounter.id),
        "person_id": encounter.person_id,
        "facility_code": encounter.facility_code,
        "facility_level": facility.facility_level,
        "in_region": facility.in_region,
        "visit_no": encounter.visit_no,
        "visit_type": encounter.visit_type,
        "admitted_on": business_date(encounter.admitted_at),
        "township": encounter.township,
        "village": encounter.village,
    }


async def tell_opened(session: WriteSession, facility: Facility, encounter: Encounter) -> None:
    """Publish that a visit's case is open."""
    await outbox.record(
        session,
        EncounterOpened(
            **_visit(facility, encounter),
            deposit=Fen(encounter.deposit_fen),
            treat_first_pay_later=encounter.treat_first_pay_later,
            recognition_id=encounter.recognition_id,
        ),
        subject=str(encounter.id),
        sequence=encounter.version,
        occurred_at=encounter.admitted_at,
    )


async def tell_discharged(session: WriteSession, facility: Facility, encounter: Encounter) -> None:
    """Publish that the patient of a discharged encounter went home."""
    if encounter.discharged_at is None:
        raise TransitionNotAllowed(encounter.status, "discharge")
    await outbox.record(
        session,
        EncounterDischarged(
            **_visit(facility, encounter),
            discharged_on=business_date(encounter.discharged_at),
            diagnoses=encounter.diagnoses,
        ),
        subject=str(encounter.id),
        sequence=encounter.version,
        occurred_at=encounter.discharged_at,
    )


async def tell_cancelled(
    session: WriteSession, facility: Facility, encounter: Encounter, at: datetime
) -> None:
    """Publish that a visit will never be settled."""
    await outbox.record(
        session,
        EncounterCancelled(**_visit(facility, encounter), cancelled_at=at),
        subject=str(encounter.id),
        sequence=encounter.version,
        occurred_at=at,
    )
