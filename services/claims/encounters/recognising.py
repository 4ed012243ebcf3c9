"""Which person a visit's recognitions make its patient."""

from __future__ import annotations

from typing import Any

from services.claims.encounters import members, recognitions, repository
from services.claims.encounters.domain import (
    Encounter,
    Recognition,
    in_conflict,
    in_force,
    pending,
    treat_first,
    winner,
)
from services.claims.encounters.problems import EncounterNotFound
from services.claims.encounters.telling import tell_discharged, tell_opened
from services.claims.facilities.service import facility_of
from services.claims.reservations import service as reservations
from shared.clock import business_date
from shared.db.session import WriteSession
from shared.ids import new_id
from shared.runtime.context import ServiceContext


async def recognise(
    session: WriteSession,
    context: ServiceContext,
    *,
    facility_code: str,
    visit_no: str,
    recognition: Recognition,
) -> None:
    """Open the recognised patient's encounter, or let what is known now decide the one there is.

    The end state does not depend on the order or number of deliveries: of several recognitions
    a certain one counts before a probable one, then the earlier, each as it was told last; a
    settled encounter keeps its person until the settlement is reversed. A recognition that names
    nobody opens nothing: it takes back what was said under its id, and then the hospital's word
    counts again, or nobody's.
    """
    if not recognition.names_somebody:
        await _withdraw(session, context, facility_code, visit_no, recognition)
        return
    facility = facility_of(context, facility_code)
    encounter_id = new_id()
    region = context.region.region_code
    opened = await repository.insert_if_new(
        session,
        {
            "id": encounter_id,
            "region": region,
            "facility_code": facility_code,
            "visit_no": visit_no,
            "visit_type": recognition.visit_type,
            "status": "open",
            "version": 1,
            "admitted_at": recognition.occurred_at,
            "insurance_plan": "resident",
            "deposit_fen": 0,
            **_recognised_columns(recognition),
        },
    )
    if opened:
        await recognitions.keep(session, encounter_id, recognition)
        await tell_opened(session, facility, await repository.required(session, encounter_id))
        return
    encounter = await repository.lock_visit(
        session, region=region, facility_code=facility_code, visit_no=visit_no
    )
    if encounter is None:
        raise EncounterNotFound
    await recognitions.keep(session, encounter.id, recognition)
    await apply_recognitions(session, context, encounter)


async def _withdraw(
    session: WriteSession,
    context: ServiceContext,
    facility_code: str,
    visit_no: str,
    recognition: Recognition,
) -> None:
    encounter = await repository.lock_visit(
        session,
        region=context.region.region_code,
        facility_code=facility_code,
        visit_no=visit_no,
    )
    if encounter is None:
        return
    await recognitions.keep(session, encounter.id, recognition)
    await apply_recognitions(session, context, encounter)


async def patient_known_now(session: WriteSession, encounter: Encounter) -> str | None:
    """Whose visit it would be if its recognitions were applied now."""
    chosen = winner(await recognitions.of_encounter(session, encounter.id))
    if chosen is not None:
        return chosen.person_id
    if encounter.recognition_id is None or encounter.registration is None:
        return encounter.person_id
    named: str | None = encounter.registration.get("person_id")
    return named


async def apply_recognitions(
    session: WriteSession, context: ServiceContext, encounter: Encounter
) -> Encounter:
    """Let the recognition that counts decide the person of a locked encounter."""
    said = await recognitions.of_encounter(session, encounter.id)
    chosen = winner(said)
    named = None if encounter.registration is None else encounter.registration.get("person_id")
    wanted: dict[str, Any] = {"recognition_conflict": in_conflict(said, named)}
    if encounter.status == "cancelled":
        # It is over; what is known of its patient is kept, and changes nothing.
        return encounter
    if encounter.status == "settled":
        wanted |= await _pending_columns(session, encounter, chosen, named)
    else:
        wanted |= {"recognition_pending": False, "pending_person_id": None}
        if chosen is not None:
            wanted |= _recognised_columns(chosen)
            if encounter.registration is None:
                wanted |= {"visit_type": chosen.visit_type, "admitted_at": chosen.occurred_at}
        elif encounter.recognition_id is not None:
            wanted |= await _unrecognised_columns(session, context, encounter, named)
    if all(encounter.stored[column] == value for column, value in wanted.items()):
        return encounter
    await repository.change(session, encounter, wanted)
    changed = await repository.required(session, encounter.id)
    if changed.status == "discharged" and changed.person_id != encounter.person_id:
        # Who went home was not known, or was known wrongly, when the discharge was told.
        await tell_discharged(session, facility_of(context, changed.facility_code), changed)
    if changed.status != "settled":
        await reservations.refresh(session, context, changed)
    return changed


async def follow_registry(session: WriteSession, context: ServiceContext, person_id: str) -> None:
    """The registry says something else of a person: his settled bills may wait for it.

    Only visits that the hospital registered itself; of a recognised one identity tells what its
    recognition has become.
    """
    for encounter_id in await repository.settled_on_the_registry(session, person_id):
        encounter = await repository.lock(session, encounter_id)
        if encounter is not None and encounter.status == "settled":
            await apply_recognitions(session, context, encounter)


async def _pending_columns(
    session: WriteSession, encounter: Encounter, chosen: Recognition | None, named: str | None
) -> dict[str, Any]:
    """Money is not moved by an event: what a new settlement would change is marked."""
    if encounter.settlement_id is None:
        raise AssertionError("a settled encounter has its settlement")
    admitted_at = encounter.admitted_at
    if chosen is not None and encounter.registration is None:
        admitted_at = chosen.occurred_at
    changes = pending(
        settled_person=encounter.person_id,
        settled_categories=await repository.settled_categories(session, encounter.settlement_id),
        chosen=chosen,
        named_by_hospital=named,
        registered=encounter.member_categories,
        day=business_date(admitted_at),
    )
    other = chosen.person_id if chosen is not None else named
    return {
        "recognition_pending": bool(changes),
        "pending_person_id": other if changes.person and not changes.categories else None,
    }


async def _unrecognised_columns(
    session: WriteSession, context: ServiceContext, encounter: Encounter, named: str | None
) -> dict[str, Any]:
    """As the hospital registered the visit, without any word of identity."""
    member = await members.get_member(session, named) if named else None
    facility = facility_of(context, encounter.facility_code)
    poor = member is not None and bool(
        in_force(member.categories, business_date(encounter.admitted_at))
    )
    return {
        "person_id": named,
        "recognition_id": None,
        "recognition_grade": None,
        "categories": None,
        "treat_first_pay_later": treat_first(
            poor=poor, in_region=facility.in_region, designated=facility.designated
        ),
        "township": None,
        "village": None,
    }


def _recognised_columns(recognition: Recognition) -> dict[str, Any]:
    return {
        "person_id": recognition.person_id,
        "recognition_id": recognition.recognition_id,
        "recognition_grade": recognition.grade,
        "categories": [period.as_dict() for period in recognition.categories],
        "treat_first_pay_later": recognition.treat_first_pay_later,
        "township": recognition.township,
        "village": recognition.village,
    }
