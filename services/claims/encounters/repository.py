"""All SQL of the encounters; ``recognitions`` has what identity said of them, ``members`` the rest."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Row,
    Update,
    bindparam,
    case,
    false,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from services.claims.encounters.domain import Encounter
from services.claims.encounters.members import periods
from services.claims.merges.repository import group_of, joins, kept_or_self
from services.claims.models import (
    encounter_recognitions,
    encounters,
    members,
    person_merges,
    settlements,
)
from services.claims.referrals.repository import issuer_of_visit
from shared.db.direct import DirectWork, Query
from shared.db.session import ReadSession, WriteSession


def _still_in_conflict() -> ColumnElement[bool]:
    """Whether the ids named for a visit mean different persons, merges considered."""
    named = kept_or_self(encounters.c.registration["person_id"].astext)
    said = encounter_recognitions
    merge = person_merges.alias()
    recognised = func.coalesce(merge.c.kept_person_id, said.c.person_id)
    differ = (
        # The greatest and the least of something and NULL is that something.
        select(
            func.greatest(func.max(recognised), named) != func.least(func.min(recognised), named)
        )
        .select_from(said.outerjoin(merge, joins(merge, said.c.person_id)))
        .where(said.c.encounter_id == encounters.c.id, said.c.person_id.is_not(None))
        .correlate(encounters)
        .scalar_subquery()
    )
    return case((encounters.c.recognition_conflict, func.coalesce(differ, false())), else_=false())


def _still_pending() -> ColumnElement[bool]:
    """Whether a new settlement would change something, merges considered."""
    other = encounters.c.pending_person_id
    return case(
        (
            encounters.c.recognition_pending,
            or_(
                other.is_(None),
                kept_or_self(other).is_distinct_from(kept_or_self(encounters.c.person_id)),
            ),
        ),
        else_=false(),
    )


# Made once: putting a statement together costs more than sending it.
STILL_PENDING = _still_pending()
_OPEN = (
    insert(encounters)
    .on_conflict_do_nothing(index_elements=["region", "facility_code", "visit_no"])
    .returning(encounters.c.id)
)
_COLUMNS = (
    *encounters.c,
    person_merges.c.kept_person_id,
    _still_in_conflict().label("still_in_conflict"),
    STILL_PENDING.label("still_pending"),
    issuer_of_visit(func.coalesce(person_merges.c.kept_person_id, encounters.c.person_id)).label(
        "told_issuer"
    ),
    members.c.categories.label("member_categories"),
    members.c.township.label("member_township"),
    members.c.village.label("member_village"),
)


def _encounter(row: Row[Any]) -> Encounter:
    return _of(row._mapping)  # noqa: SLF001 - SQLAlchemy's public accessor


def _of(stored: Mapping[Any, Any]) -> Encounter:
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
        doctor_code=stored["doctor_code"],
        referral=stored["referral"] or stored["told_issuer"] is not None,
        referral_issuer=stored["referral_issuer"] or stored["told_issuer"],
        referral_stated=(stored["referral"], stored["referral_issuer"]),
        card_presented=stored["card_presented"],
        stated_payments=stored["stated_payments"],
        disease_programme=stored["disease_programme"],
        insurance_plan=stored["insurance_plan"],
        deposit_fen=stored["deposit_fen"],
        estimated_fen=stored["estimated_fen"],
        person_id=stored["person_id"],
        recognition_id=stored["recognition_id"],
        recognition_grade=stored["recognition_grade"],
        recognised_categories=None if recognised is None else periods(recognised),
        treat_first_pay_later=stored["treat_first_pay_later"],
        recognised_township=stored["township"],
        recognised_village=stored["village"],
        recognition_conflict=stored["still_in_conflict"],
        recognition_pending=stored["still_pending"],
        registration=stored["registration"],
        settlement_id=stored["settlement_id"],
        settled_person_id=stored["settled_person_id"],
        settlement_count=stored["settlement_count"],
        last_settlement_id=stored["last_settlement_id"],
        kept_person_id=stored["kept_person_id"],
        member_categories=periods(stored["member_categories"]),
        member_township=stored["member_township"],
        member_village=stored["member_village"],
        stored=stored,
    )


_SELECT = select(*_COLUMNS).select_from(
    encounters.outerjoin(person_merges, joins(person_merges, encounters.c.person_id)).outerjoin(
        members,
        members.c.person_id
        == func.coalesce(person_merges.c.kept_person_id, encounters.c.person_id),
    )
)
_BY_ID = _SELECT.where(encounters.c.id == bindparam("encounter_id"))
_LOCK = _BY_ID.with_for_update(of=encounters)
_DIRECTLY, _LOCK_DIRECTLY = Query(_BY_ID), Query(_LOCK)
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


async def lock_directly(direct: DirectWork, encounter_id: UUID) -> Encounter | None:
    """As :func:`lock`, on the driver."""
    rows = await direct.read(_LOCK_DIRECTLY, encounter_id=encounter_id)
    return _of(rows[0]) if rows else None


async def required_directly(direct: DirectWork, encounter_id: UUID) -> Encounter:
    """As :func:`required`, on the driver."""
    rows = await direct.read(_DIRECTLY, encounter_id=encounter_id)
    if not rows:
        raise AssertionError("an encounter that is held must be found")
    return _of(rows[0])


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
        _change(tuple(values)),
        {
            "of_id": encounter.id,
            "of_version": encounter.version,
            "new_version": version,
            **{f"new_{name}": value for name, value in values.items()},
        },
    )
    return version


def change_directly(direct: DirectWork, encounter: Encounter, values: Mapping[str, Any]) -> int:
    """As :func:`change`, among what is gathered on the driver."""
    version = encounter.version + 1
    direct.update(
        encounters,
        {"version": version, **values},
        {"id": encounter.id, "version": encounter.version},
    )
    return version


@cache
def _change(names: tuple[str, ...]) -> Update:
    """Made once for each set of columns: putting it together costs more than sending it."""
    return (
        update(encounters)
        .where(
            encounters.c.id == bindparam("of_id"),
            encounters.c.version == bindparam("of_version"),
        )
        .values(
            version=bindparam("new_version"), **{name: bindparam(f"new_{name}") for name in names}
        )
    )


async def find(
    session: ReadSession,
    *,
    region: str,
    visit_no: str | None,
    facility_code: str | None,
    status: str | None,
    recognition_pending: bool | None,
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
    if recognition_pending is True:
        # The plain column as well, for it is what the index holds.
        statement = statement.where(encounters.c.recognition_pending, STILL_PENDING)
    elif recognition_pending is False:
        statement = statement.where(~STILL_PENDING)
    if after is not None:
        statement = statement.where(encounters.c.id > after)
    rows = await session.execute(statement.order_by(encounters.c.id).limit(limit))
    return [_encounter(row) for row in rows]


async def unsettled(
    session: ReadSession, *, region: str, facility_code: str | None, limit: int
) -> list[Encounter]:
    """Encounters that wait to be settled, the newest first."""
    waits = encounters.c.status.in_(("open", "charging", "discharged"))
    statement = _SELECT.where(encounters.c.region == region, waits)
    if facility_code is not None:
        statement = statement.where(encounters.c.facility_code == facility_code)
    rows = await session.execute(statement.order_by(encounters.c.id.desc()).limit(limit))
    return [_encounter(row) for row in rows]


_SETTLED_ON_THE_REGISTRY = (
    select(encounters.c.id)
    .where(
        encounters.c.person_id.in_(bindparam("person_ids", expanding=True)),
        encounters.c.status == "settled",
        encounters.c.recognition_id.is_(None),
    )
    .order_by(encounters.c.id)
)


async def settled_on_the_registry(session: WriteSession, person_id: str) -> list[UUID]:
    """Settled visits, by id, whose categories only the registry's word about a person gave."""
    meant = await group_of(session, person_id)
    rows = await session.execute(_SETTLED_ON_THE_REGISTRY, {"person_ids": meant})
    return list(rows.scalars())


async def has_visit_at(
    session: ReadSession, *, person_ids: Collection[str], facility_code: str | None
) -> bool:
    """Whether the person, by any of his ids, was ever a patient of the facility (None: of any)."""
    statement = select(encounters.c.id).where(encounters.c.person_id.in_(person_ids)).limit(1)
    if facility_code is not None:
        statement = statement.where(encounters.c.facility_code == facility_code)
    return (await session.execute(statement)).one_or_none() is not None


async def settled_categories(session: ReadSession, settlement_id: UUID) -> tuple[str, ...]:
    """On which categories a bill was settled."""
    found = await session.execute(
        select(settlements.c.categories).where(settlements.c.id == settlement_id)
    )
    return tuple(found.scalar_one())
