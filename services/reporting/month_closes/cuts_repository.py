"""SQL of cuts: the rows behind the figures are kept as they stand, and compared with today's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    Subquery,
    and_,
    case,
    func,
    insert,
    literal,
    not_,
    null,
    or_,
    select,
    text,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects.postgresql import JSONB, distinct_on

from services.reporting.figures.domain import Dataset
from services.reporting.figures.facts import month_of
from services.reporting.figures.repository import DATASETS, Scope, inside, rows_of
from services.reporting.models import close_rows, month_closes
from services.reporting.month_closes.domain import Close
from shared.db.session import ReadSession, WriteSession

FLOWS: tuple[Dataset, ...] = tuple(each for each in DATASETS if each != "people")
"""Kinds of rows that happen in a month. People are counted on a day: who is learned of later
stands in the next month's count, and corrects no earlier one."""

_c = month_closes.c
_r = close_rows.c


async def cut_month(
    session: WriteSession, close_id: UUID, cut: int, scope: Scope, month: str
) -> None:
    """Keep every row behind the month's figures as it stands."""
    for dataset in DATASETS:
        rows = rows_of(dataset, scope)
        await session.execute(
            insert(close_rows).from_select(
                _COPIED,
                select(
                    literal(close_id).label("close_id"),
                    literal(cut).label("cut"),
                    literal(month).label("of_month"),
                    literal(dataset).label("dataset"),
                    rows.c.record_id,
                    literal("own").label("kind"),
                    rows.c.township,
                    rows.c.facility_code,
                    rows.c.day,
                    sql_cast(null(), JSONB).label("before"),
                    _document(rows).label("after"),
                ).where(*inside(dataset, rows, scope)),
            )
        )


_COPIED = (
    "close_id", "cut", "of_month", "dataset", "record_id", "kind", "township", "facility_code",
    "day", "before", "after",
)  # fmt: skip


def _document(rows: Subquery) -> ColumnElement[Any]:
    """The whole row as JSON, by the names of its columns."""
    return func.to_jsonb(text(f'"{rows.name}"'), type_=JSONB(none_as_null=True))


async def cut_corrections(
    session: WriteSession, close: Close, cut: int, scope: Scope, *, months: Sequence[str]
) -> None:
    """Keep what differs in months that are closed from what was signed of them so far."""
    for dataset in FLOWS:
        found = _differences(dataset, scope, signed_rows(dataset, close.region, months), months)
        await session.execute(
            insert(close_rows).from_select(
                _COPIED,
                select(
                    literal(close.id).label("close_id"),
                    literal(cut).label("cut"),
                    found.c.of_month,
                    literal(dataset).label("dataset"),
                    found.c.record_id,
                    found.c.kind,
                    found.c.township,
                    found.c.facility_code,
                    found.c.day,
                    found.c.before,
                    found.c.after,
                ),
            )
        )


def signed_rows(dataset: Dataset, region: str, months: Sequence[str]) -> Subquery:
    """Each row of the months as it was last signed; the months of reopened closings not."""
    return (
        select(
            _r.of_month,
            _r.record_id,
            _r.township,
            _r.facility_code,
            _r.day,
            _r.after.label("data"),
        )
        .ext(distinct_on(_r.of_month, _r.record_id))
        .join(month_closes, and_(_c.id == _r.close_id, _c.cut == _r.cut))
        .where(
            _c.region == region,
            _c.status == "closed",
            _r.dataset == dataset,
            _r.of_month.in_(months),
        )
        .order_by(_r.of_month, _r.record_id, _c.place.desc())
        .subquery("signed")
    )


def _of_cut(dataset: Dataset, close_id: UUID, cut: int, month: str) -> Subquery:
    """The month's own rows of a cut."""
    return (
        select(
            _r.of_month,
            _r.record_id,
            _r.township,
            _r.facility_code,
            _r.day,
            _r.after.label("data"),
        )
        .where(_r.close_id == close_id, _r.cut == cut, _r.dataset == dataset, _r.of_month == month)
        .subquery("cut_rows")
    )


