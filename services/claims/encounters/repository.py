"""All SQL of the encounters and of the members projection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, delete, select, tuple_, update
from sqlalchemy.dialects.postgresql import Insert, insert

from services.claims.encounters.domain import Period, Recognition, Status
from services.claims.models import encounter_recognitions, encounters, members
from shared.db.session import ReadSession, WriteSession


@dataclass(frozen=True)
class Encounter:
    """A visit's case, with what the registry says of its person (``member_…``)."""

    id: UUID
    region: str
    facility_code: str
    visit_no: str
    visit_type: str
    status: Status
    version: int
    admitted_at: datetime
    discharged_at: datetime | None
    diagnoses: tuple[str, ...]
    referral: bool
    disease_programme: str | None
    insurance_plan: str
    deposit_fen: int
    person_id: str | None
    recognition_id: str | None
    recognition_grade: str | None
    recognised_categories: tuple[Period, ...] | None
    """Those of the winning recognition; None when there is none."""
    treat_first_pay_later: bool
    recognised_township: str | None
    recognised_village: str | None
    recognition_conflict: bool
    recognition_pending: bool
    registration: Mapping[str, Any] | None
    settlement_id: UUID | None
    settlement_count: int
    last_settlement_id: UUID | None
    member_categories: tuple[Period, ...]
    member_township: str | None
    member_village: str | None

    @property
    def categories(self) -> tuple[Period, ...]:
        """The recognition's, else those that the registry's events told."""
        if self.recognised_categories is not None:
            return self.recognised_categories
        return self.member_categories

    @property
    def township(self) -> str | None:
        return self.recognised_township or self.member_township

    @property
    def village(self) -> str | None:
        return self.recognised_village or self.member_village


def _periods(stored: Sequence[Mapping[str, Any]] | None) -> tuple[Period, ...]:
    return tuple(Period.from_dict(item) for item in stored or ())


def _keep_member() -> Insert:
    statement = insert(members)
    said = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=["person_id"],
        set_={column.name: said[column.name] for column in members.c if column.name != "person_id"},
        where=tuple_(said.recorded_at, said.sequence)
        > tuple_(members.c.recorded_at, members.c.sequence),
    )


# Made once: putting a statement together costs more than sending it.
_KEEP_MEMBER = _keep_member()
_KEEP_RECOGNITION = insert(encounter_recognitions).on_conflict_do_nothing(
    index_elements=["recognition_id"]
)
_SAID = insert(encounter_recognitions)
_REVISE_RECOGNITION = _SAID.on_conflict_do_update(
    index_elements=["recognition_id"],
    set_={
        column.name: _SAID.excluded[column.name]
        for column in encounter_recognitions.c
        if column.name not in ("recognition_id", "encounter_id")
    },
)
_WITHDRAW_RECOGNITION = delete(encounter_recognitions).where(
    encounter_recognitions.c.recognition_id == bindparam("of_recognition")
)
_OPEN = (
    insert(encounters)
    .on_conflict_do_nothing(index_elements=["region", "facility_code", "visit_no"])
    .returning(encounters.c.id)
)
_COLUMNS = (
    *encounters.c,
    members.c.categories.label("member_categories"),
    members.c.township.label("member_township"),
    members.c.village.label("member_village"),
)


def _encounter(row: Row[Any]) -> Encounter:
    stored = row._mapping  # noqa: SLF001 - SQLAlchemy's public accessor
    recognised = stored["categories"]
    return Encounter(
        id=stored["id"],
        region=stored["region"],
        facility_code=stored["facility_code"],
        visit_no=stored["visit_no"],
        visit_type=stored["visit_type"],
        status=stored["status"],
        version=stored["version"],
        admitted_at=stored["admitted_at"],
        discharged_at=stored["discharged_at"],
        diagnoses=tuple(stored["diagnoses"]),
        referral=stored["referral"],
        disease_programme=stored["disease_programme"],
        insurance_plan=stored["insurance_plan"],
        deposit_fen=stored["deposit_fen"],
        person_id=stored["person_id"],
        recognition_id=stored["recognition_id"],
        recognition_grade=stored["recognition_grade"],
        recognised_categories=None if recognised is None else _periods(recognised),
        treat_first_pay_later=stored["treat_first_pay_later"],
        recognised_township=stored["township"],
        recognised_village=stored["village"],
        recognition_conflict=stored["recognition_conflict"],
        recognition_pending=stored["recognition_pending"],
        registration=stored["registration"],
        settlement_id=stored["settlement_id"],
        settlement_count=stored["settlement_count"],
        last_settlement_id=stored["last_settlement_id"],
        member_categories=_periods(stored["member_categories"]),
        member_township=stored["member_township"],
        member_village=stored["member_village"],
    )


_SELECT = select(*_COLUMNS).select_from(
    encounters.outerjoin(members, members.c.person_id == encounters.c.person_id)
)
_BY_ID = _SELECT.where(encounters.c.id == bindparam("encounter_id"))
_LOCK = _BY_ID.with_for_update(of=encounters)
_LOCK_VISIT = _SELECT.where(
    encounters.c.region == bindparam("region"),
    encounters.c.facility_code == bindparam("facility_code"),
    encounters.c.visit_no == bindparam("visit_no"),
).with_for_update(of=encounters)


