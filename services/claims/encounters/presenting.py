"""An encounter as it is shown."""

from __future__ import annotations

from services.claims.charges.repository import Totals
from services.claims.encounters.domain import Encounter
from services.claims.encounters.paying_later import pays_later
from services.claims.encounters.schemas import (
    CategoryAnswer,
    ChargeTotals,
    EncounterAnswer,
    as_told,
)
from services.claims.reservations.domain import Reservation
from services.claims.reservations.schemas import as_answer
from shared.clock import SHANGHAI, business_date
from shared.money import Fen
from shared.runtime.context import ServiceContext


def answer(
    context: ServiceContext,
    encounter: Encounter,
    totals: Totals,
    reservation: Reservation | None = None,
) -> EncounterAnswer:
    """The HTTP shape; categories are those in force on the visit's date."""
    admitted_on = business_date(encounter.admitted_at)
    later = pays_later(context, encounter)
    discharged_at = encounter.discharged_at
    return EncounterAnswer.model_validate(
        {
            "encounter_id": str(encounter.id),
            "status": encounter.status,
            "facility_code": encounter.facility_code,
            "visit_no": encounter.visit_no,
            "type": encounter.visit_type,
            "person_id": encounter.patient_id,
            "admitted_at": encounter.admitted_at.astimezone(SHANGHAI),
            "discharged_at": discharged_at.astimezone(SHANGHAI) if discharged_at else None,
            "diagnoses": list(encounter.diagnoses),
            "doctor_code": encounter.doctor_code,
            "referral": encounter.referral,
            "referral_issuer": encounter.referral_issuer,
            "disease_programme": as_told(encounter.disease_programme),
            "insurance_plan": encounter.insurance_plan,
            "evidence": {
                "card_presented": encounter.card_presented,
                "stated_payments": {
                    payer: Fen(amount) for payer, amount in encounter.stated_payments.items()
                },
            },
            "treat_first_pay_later": later,
            "deposit": Fen(encounter.deposit_fen),
            "deposit_to_return": Fen(encounter.deposit_fen if later else 0),
            "categories": [
                CategoryAnswer(
                    code=period.code, valid_from=period.valid_from, valid_to=period.valid_to
                )
                for period in sorted(
                    encounter.categories, key=lambda period: (period.valid_from, period.code)
                )
                if period.holds_on(admitted_on)
            ],
            "recognition_id": encounter.recognition_id,
            "recognition_grade": encounter.recognition_grade,
            "recognition_conflict": encounter.recognition_conflict,
            "recognition_pending": encounter.recognition_pending,
            "totals": ChargeTotals(
                batches=totals.batches, lines=totals.lines, amount=Fen(totals.amount_fen)
            ),
            "estimated_cost": (
                None if encounter.estimated_fen is None else Fen(encounter.estimated_fen)
            ),
            "reservation": (
                None if reservation is None else as_answer(reservation, context.clock.now())
            ),
            "settlement_id": str(encounter.settlement_id) if encounter.settlement_id else None,
            "township": encounter.township,
            "village": encounter.village,
        }
    )