def _differences(dataset: Dataset, scope: Scope, base: Subquery, months: Sequence[str]) -> Subquery:
    """Rows of the months that are not as ``base`` says.

    A column that a row has gained since makes no difference: the product grew, not the facts.
    """
    rows = rows_of(dataset, scope)
    conditions = inside(dataset, rows, scope)
    of_month: ColumnElement[str] = literal(months[0]) if dataset == "people" else month_of(rows)
    if dataset == "entries":
        # A quarter's figure stands in none of its months, so it corrects none of them.
        conditions.append(func.to_char(rows.c.first_day, "YYYY-MM") == of_month)
    now = (
        select(
            of_month.label("of_month"),
            rows.c.record_id,
            rows.c.township,
            rows.c.facility_code,
            rows.c.day,
            _document(rows).label("data"),
        )
        .where(*conditions, *(() if dataset == "people" else (of_month.in_(months),)))
        .subquery("now_rows")
    )
    joined = base.join(
        now,
        and_(base.c.of_month == now.c.of_month, base.c.record_id == now.c.record_id),
        full=True,
    )
    # "Late" too is what had been withdrawn when it was last signed.
    kind = case(
        (base.c.data.is_(None), "late"), (now.c.data.is_(None), "withdrawn"), else_="changed"
    )
    return (
        select(
            func.coalesce(now.c.of_month, base.c.of_month).label("of_month"),
            func.coalesce(now.c.record_id, base.c.record_id).label("record_id"),
            kind.label("kind"),
            func.coalesce(now.c.township, base.c.township).label("township"),
            func.coalesce(now.c.facility_code, base.c.facility_code).label("facility_code"),
            func.coalesce(now.c.day, base.c.day).label("day"),
            base.c.data.label("before"),
            now.c.data.label("after"),
        )
        .select_from(joined)
        .where(
            or_(
                and_(base.c.data.is_(None), now.c.data.is_not(None)),
                and_(base.c.data.is_not(None), now.c.data.is_(None)),
                not_(now.c.data.contains(base.c.data)),
            )
        )
        .subquery("differences")
    )


async def townships_changed(
    session: ReadSession, close: Close, cut: int, before: int
) -> set[str | None]:
    """Townships whose rows differ between two cuts."""
    old = select(_r.of_month, _r.dataset, _r.record_id, _r.township, _r.after).where(
        _r.close_id == close.id, _r.cut == before
    )
    new = select(_r.of_month, _r.dataset, _r.record_id, _r.township, _r.after).where(
        _r.close_id == close.id, _r.cut == cut
    )
    gone, came = old.except_(new).subquery(), new.except_(old).subquery()
    found = await session.scalars(select(gone.c.township).union(select(came.c.township)))
    return set(found)


async def changes_since(
    session: ReadSession,
    close: Close,
    cut: int,
    scope: Scope,
    *,
    township: str | None,
    after: tuple[str, str] | None,
    limit: int,
) -> list[RowMapping]:
    """Rows of the month that are no longer as a cut says; who reads one page asks for the next."""
    items: list[RowMapping] = []
    start = 0 if after is None else DATASETS.index(cast("Dataset", after[0]))
    for dataset in DATASETS[start:]:
        found = _differences(
            dataset, scope, _of_cut(dataset, close.id, cut, close.month), [close.month]
        )
        statement = (
            select(literal(dataset).label("dataset"), found)
            .order_by(found.c.record_id)
            .limit(limit - len(items))
        )
        if township is not None:
            statement = statement.where(found.c.township == township)
        if after is not None and dataset == after[0]:
            statement = statement.where(found.c.record_id > after[1])
        items += (await session.execute(statement)).mappings()
        if len(items) >= limit:
            break
    return items
