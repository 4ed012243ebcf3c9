"""Events in: what identity says of visits and of persons."""

from __future__ import annotations

from services.claims.encounters import recognising, service
from services.claims.encounters.domain import Grade, Period, Recognition
from services.claims.encounters.members import Member
from shared.db.session import WriteSession
from shared.events.base import Envelope
from shared.events.catalog import (
    CategoryPeriod,
    PersonChanged,
    PersonEntered,
    PersonLeft,
    RecognitionMade,
    RecognitionRevised,
)
from shared.runtime.context import ServiceContext

_NAMING = frozenset({"certain", "probable"})


def _period(category: CategoryPeriod) -> Period:
    return Period(category.code, category.valid_from, category.valid_to)


async def on_recognition_made(
    event: Envelope[RecognitionMade], session: WriteSession, context: ServiceContext
) -> None:
    """A recognised patient's encounter opens by itself, without a deposit (LP-23, LP-26, JK-14).

    A ``possible`` or ``none`` opens nothing: the hospital registers such a patient with
    ``POST /encounters``, and a review may still name him.
    """
    said = event.data
    if said.grade not in _NAMING or said.person_id is None:
        return
    await _recognise(event, said.grade, said.person_id, session, context)


async def on_recognition_revised(
    event: Envelope[RecognitionRevised], session: WriteSession, context: ServiceContext
) -> None:
    """Identity knows better: the visit gets its patient, another one, or none.

    A review, a roster that reaches back, a number that arrived or a merge may be the reason. What
    is settled stays, and is marked as waiting for a new settlement.
    """
    said = event.data
    grade = said.to_grade
    if grade in _NAMING and said.to_person_id is None:
        # It promises a person and gives none; nobody can be treated on it.
        grade = "none"
    person_id = said.to_person_id if grade in _NAMING else None
    await _recognise(event, grade, person_id, session, context)


async def _recognise(
    event: Envelope[RecognitionMade] | Envelope[RecognitionRevised],
    grade: Grade,
    person_id: str | None,
    session: WriteSession,
    context: ServiceContext,
) -> None:
    said = event.data
    await recognising.recognise(
        session,
        context,
        facility_code=said.facility_code,
        visit_no=said.visit_no,
        recognition=Recognition(
            recognition_id=said.recognition_id,
            grade=grade,
            person_id=person_id,
            categories=tuple(_period(category) for category in said.categories),
            treat_first_pay_later=said.entitlements.treat_first_pay_later,
            occurred_at=said.occurred_at,
            visit_type=said.visit_type,
            township=said.township,
            village=said.village,
            sequence=event.sequence,
        ),
    )


async def _keep(
    event: Envelope[PersonEntered] | Envelope[PersonChanged] | Envelope[PersonLeft],
    session: WriteSession,
    context: ServiceContext,
) -> None:
    said = event.data
    await service.keep_member(
        session,
        context,
        Member(
            person_id=said.person_id,
            household_id=said.household_id,
            township=said.township,
            village=said.village,
            categories=tuple(_period(category) for category in said.categories),
            effective_on=said.effective_on,
            recorded_at=said.recorded_at,
            sequence=event.sequence,
            sex=said.sex,
            birth_year=said.birth_year,
            left_reason=(said.reason or "")[:32] or None if isinstance(said, PersonLeft) else None,
        ),
    )


async def on_person_entered(
    event: Envelope[PersonEntered], session: WriteSession, context: ServiceContext
) -> None:
    """A person came onto the registry: his categories and home."""
    await _keep(event, session, context)


async def on_person_changed(
    event: Envelope[PersonChanged], session: WriteSession, context: ServiceContext
) -> None:
    """A registered person's categories, household or village changed."""
    await _keep(event, session, context)


async def on_person_left(
    event: Envelope[PersonLeft], session: WriteSession, context: ServiceContext
) -> None:
    """A person left the registry; the periods' ends say from which day."""
    await _keep(event, session, context)
