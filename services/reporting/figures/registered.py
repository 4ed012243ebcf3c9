"""The registered persons of a day as one selection, and what holds for each of them then."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    String,
    Subquery,
    and_,
    exists,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects.postgresql import ARRAY

from services.reporting.figures.facts import MERGE, holding, merge_of, stands_for
from services.reporting.models import (
    Card,
    CheckUp,
    Contract,
    DiseaseCase,
    Dispensing,
    Exemption,
    FollowUp,
    Person,
)
from shared.db.base import table_of

Only = Sequence[str] | None
"""Ids that rows were told under; None: everybody's."""
SERIOUS_BATCHES = ("major_14", "serious_34", "national_94")
"""大病: a disease on any of these lists."""
CHRONIC_BATCH = "chronic_4"


def _holders(row: Any, only: Only, *conditions: ColumnElement[bool]) -> Select[str]:
    """Who has a row of that kind: he who stands for each row's person."""
    return (
        select(stands_for(row))
        .outerjoin(MERGE, merge_of(row))
        .where(*_told_of(row, only), *conditions)
    )


def _told_of(row: Any, only: Only) -> tuple[ColumnElement[bool], ...]:
    """Rows told of these ids, if only they are asked for; an array, so that an index is used."""
    if only is None:
        return ()
    return (row.person_id == func.any(sql_cast(list(only), ARRAY(String))),)


def people(day: date, card_day: date, only: Only = None) -> Subquery:
    """Persons registered on a day, whether a contract holds then, and whether a card is good.

    Args:
        day: on which people and contracts are counted.
        card_day: on which cards are.
        only: of these ids alone; with a person every id that means him.
    """
    holds = _contract_holds(day)
    contracted = _set("contracted", _holders(Contract, only, *holds))
    away = _set(
        "away",
        _holders(
            Exemption,
            only,
            Exemption.leaves_denominator.is_(True),
            Exemption.valid_from <= day,
            or_(Exemption.valid_to.is_(None), Exemption.valid_to >= day),
            or_(Exemption.ended_on.is_(None), Exemption.ended_on > day),
        ),
    )
    served = _set("served", _served(day, holds, only))
    chronic = _set(
        "chronic",
        _holders(
            DiseaseCase,
            only,
            *_found_by(day, CHRONIC_BATCH),
            or_(DiseaseCase.closed_on.is_(None), DiseaseCase.closed_on > day),
        ),
    )
    serious = _set("serious", _holders(DiseaseCase, only, *_found_by(day, *SERIOUS_BATCHES)))
    # Who was cured had been treated.
    untreated = _set(
        "untreated",
        _holders(
            DiseaseCase,
            only,
            *_found_by(day, *SERIOUS_BATCHES),
            func.coalesce(DiseaseCase.managed_on > day, literal(value=True)),
            func.coalesce(DiseaseCase.closed_on > day, literal(value=True)),
        ),
    )
    checked_up = _set(
        "checked_up",
        _holders(CheckUp, only, CheckUp.performed_on.between(day.replace(month=1, day=1), day)),
    )
    carded = _set(
        "carded",
        _holders(
            Card,
            only,
            Card.issued_on <= card_day,
            or_(Card.expires_on.is_(None), Card.expires_on >= card_day),
            or_(Card.revoked_on.is_(None), Card.revoked_on > card_day),
        ),
    )
    sets = (contracted, away, served, chronic, serious, untreated, checked_up, carded)
    absorbed = exists().where(MERGE.c.absorbed_person_id == Person.person_id, MERGE.c.in_force)
    persons: FromClause = table_of(Person)
    for each in sets:
        persons = persons.outerjoin(each, each.c.who == Person.person_id)
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
            _in(contracted).label("contracted"),
            # Who has signed is willing, whatever was written down before.
            or_(_in(contracted), ~_in(away)).label("willing"),
            and_(_in(contracted), _in(served)).label("performed"),
            _in(chronic).label("chronic"),
            and_(_in(chronic), _in(contracted)).label("chronic_contracted"),
            _in(serious).label("serious"),
            and_(_in(serious), ~_in(untreated)).label("serious_treated"),
            _in(checked_up).label("checked_up"),
            _in(carded).label("carded"),
        )
        .select_from(persons)
        .where(*_told_of(Person, only), exists().where(*holding(Person.person_id, day)), ~absorbed)
        .subquery("people")
    )


def _set(name: str, holders: Select[str]) -> Subquery:
    """Persons, each once: joined once, however many columns ask."""
    told = holders.subquery(f"told_{name}")
    (who,) = told.c
    return select(who.label("who")).distinct().subquery(name)


def _in(persons: Subquery) -> ColumnElement[bool]:
    return persons.c.who.is_not(None)


def _contract_holds(day: date) -> tuple[ColumnElement[bool], ...]:
    return (
        Contract.valid_from <= day,
        Contract.valid_to >= day,
        or_(
            Contract.ended_on.is_(None),
            Contract.ended_on > day,
            # It had ended, and was told anew as signed: the person is on the registry again.
            Contract.ended_sequence < Contract.signed_sequence,
        ),
    )


def _found_by(day: date, *batches: str) -> tuple[ColumnElement[bool], ...]:
    """Cases on one of the lists that were found by the day and not taken back."""
    return (
        DiseaseCase.batches.overlap(list(batches)),
        DiseaseCase.found_on <= day,
        DiseaseCase.withdrawn_sequence.is_(None),
    )


def _served(day: date, holds: tuple[ColumnElement[bool], ...], only: Only) -> Select[str]:
    """Who had a service on record by his own team in this contract and this calendar year."""
    year = day.replace(month=1, day=1)
    done = union_all(
        select(
            stands_for(FollowUp).label("who"), FollowUp.team, FollowUp.performed_on.label("done_on")
        )
        .outerjoin(MERGE, merge_of(FollowUp))
        .where(
            *_told_of(FollowUp, only), FollowUp.served, FollowUp.performed_on.between(year, day)
        ),
        select(stands_for(CheckUp), CheckUp.team, CheckUp.performed_on)
        .outerjoin(MERGE, merge_of(CheckUp))
        .where(*_told_of(CheckUp, only), CheckUp.performed_on.between(year, day)),
        select(stands_for(Dispensing), Dispensing.team, Dispensing.dispensed_on)
        .outerjoin(MERGE, merge_of(Dispensing))
        .where(*_told_of(Dispensing, only), Dispensing.dispensed_on.between(year, day)),
    ).subquery("done")
    return (
        select(stands_for(Contract))
        .outerjoin(MERGE, merge_of(Contract))
        .join(done, and_(done.c.who == stands_for(Contract), done.c.team == Contract.team))
        .where(*_told_of(Contract, only), *holds, done.c.done_on >= Contract.valid_from)
    )
