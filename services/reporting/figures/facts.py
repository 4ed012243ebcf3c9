"""The rows behind the figures, each kind as one uniform selection.

Whoever was merged into another person is counted as that person: ``person_id`` is of him who
stands for the patient, and an absorbed person is none of the registered ones.

Every selection has ``township``, ``village``, ``facility_code`` and ``day``, so that area and
period apply alike, and ``record_id``, so that the list behind a number can be paged.
A home that an event did not know is taken from the registry.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    Subquery,
    and_,
    case,
    exists,
    func,
    literal,
    null,
    or_,
    select,
)
from sqlalchemy import cast as sql_cast

from services.reporting.models import (
    Card,
    Contract,
    Encounter,
    Person,
    PersonCategory,
    Recognition,
    Settlement,
    person_merges,
)

PRIMARY_LEVELS = ("village", "township", "primary")
"""基层医疗机构: village clinics, township hospitals, community and first-level hospitals."""


def _home(row: Any) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """Township and village of a row that may not know them."""
    told = row.township.is_not(None)
    return (
        case((told, row.township), else_=Person.township).label("township"),
        case((told, row.village), else_=Person.village).label("village"),
    )


_Merge = person_merges.alias("merge")


def _merge_of(row: Any) -> ColumnElement[bool]:
    """Joins the merge in force, if any, that absorbed the row's person."""
    return and_(_Merge.c.absorbed_person_id == row.person_id, _Merge.c.in_force)


def _who(row: Any) -> ColumnElement[str]:
    """The id of him who stands for the row's person."""
    return func.coalesce(_Merge.c.kept_person_id, row.person_id)


def _holders(row: Any, *conditions: ColumnElement[bool]) -> Select[str]:
    """Who has a row of that kind: he who stands for each row's person."""
    return select(_who(row)).outerjoin(_Merge, _merge_of(row)).where(*conditions)


def _registered_on(person_id: Any, day: Any) -> ColumnElement[bool]:
    """Whether some person category holds on the day."""
    return exists().where(
        PersonCategory.person_id == person_id,
        PersonCategory.valid_from <= day,
        or_(PersonCategory.valid_to.is_(None), PersonCategory.valid_to >= day),
    )


def settled() -> Subquery:
    """Bills that count: made and not reversed."""
    return (
        select(
            Settlement.settlement_id.label("record_id"),
            Settlement.encounter_id,
            _who(Settlement).label("person_id"),
            Settlement.facility_code,
            Settlement.in_region,
            Settlement.visit_type,
            (Settlement.visit_type != "inpatient").label("outpatient"),
            Settlement.facility_level.in_(PRIMARY_LEVELS).label("primary_care"),
            Settlement.discharged_on.label("day"),
            *_home(Settlement),
            and_(Settlement.person_id.is_not(None), Settlement.category.is_not(None)).label(
                "registered"
            ),
            Settlement.total_fen,
            Settlement.patient_fen,
            Settlement.out_of_catalogue_fen,
            Settlement.medical_aid_fen,
        )
        .outerjoin(_Merge, _merge_of(Settlement))
        .outerjoin(Person, Person.person_id == _who(Settlement))
        .where(Settlement.made_sequence.is_not(None), Settlement.reversed_by.is_(None))
        .subquery("settled")
    )


def discharged() -> Subquery:
    """Visits that ended, settled or not."""
    one_stop = exists().where(
        Settlement.encounter_id == Encounter.encounter_id,
        Settlement.made_sequence.is_not(None),
        Settlement.reversed_by.is_(None),
    )
    return (
        select(
            Encounter.encounter_id.label("record_id"),
            Encounter.encounter_id,
            _who(Encounter).label("person_id"),
            Encounter.facility_code,
            Encounter.visit_type,
            Encounter.discharged_on.label("day"),
            *_home(Encounter),
            and_(
                Encounter.person_id.is_not(None),
                _registered_on(_who(Encounter), Encounter.admitted_on),
            ).label("registered"),
            one_stop.label("one_stop"),
        )
        .outerjoin(_Merge, _merge_of(Encounter))
        .outerjoin(Person, Person.person_id == _who(Encounter))
        .where(Encounter.discharged_on.is_not(None), Encounter.cancelled_sequence.is_(None))
        .subquery("discharged")
    )


def recognitions() -> Subquery:
    """Questions that hospitals asked."""
    return (
        select(
            Recognition.recognition_id.label("record_id"),
            sql_cast(null(), String).label("encounter_id"),
            _who(Recognition).label("person_id"),
            Recognition.facility_code,
            Recognition.visit_type,
            Recognition.occurred_on.label("day"),
            *_home(Recognition),
            Recognition.grade.in_(("certain", "probable")).label("known"),
        )
        .outerjoin(_Merge, _merge_of(Recognition))
        .outerjoin(Person, Person.person_id == _who(Recognition))
        .subquery("recognitions")
    )


def people(day: date, card_day: date) -> Subquery:
    """Persons registered on a day, whether a contract holds then, and whether a card is good.

    Args:
        day: on which people and contracts are counted.
        card_day: on which cards are.
    """
    contracted = Person.person_id.in_(
        _holders(
            Contract,
            Contract.valid_from <= day,
            Contract.valid_to >= day,
            or_(
                Contract.ended_on.is_(None),
                Contract.ended_on > day,
                # It had ended, and was told anew as signed: the person is on the registry again.
                Contract.ended_sequence < Contract.signed_sequence,
            ),
        )
    )
    carded = Person.person_id.in_(
        _holders(
            Card,
            Card.issued_on <= card_day,
            or_(Card.expires_on.is_(None), Card.expires_on >= card_day),
            or_(Card.revoked_on.is_(None), Card.revoked_on > card_day),
        )
    )
    absorbed = exists().where(_Merge.c.absorbed_person_id == Person.person_id, _Merge.c.in_force)
    return (
        select(
            Person.person_id.label("record_id"),
            sql_cast(null(), String).label("encounter_id"),
            Person.person_id,
            Person.household_id,
            sql_cast(null(), String).label("facility_code"),
            literal(day).label("day"),
            Person.township,
            Person.village,
            contracted.label("contracted"),
            carded.label("carded"),
        )
        .where(_registered_on(Person.person_id, day), ~absorbed)
        .subquery("people")
    )


def month_of(rows: Subquery) -> ColumnElement[str]:
    """Such as ``2016-05``."""
    return func.to_char(rows.c.day, "YYYY-MM")
