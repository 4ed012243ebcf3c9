"""The rows behind the figures, each kind as one uniform selection.

Whoever was merged into another person is counted as that person: ``person_id`` is of him who
stands for the patient, and an absorbed person is none of the registered ones.

Every selection has ``township``, ``village``, ``facility_code`` and ``day``, so that area and
period apply alike, and ``record_id``, so that the list behind a number can be paged.
A home that an event did not know is taken from the registry.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ColumnElement,
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
    true,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import aliased

from services.reporting.figures.domain import Dataset
from services.reporting.models import (
    Encounter,
    Entry,
    Person,
    PersonCategory,
    Recognition,
    Settlement,
    SettlementPayer,
    person_merges,
)

READMITTED_WITHIN_DAYS = 30
"""Assumed: no document says within how many days an admission is one again."""
PRIMARY_LEVELS = ("village", "township", "primary")
"""基层医疗机构: village clinics, township hospitals, community and first-level hospitals."""


def _home(row: Any) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """Township and village of a row that may not know them."""
    told = row.township.is_not(None)
    return (
        case((told, row.township), else_=Person.township).label("township"),
        case((told, row.village), else_=Person.village).label("village"),
    )


MERGE = person_merges.alias("merge")
_Absorbed = person_merges.alias("absorbed")
_Earlier = aliased(Encounter, name="earlier")


def merge_of(row: Any) -> ColumnElement[bool]:
    """Joins the merge in force, if any, that absorbed the row's person."""
    return and_(MERGE.c.absorbed_person_id == row.person_id, MERGE.c.in_force)


def stands_for(row: Any) -> ColumnElement[str]:
    """The id of him who stands for the row's person."""
    return func.coalesce(MERGE.c.kept_person_id, row.person_id)


def holding(person_id: Any, day: Any) -> tuple[ColumnElement[bool], ...]:
    """A person's categories that hold on the day: whoever has one is registered then."""
    return (
        PersonCategory.person_id == person_id,
        PersonCategory.valid_from <= day,
        or_(PersonCategory.valid_to.is_(None), PersonCategory.valid_to >= day),
    )


def _payers() -> ColumnElement[Any]:
    """Payer and fen of a bill, as JSON; null when the patient pays all of it."""
    payers = func.jsonb_object_agg(
        SettlementPayer.payer, SettlementPayer.amount_fen, type_=JSONB(none_as_null=True)
    )
    return (
        select(payers)
        .where(SettlementPayer.settlement_id == Settlement.settlement_id)
        .scalar_subquery()
    )


