"""Identity's events: the registry, and whom hospitals asked about."""

from __future__ import annotations

from sqlalchemy import bindparam, delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.dml import ReturningInsert

from services.reporting.models import Person, PersonCategory, Recognition, Roster
from shared.clock import business_date
from shared.db.base import table_of
from shared.db.session import WriteSession
from shared.events.base import Envelope
from shared.events.catalog import (
    PersonChanged,
    PersonEntered,
    PersonLeft,
    RecognitionMade,
    RecognitionRevised,
    RosterApplied,
)
from shared.runtime.context import ServiceContext

_PERSON_COLUMNS = ("region", "household_id", "township", "village", "sequence")


def _keep_person() -> ReturningInsert[tuple[str]]:
    statement = insert(table_of(Person))
    return statement.on_conflict_do_update(
        index_elements=["person_id"],
        set_={name: statement.excluded[name] for name in _PERSON_COLUMNS},
        where=table_of(Person).c.sequence < statement.excluded.sequence,
    ).returning(table_of(Person).c.person_id)


# Made once: putting a statement together costs more than sending it.
_KEEP_PERSON = _keep_person()
_KEEP_ROSTER = insert(table_of(Roster)).on_conflict_do_nothing()
_KEEP_RECOGNITION = insert(table_of(Recognition)).on_conflict_do_nothing()
_ANSWER = insert(table_of(Recognition))
_KEEP_REVISED = _ANSWER.on_conflict_do_update(
    index_elements=["recognition_id"],
    set_={name: _ANSWER.excluded[name] for name in ("grade", "person_id", "township", "village")},
)
_ADD_CATEGORY = insert(table_of(PersonCategory))
_FORGET_CATEGORIES = delete(table_of(PersonCategory)).where(
    table_of(PersonCategory).c.person_id == bindparam("of_person")
)


async def roster_applied(
    event: Envelope[RosterApplied], session: WriteSession, context: ServiceContext
) -> None:
    """Keep what an import changed."""
    told = event.data
    row = {
        "import_id": told.import_id,
        "region": context.region.region_code,
        "roster_source": told.roster_source,
        "effective_on": told.effective_on,
        "added": told.added,
        "changed": told.changed,
        "removed": told.removed,
    }
    await session.execute(_KEEP_ROSTER, row)


async def person_entered(
    event: Envelope[PersonEntered], session: WriteSession, context: ServiceContext
) -> None:
    """A person with home and categories."""
    await _person(event, session, context)


async def person_changed(
    event: Envelope[PersonChanged], session: WriteSession, context: ServiceContext
) -> None:
    """A person's new home or categories."""
    await _person(event, session, context)


async def person_left(
    event: Envelope[PersonLeft], session: WriteSession, context: ServiceContext
) -> None:
    """The categories' last days say when the person left."""
    await _person(event, session, context)


async def _person(
    event: Envelope[PersonEntered] | Envelope[PersonChanged] | Envelope[PersonLeft],
    session: WriteSession,
    context: ServiceContext,
) -> None:
    told = event.data
    row = {
        "person_id": told.person_id,
        "region": context.region.region_code,
        "household_id": told.household_id,
        "township": told.township,
        "village": told.village if told.township else None,
        "sequence": event.sequence,
    }
    if (await session.execute(_KEEP_PERSON, row)).scalar_one_or_none() is None:
        return
    await session.execute(_FORGET_CATEGORIES, {"of_person": told.person_id})
    if told.categories:
        await session.execute(
            _ADD_CATEGORY,
            [
                {
                    "person_id": told.person_id,
                    "ordinal": ordinal,
                    "code": period.code,
                    "valid_from": period.valid_from,
                    "valid_to": period.valid_to,
                }
                for ordinal, period in enumerate(told.categories)
            ],
        )


async def recognition_made(
    event: Envelope[RecognitionMade], session: WriteSession, context: ServiceContext
) -> None:
    """One question and its answer; the day is the visit's, not the message's."""
    told = event.data
    row = {
        "recognition_id": told.recognition_id,
        "region": context.region.region_code,
        "grade": told.grade,
        "person_id": told.person_id,
        "facility_code": told.facility_code,
        "visit_no": told.visit_no,
        "visit_type": told.visit_type,
        "occurred_on": business_date(told.occurred_at),
        "township": told.township,
        "village": told.village if told.township else None,
    }
    await session.execute(_KEEP_RECOGNITION, row)


async def recognition_revised(
    event: Envelope[RecognitionRevised], session: WriteSession, context: ServiceContext
) -> None:
    """The answer as now known; it comes after the first one, for both have one key."""
    told = event.data
    row = {
        "recognition_id": told.recognition_id,
        "region": context.region.region_code,
        "grade": told.to_grade,
        "person_id": told.to_person_id,
        "facility_code": told.facility_code,
        "visit_no": told.visit_no,
        "visit_type": told.visit_type,
        "occurred_on": business_date(told.occurred_at),
        "township": told.township,
        "village": told.village if told.township else None,
    }
    await session.execute(_KEEP_REVISED, row)
