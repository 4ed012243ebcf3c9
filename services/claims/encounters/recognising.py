"""Which person a visit's recognitions make its patient."""

from __future__ import annotations

from typing import Any

from services.claims.encounters import repository
from services.claims.encounters.domain import (
    Recognition,
    in_conflict,
    in_force,
    treat_first,
    winner,
)
from services.claims.encounters.problems import EncounterNotFound
from services.claims.encounters.repository import Encounter
from services.claims.encounters.telling import tell_discharged, tell_opened
from services.claims.facilities.service import facility_of
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
    revised: bool = False,
) -> None:
    """Open the recognised patient's encounter, or attach him to the one that is there.

    The end state does not depend on the order or number of deliveries: of several recognitions
    a certain one counts before a probable one, then the earlier; a settled encounter keeps its
    person until the settlement is reversed.
    """
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
        await repository.keep_recognition(session, encounter_id, recognition)
        await tell_opened(session, facility, await repository.required(session, encounter_id))
        return
    encounter = await repository.lock_visit(
        session, region=region, facility_code=facility_code, visit_no=visit_no
    )
    if encounter is None:
        raise EncounterNotFound
    await repository.keep_recognition(session, encounter.id, recognition, revised=revised)
    await apply_recognitions(session, context, encounter)


async def withdraw(
    session: WriteSession,
    context: ServiceContext,
    *,
    facility_code: str,
    visit_no: str,
    recognition_id: str,
) -> None:
    """Take back what a recognition said of a visit: the hospital's word counts again, or nobody's.

    A settled encounter keeps its person until the settlement is reversed, and is marked.
    """
    encounter = await repository.lock_visit(
        session,
        region=context.region.region_code,
        facility_code=facility_code,
        visit_no=visit_no,
    )
    if encounter is None:
        return
    await repository.withdraw_recognition(session, recognition_id)
    if encounter.recognition_id is not None:
        await apply_recognitions(session, context, encounter)


async def apply_recognitions(
    session: WriteSession, context: ServiceContext, encounter: Encounter
) -> Encounter:
    """Let the recognition that counts decide the person of a locked encounter."""
    recognitions = await repository.recognitions_of(session, encounter.id)
    chosen = winner(recognitions)
    named = None if encounter.registration is None else encounter.registration.get("person_id")
    if chosen is None and encounter.recognition_id is None:
        return encounter
    columns = (
        await _unrecognised_columns(session, context, encounter, named)
        if chosen is None
        else _recognised_columns(chosen)
    )
    wanted: dict[str, Any] = {"recognition_conflict": in_conflict(recognitions, named)}
    if encounter.status == "settled":
        wanted["recognition_pending"] = any(
            _stored(encounter, column) != value for column, value in columns.items()
        )
    else:
        wanted["recognition_pending"] = False
        wanted |= columns
        if chosen is not None and encounter.registration is None:
            wanted |= {"visit_type": chosen.visit_type, "admitted_at": chosen.occurred_at}
    if all(_stored(encounter, column) == value for column, value in wanted.items()):
        return encounter
    await repository.change(session, encounter, wanted)
    changed = await repository.required(session, encounter.id)
    if changed.status == "discharged" and changed.person_id != encounter.person_id:
        # Who went home was not known, or was known wrongly, when the discharge was told.
        await tell_discharged(session, facility_of(context, changed.facility_code), changed)
    return changed


async def _unrecognised_columns(
    session: WriteSession, context: ServiceContext, encounter: Encounter, named: str | None
) -> dict[str, Any]:
    """As the hospital registered the visit, without any word of identity."""
    member = await repository.get_member(session, named) if named else None
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


def _stored(encounter: Encounter, column: str) -> Any:
    if column == "categories":
        periods = encounter.recognised_categories
        return None if periods is None else [period.as_dict() for period in periods]
    if column in {"township", "village"}:
        return getattr(encounter, f"recognised_{column}")
    return getattr(encounter, column)
