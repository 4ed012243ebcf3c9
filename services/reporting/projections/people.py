"""Identity's events: the registry, and whom hospitals asked about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, delete, exists, select
from sqlalchemy.dialects.postgresql import insert

from services.reporting.models import Person, PersonCategory, Recognition, Roster
from services.reporting.projections.fold import told_once, write
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

_PERSONS, _CATEGORIES = table_of(Person), table_of(PersonCategory)
_PERSON_COLUMNS = ("region", "household_id", "township", "village", "sequence")
_CATEGORY_COLUMNS = ("person_id", "ordinal", "code", "valid_from", "valid_to")


def _roster(event: Envelope[RosterApplied]) -> dict[str, Any]:
    told = event.data
    return {
        "import_id": told.import_id,
        "roster_source": told.roster_source,
        "effective_on": told.effective_on,
        "added": told.added,
        "changed": told.changed,
        "removed": told.removed,
    }


roster_applied = told_once(table_of(Roster), _roster)
"""What an import changed."""

# Made once: putting a statement together costs more than sending it.
_TOLD = insert(_PERSONS)
_KEEP_PERSON = _TOLD.on_conflict_do_update(
    index_elements=["person_id"],
    set_={name: _TOLD.excluded[name] for name in _PERSON_COLUMNS},
    where=_PERSONS.c.sequence < _TOLD.excluded.sequence,
)
_STANDS = exists().where(
    _PERSONS.c.person_id == bindparam("of_person"), _PERSONS.c.sequence == bindparam("of_sequence")
)
"""Whether the event is the newest that was told of the person."""
_FORGET_CATEGORIES = delete(_CATEGORIES).where(
    _CATEGORIES.c.person_id == bindparam("of_person"), _STANDS
)
_ADD_CATEGORY = (
    insert(_CATEGORIES)
    .from_select(
        _CATEGORY_COLUMNS,
        select(
            *(
                bindparam(f"new_{name}", type_=_CATEGORIES.c[name].type)
                for name in _CATEGORY_COLUMNS
            )
        ).where(_STANDS),
    )
    .on_conflict_do_nothing()
)


async def person_told(
    events: Sequence[Envelope[PersonEntered | PersonChanged | PersonLeft]],
    session: WriteSession,
    context: ServiceContext,
) -> None:
    """Persons with home and categories; the categories' last days say when somebody left."""
    persons, stand, categories = [], [], []
    for event in events:
        told = event.data
        of = {"of_person": told.person_id, "of_sequence": event.sequence}
        persons.append(
            {
                "person_id": told.person_id,
                "region": context.region.region_code,
                "household_id": told.household_id,
                "township": told.township,
                "village": told.village if told.township else None,
                "sequence": event.sequence,
            }
        )
        stand.append(of)
        categories += [
            {
                **of,
                "new_person_id": told.person_id,
                "new_ordinal": ordinal,
                "new_code": period.code,
                "new_valid_from": period.valid_from,
                "new_valid_to": period.valid_to,
            }
            for ordinal, period in enumerate(told.categories)
        ]
    await write(session, _KEEP_PERSON, persons)
    await write(session, _FORGET_CATEGORIES, stand)
    await write(session, _ADD_CATEGORY, categories)


def _asked(event: Envelope[RecognitionMade | RecognitionRevised]) -> dict[str, Any]:
    """Of a question; the day is the visit's, not the message's."""
    told = event.data
    return {
        "recognition_id": told.recognition_id,
        "facility_code": told.facility_code,
        "visit_no": told.visit_no,
        "visit_type": told.visit_type,
        "occurred_on": business_date(told.occurred_at),
        "township": told.township,
        "village": told.village if told.township else None,
    }


def _answered(event: Envelope[RecognitionMade]) -> dict[str, Any]:
    return {**_asked(event), "grade": event.data.grade, "person_id": event.data.person_id}


recognition_made = told_once(table_of(Recognition), _answered)
"""One question and its answer."""

_ANSWER = insert(table_of(Recognition))
_KEEP_REVISED = _ANSWER.on_conflict_do_update(
    index_elements=["recognition_id"],
    set_={name: _ANSWER.excluded[name] for name in ("grade", "person_id", "township", "village")},
)


async def recognition_revised(
    events: Sequence[Envelope[RecognitionRevised]], session: WriteSession, context: ServiceContext
) -> None:
    """The answer as now known; it comes after the first one, for both have one key."""
    rows = [
        {
            **_asked(event),
            "region": context.region.region_code,
            "grade": event.data.to_grade,
            "person_id": event.data.to_person_id,
        }
        for event in events
    ]
    await write(session, _KEEP_REVISED, rows)