async def get(session: ReadSession, encounter_id: UUID) -> Encounter | None:
    row = (await session.execute(_BY_ID, {"encounter_id": encounter_id})).one_or_none()
    return _encounter(row) if row else None


async def required(session: ReadSession, encounter_id: UUID) -> Encounter:
    """An encounter that this transaction knows to be there."""
    encounter = await get(session, encounter_id)
    if encounter is None:
        raise AssertionError("an encounter that was just written must be found")
    return encounter


async def lock(session: WriteSession, encounter_id: UUID) -> Encounter | None:
    """Read an encounter and hold its row until the transaction ends."""
    row = (await session.execute(_LOCK, {"encounter_id": encounter_id})).one_or_none()
    return _encounter(row) if row else None


async def lock_visit(
    session: WriteSession, *, region: str, facility_code: str, visit_no: str
) -> Encounter | None:
    """The same, by the hospital's own number of the visit."""
    visit = {"region": region, "facility_code": facility_code, "visit_no": visit_no}
    row = (await session.execute(_LOCK_VISIT, visit)).one_or_none()
    return _encounter(row) if row else None


async def insert_if_new(session: WriteSession, values: Mapping[str, Any]) -> bool:
    """Open an encounter unless the visit has one; says whether it did.

    A concurrent opening of the same visit makes this wait and then answer False.
    """
    return (await session.execute(_OPEN, dict(values))).one_or_none() is not None


async def change(session: WriteSession, encounter: Encounter, values: Mapping[str, Any]) -> int:
    """Write changed columns of a locked encounter; gives its new version."""
    version = encounter.version + 1
    await session.execute(
        update(encounters)
        .where(encounters.c.id == encounter.id, encounters.c.version == encounter.version)
        .values(version=version, **values)
    )
    return version


async def find(
    session: ReadSession,
    *,
    region: str,
    visit_no: str | None,
    facility_code: str | None,
    status: str | None,
    after: UUID | None,
    limit: int,
) -> list[Encounter]:
    """Encounters by id (that is, by the order in which they were opened)."""
    statement = _SELECT.where(encounters.c.region == region)
    if visit_no is not None:
        statement = statement.where(encounters.c.visit_no == visit_no)
    if facility_code is not None:
        statement = statement.where(encounters.c.facility_code == facility_code)
    if status is not None:
        statement = statement.where(encounters.c.status == status)
    if after is not None:
        statement = statement.where(encounters.c.id > after)
    rows = await session.execute(statement.order_by(encounters.c.id).limit(limit))
    return [_encounter(row) for row in rows]


async def has_visit_at(session: ReadSession, *, person_id: str, facility_code: str | None) -> bool:
    """Whether the person was ever a patient of the facility (None: of any)."""
    statement = select(encounters.c.id).where(encounters.c.person_id == person_id).limit(1)
    if facility_code is not None:
        statement = statement.where(encounters.c.facility_code == facility_code)
    return (await session.execute(statement)).one_or_none() is not None


async def withdraw_recognition(session: WriteSession, recognition_id: str) -> None:
    """Forget a recognition that identity has taken back."""
    await session.execute(_WITHDRAW_RECOGNITION, {"of_recognition": recognition_id})


async def keep_recognition(
    session: WriteSession, encounter_id: UUID, recognition: Recognition, *, revised: bool = False
) -> None:
    """Remember what identity said of the visit; a second delivery changes nothing.

    Args:
        revised: whether it replaces what was said under the same id.
    """
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
    }
    await session.execute(_REVISE_RECOGNITION if revised else _KEEP_RECOGNITION, row)


async def recognitions_of(session: ReadSession, encounter_id: UUID) -> list[Recognition]:
    rows = await session.execute(
        select(encounter_recognitions).where(encounter_recognitions.c.encounter_id == encounter_id)
    )
    return [
        Recognition(
            recognition_id=row.recognition_id,
            grade=row.grade,
            person_id=row.person_id,
            categories=_periods(row.categories),
            treat_first_pay_later=row.treat_first_pay_later,
            occurred_at=row.occurred_at,
            visit_type=row.visit_type,
            township=row.township,
            village=row.village,
        )
        for row in rows
    ]


@dataclass(frozen=True)
class Member:
    """What the registry's events told of a person."""

    person_id: str
    household_id: str | None
    township: str | None
    village: str | None
    categories: tuple[Period, ...]
    effective_on: date
    recorded_at: datetime
    sequence: int


async def keep_member(session: WriteSession, region: str, member: Member) -> None:
    """Keep the latest word about a person, whatever the order in which the words arrive."""
    row = {
        "person_id": member.person_id,
        "region": region,
        "household_id": member.household_id,
        "township": member.township,
        "village": member.village,
        "categories": [period.as_dict() for period in member.categories],
        "effective_on": member.effective_on,
        "recorded_at": member.recorded_at,
        "sequence": member.sequence,
    }
    await session.execute(_KEEP_MEMBER, row)


async def get_member(session: ReadSession, person_id: str) -> Member | None:
    row = (
        await session.execute(select(members).where(members.c.person_id == person_id))
    ).one_or_none()
    if row is None:
        return None
    return Member(
        person_id=row.person_id,
        household_id=row.household_id,
        township=row.township,
        village=row.village,
        categories=_periods(row.categories),
        effective_on=row.effective_on,
        recorded_at=row.recorded_at,
        sequence=row.sequence,
    )
