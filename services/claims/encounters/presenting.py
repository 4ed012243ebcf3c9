"""An encounter as it is shown."""

from __future__ import annotations

from services.claims.charges.repository import Totals
from services.claims.encounters.domain import in_force, treat_first
from services.claims.encounters.repository import Encounter
from services.claims.encounters.schemas import CategoryAnswer, ChargeTotals, EncounterAnswer
from shared.clock import SHANGHAI, business_date
from shared.money import Fen
from shared.runtime.context import ServiceContext


def _pays_later(context: ServiceContext, encounter: Encounter) -> bool:
    """As identity recognised; for a person whom the hospital named, as the registry says now.

    The registry's word may come after the visit was opened, and must count then.
    """
    facility = context.region.facility(encounter.facility_code)
    if encounter.recognition_id is not None or facility is None:
        return encounter.treat_first_pay_later
    return treat_first(
        poor=bool(in_force(encounter.categories, business_date(encounter.admitted_at))),
        in_region=facility.in_region,
        designated=facility.designated,
    )


def answer(context: ServiceContext, encounter: Encounter, totals: Totals) -> EncounterAnswer:
    """The HTTP shape; categories are those in force on the visit's date."""
    admitted_on = business_date(encounter.admitted_at)
    pays_later = _pays_later(context, encounter)
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
            "referral": encounter.referral,
            "referral_issuer": encounter.referral_issuer,
            "disease_programme": encounter.disease_programme,
            "insurance_plan": encounter.insurance_plan,
            "evidence": {"card_presented": encounter.card_presented},
            "treat_first_pay_later": pays_later,
            "deposit": Fen(encounter.deposit_fen),
            "deposit_to_return": Fen(encounter.deposit_fen if pays_later else 0),
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
            "settlement_id": str(encounter.settlement_id) if encounter.settlement_id else None,
            "township": encounter.township,
            "village": encounter.village,
        }
    )
