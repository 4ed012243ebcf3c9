"""All SQL of what identity said of the encounters."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import Insert, insert

from services.claims.encounters import repository
from services.claims.encounters.domain import Encounter, Recognition
from services.claims.encounters.members import periods
from services.claims.models import encounter_recognitions
from shared.db.session import ReadSession, WriteSession


def _keep_recognition() -> Insert:
    statement = insert(encounter_recognitions)
    said = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=["recognition_id"],
        set_={
            column.name: said[column.name]
            for column in encounter_recognitions.c
            if column.name not in {"recognition_id", "encounter_id"}
        },
        where=said.sequence > encounter_recognitions.c.sequence,
    )


# Made once: putting a statement together costs more than sending it.
_KEEP = _keep_recognition()


async def encounter_of(session: ReadSession, recognition_id: str) -> Encounter | None:
    """The encounter of which identity spoke under that id."""
    found = await session.execute(
        select(encounter_recognitions.c.encounter_id).where(
            encounter_recognitions.c.recognition_id == recognition_id
        )
    )
    encounter_id = found.scalar_one_or_none()
    return None if encounter_id is None else await repository.get(session, encounter_id)


async def keep(session: WriteSession, encounter_id: UUID, recognition: Recognition) -> None:
    """Remember what identity said last of the visit; a repeated or older word changes nothing."""
    row = {
        "recognition_id": recognition.recognition_id,
        "encounter_id": encounter_id,
        "grade": recognition.grade,
        "person_id": recognition.person_id,
        "categories": [period.as_dict() for period in recognition.categories],
        "treat_first_pay_later": recognition.treat_first_pay_later,
        "visit_type": recognition.visit_type,
        "township": recognition.township,
        "village": recognition.village,
        "occurred_at": recognition.occurred_at,
        "sequence": recognition.sequence,
    }
    await session.execute(_KEEP, row)


_RECOGNITIONS = select(encounter_recognitions).where(
    encounter_recognitions.c.encounter_id == bindparam("encounter_id")
)


async def of_encounter(session: ReadSession, encounter_id: UUID) -> list[Recognition]:
    """What is known of a visit's patient, withdrawn words included."""
    rows = await session.execute(_RECOGNITIONS, {"encounter_id": encounter_id})
    return [
        Recognition(
            recognition_id=row.recognition_id,
            grade=row.grade,
            person_id=row.person_id,
            categories=periods(row.categories),
            treat_first_pay_later=row.treat_first_pay_later,
            occurred_at=row.occurred_at,
            visit_type=row.visit_type,
            township=row.township,
            village=row.village,
            sequence=row.sequence,
        )
        for row in rows
    ]
