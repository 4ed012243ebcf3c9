"""Whether a visit's patient is treated first and pays later, by all that is known now."""

from __future__ import annotations

from services.claims.encounters.domain import Encounter, in_force, treat_first
from shared.clock import business_date
from shared.runtime.context import ServiceContext


def pays_later(context: ServiceContext, encounter: Encounter) -> bool:
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
