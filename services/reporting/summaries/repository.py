"""SQL of summaries: what was signed of some months, corrections of later months included."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from sqlalchemy import BigInteger, Boolean, ColumnElement, Subquery, case, func, literal, select
from sqlalchemy import cast as sql_cast

from services.reporting.figures.domain import UNKNOWN
from services.reporting.month_closes.cuts_repository import signed_rows
from services.reporting.summaries.domain import Bills
from shared.db.session import ReadSession

Part = Literal["whole", "township", "facility_kind"]


async def bills(
    session: ReadSession,
    region: str,
    months: Sequence[str],
    *,
    by: Part = "whole",
    inpatient: bool,
    township_hospitals: Sequence[str] = (),
) -> dict[str, Bills]:
    """Bills of registered persons by part; the whole is under ``""``.

    Args:
        session: to read with.
        region: whose.
        months: signed ones; a record counts as the newest signature says.
        by: which part a bill belongs to; of a person in two parts each part counts him.
        inpatient: stays alone, else every visit.
        township_hospitals: facility codes of the kind ``township_hospitals``; the rest is ``other``.
    """
    rows = signed_rows("settled", region, months)
    part = _part(rows, by, township_hospitals)
    found = await session.execute(
        select(
            part.label("part"),
            func.count().label("visits"),
            func.count(rows.c.data["person_id"].astext.distinct()).label("persons"),
            _sum(rows, "total_fen"),
            _sum(rows, "patient_fen"),
            _sum(rows, "out_of_catalogue_fen"),
        )
        .where(*_counted(rows, inpatient=inpatient))
        .group_by(part)
    )
    parts = {
        "" if by == "whole" else row.part or UNKNOWN: Bills(
            visits=row.visits,
            persons=row.persons,
            total_fen=int(row.total_fen),
            patient_fen=int(row.patient_fen),
            out_of_catalogue_fen=int(row.out_of_catalogue_fen or 0),
        )
        for row in found
    }
    if by == "whole" and parts:
        parts[""].payers = await _payers(session, rows, inpatient=inpatient)
    return parts


def _part(rows: Subquery, by: Part, township_hospitals: Sequence[str]) -> ColumnElement[str]:
    if by == "township":
        return rows.c.township
    if by == "facility_kind":
        return case(
            (rows.c.facility_code.in_(township_hospitals), literal("township_hospitals")),
            else_=literal("other"),
        )
    return literal("")


def _sum(rows: Subquery, name: str) -> ColumnElement[Any]:
    return func.sum(sql_cast(rows.c.data[name].astext, BigInteger)).label(name)


def _counted(rows: Subquery, *, inpatient: bool) -> list[ColumnElement[bool]]:
    """Withdrawn bills have no data any more."""
    counted = [
        rows.c.data.is_not(None),
        sql_cast(rows.c.data["registered"].astext, Boolean),
    ]
    if inpatient:
        counted.append(rows.c.data["visit_type"].astext == "inpatient")
    return counted


async def _payers(session: ReadSession, rows: Subquery, *, inpatient: bool) -> dict[str, int]:
    each = func.jsonb_each_text(
        case((func.jsonb_typeof(rows.c.data["payers"]) == "object", rows.c.data["payers"]))
    ).table_valued("key", "value", name="each")
    found = await session.execute(
        select(each.c.key, func.sum(sql_cast(each.c.value, BigInteger)))
        .select_from(rows.join(each, literal(True)))
        .where(*_counted(rows, inpatient=inpatient))
        .group_by(each.c.key)
    )
    return {payer: int(fen) for payer, fen in found}
