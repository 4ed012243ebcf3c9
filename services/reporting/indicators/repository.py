"""The records behind an indicator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Subquery, case, func, literal, select

from services.reporting.figures.domain import Dataset
from services.reporting.figures.repository import Scope, inside, rows_of
from services.reporting.indicators.catalogue import Indicator
from shared.db.session import ReadSession

_IN_NUMERATOR: dict[str, str] = {
    "recognitions_known": "known",
    "registered_one_stop": "one_stop",
    "registered_in_region_visits": "in_region",
    "outpatient_primary_settled": "primary_care",
    "registered_readmitted": "readmitted",
    "registered_deposit_free": "deposit_free",
    "contracted_persons": "contracted",
    "performed_persons": "performed",
    "chronic_contracted_persons": "chronic_contracted",
    "serious_treated_persons": "serious_treated",
    "checked_up_persons": "checked_up",
    "carded_persons": "carded",
}
"""Of a count: the true column of the record that puts it into the numerator."""

_AMOUNT: dict[str, str] = {
    "registered_patient_fen": "patient_fen",
    "registered_total_fen": "total_fen",
    "registered_out_of_catalogue_fen": "out_of_catalogue_fen",
    "registered_medical_aid_fen": "medical_aid_fen",
}
"""Of money: the column of the record that is summed."""


def _where(indicator: Indicator, rows: Subquery, scope: Scope) -> list[ColumnElement[bool]]:
    dataset: Dataset = indicator.entry.dataset
    conditions = inside(dataset, rows, scope)
    if indicator.entry.condition is not None:
        conditions.append(rows.c[indicator.entry.condition])
    if indicator.is_entered:
        conditions.append(rows.c.code == indicator.code)
    return conditions


def _adds(name: str, rows: Subquery) -> ColumnElement[Any]:
    """What one record adds to a sum."""
    if name in _AMOUNT:
        return rows.c[_AMOUNT[name]]
    if name in _IN_NUMERATOR:
        return case((rows.c[_IN_NUMERATOR[name]], 1), else_=0)
    return literal(1)


def _parts(indicator: Indicator, rows: Subquery) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    if indicator.is_entered:
        return (
            func.coalesce(rows.c.numerator, 0).label("numerator"),
            func.coalesce(rows.c.denominator, 0).label("denominator"),
        )
    return (
        _adds(indicator.numerator, rows).label("numerator"),
        _adds(indicator.denominator, rows).label("denominator"),
    )


async def count(session: ReadSession, indicator: Indicator, scope: Scope) -> int:
    """How many records the denominator counts."""
    rows = rows_of(indicator.entry.dataset, scope)
    found = await session.execute(
        select(func.count()).select_from(rows).where(*_where(indicator, rows, scope))
    )
    return int(found.scalar_one())


async def page_of(
    session: ReadSession, indicator: Indicator, scope: Scope, *, limit: int, after: str | None
) -> Sequence[RowMapping]:
    """One page of the records by id; one more than the limit tells of a next page."""
    rows = rows_of(indicator.entry.dataset, scope)
    conditions = _where(indicator, rows, scope)
    if after is not None:
        conditions.append(rows.c.record_id > after)
    found = await session.execute(
        select(
            rows.c.record_id,
            rows.c.person_id,
            rows.c.encounter_id,
            rows.c.facility_code,
            rows.c.township,
            rows.c.village,
            rows.c.day,
            *_parts(indicator, rows),
        )
        .where(*conditions)
        .order_by(rows.c.record_id)
        .limit(limit + 1)
    )
    return found.mappings().all()