def settled() -> Subquery:
    """Bills that count: made and not reversed."""
    return (
        select(
            Settlement.settlement_id.label("record_id"),
            Settlement.encounter_id,
            stands_for(Settlement).label("person_id"),
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
            # Read where a month is cut; a sum that does not name it does not look for it.
            _payers().label("payers"),
        )
        .outerjoin(MERGE, merge_of(Settlement))
        .outerjoin(Person, Person.person_id == stands_for(Settlement))
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
    # Looked up once a visit, although several columns ask for it.
    category = (
        select(literal(value=True).label("holds"))
        .where(*holding(stands_for(Encounter), Encounter.admitted_on))
        .limit(1)
        .lateral("category")
    )
    registered = category.c.holds.is_not(None)
    inpatient = Encounter.visit_type == "inpatient"
    return (
        select(
            Encounter.encounter_id.label("record_id"),
            Encounter.encounter_id,
            stands_for(Encounter).label("person_id"),
            Encounter.facility_code,
            Encounter.visit_type,
            Encounter.discharged_on.label("day"),
            *_home(Encounter),
            registered.label("registered"),
            one_stop.label("one_stop"),
            and_(registered, inpatient).label("registered_inpatient"),
            and_(registered, inpatient, _readmitted()).label("readmitted"),
            and_(registered, inpatient, Encounter.in_region).label("registered_local_inpatient"),
            and_(
                registered,
                inpatient,
                Encounter.in_region,
                func.coalesce(Encounter.deposit_fen, 0) == 0,
            ).label("deposit_free"),
        )
        .outerjoin(MERGE, merge_of(Encounter))
        .outerjoin(Person, Person.person_id == stands_for(Encounter))
        .outerjoin(category, true())
        .where(Encounter.discharged_on.is_not(None), Encounter.cancelled_sequence.is_(None))
        .subquery("discharged")
    )


def _readmitted() -> ColumnElement[bool]:
    """Whether the same person had left a hospital shortly before this stay began."""
    absorbed = (
        select(_Absorbed.c.absorbed_person_id)
        .where(_Absorbed.c.kept_person_id == stands_for(Encounter), _Absorbed.c.in_force)
        .correlate(Encounter, MERGE)
    )
    ids = func.array_append(func.array(absorbed.scalar_subquery()), stands_for(Encounter))
    return exists().where(
        # An array, so that the index on persons is used.
        _Earlier.person_id == func.any(ids),
        _Earlier.encounter_id != Encounter.encounter_id,
        _Earlier.visit_type == "inpatient",
        _Earlier.cancelled_sequence.is_(None),
        _Earlier.discharged_on <= Encounter.admitted_on,
        _Earlier.discharged_on >= Encounter.admitted_on - READMITTED_WITHIN_DAYS,
    )


def recognitions() -> Subquery:
    """Questions that hospitals asked."""
    return (
        select(
            Recognition.recognition_id.label("record_id"),
            sql_cast(null(), String).label("encounter_id"),
            stands_for(Recognition).label("person_id"),
            Recognition.facility_code,
            Recognition.visit_type,
            Recognition.occurred_on.label("day"),
            *_home(Recognition),
            Recognition.grade.in_(("certain", "probable")).label("known"),
        )
        .outerjoin(MERGE, merge_of(Recognition))
        .outerjoin(Person, Person.person_id == stands_for(Recognition))
        .subquery("recognitions")
    )


def entries() -> Subquery:
    """Figures that their owners entered and that were confirmed."""
    return (
        select(
            sql_cast(Entry.entry_id, String).label("record_id"),
            sql_cast(null(), String).label("encounter_id"),
            sql_cast(null(), String).label("person_id"),
            sql_cast(null(), String).label("facility_code"),
            Entry.code,
            Entry.first_day,
            Entry.day,
            Entry.township,
            sql_cast(null(), String).label("village"),
            Entry.numerator,
            Entry.denominator,
            Entry.stated,
        )
        .where(Entry.state == "confirmed")
        .subquery("entries")
    )


def month_of(rows: Subquery) -> ColumnElement[str]:
    """Such as ``2016-05``."""
    return func.to_char(rows.c.day, "YYYY-MM")


def measures_of(dataset: Dataset, rows: Subquery) -> dict[str, ColumnElement[Any]]:
    """Each sum of a kind of row; of entered figures, of each code (see the repository's ``codes_of``)."""
    count = func.count()
    c = rows.c
    if dataset == "settled":
        return {
            "settled_visits": count,
            "total_fen": func.sum(c.total_fen),
            "patient_fen": func.sum(c.patient_fen),
            "registered_visits": count.filter(c.registered),
            "registered_in_region_visits": count.filter(c.registered, c.in_region),
            "registered_total_fen": func.sum(c.total_fen).filter(c.registered),
            "registered_patient_fen": func.sum(c.patient_fen).filter(c.registered),
            "registered_out_of_catalogue_fen": func.sum(c.out_of_catalogue_fen).filter(
                c.registered
            ),
            "registered_medical_aid_fen": func.sum(c.medical_aid_fen).filter(c.registered),
            "outpatient_settled": count.filter(c.outpatient),
            "outpatient_primary_settled": count.filter(c.outpatient, c.primary_care),
        }
    if dataset == "discharged":
        return {
            "visits": count,
            "inpatient_visits": count.filter(c.visit_type == "inpatient"),
            "outpatient_visits": count.filter(c.visit_type != "inpatient"),
            "registered_discharged": count.filter(c.registered),
            "registered_one_stop": count.filter(c.registered, c.one_stop),
            "registered_inpatient_discharged": count.filter(c.registered_inpatient),
            "registered_readmitted": count.filter(c.readmitted),
            "registered_local_inpatient": count.filter(c.registered_local_inpatient),
            "registered_deposit_free": count.filter(c.deposit_free),
        }
    if dataset == "recognitions":
        return {"recognitions_asked": count, "recognitions_known": count.filter(c.known)}
    if dataset == "entries":
        return {
            "entries": count,
            "entered": func.sum(c.numerator),
            "entered_of": func.sum(c.denominator),
            "stated": func.sum(c.stated),
        }
    return {
        "registered_persons": count,
        "registered_households": func.count(c.household_id.distinct()),
        "contracted_persons": count.filter(c.contracted),
        "willing_persons": count.filter(c.willing),
        "performed_persons": count.filter(c.performed),
        "chronic_persons": count.filter(c.chronic),
        "chronic_contracted_persons": count.filter(c.chronic_contracted),
        "serious_persons": count.filter(c.serious),
        "serious_treated_persons": count.filter(c.serious_treated),
        "checked_up_persons": count.filter(c.checked_up),
        "carded_persons": count.filter(c.carded),
    }
