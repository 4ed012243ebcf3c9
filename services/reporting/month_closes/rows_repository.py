"""SQL of kept rows: what a cut adds up to, and its rows page by page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, Subquery, func, literal, select
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects.postgresql import JSONB

from services.reporting.figures import facts
from services.reporting.figures.domain import UNKNOWN, Dataset
from services.reporting.figures.repository import (
    DATASETS,
    Scope,
    Sums,
    add,
    codes_of,
    rows_of,
)
from services.reporting.models import close_rows
from services.reporting.month_closes.cuts_repository import FLOWS
from shared.db.session import ReadSession

Side = Literal["before", "after"]
_r = close_rows.c


def _typed(dataset: Dataset, scope: Scope, rows: Subquery) -> Subquery:
    """Kept rows in the shape of living ones, so that both are added up by the same words."""
    shape = rows_of(dataset, scope)
    return select(
        *(
            sql_cast(rows.c.data[column.name].astext, column.type).label(column.name)
            for column in shape.columns
        ),
        rows.c.of_month.label("of_month"),
    ).subquery("kept")


async def sums_of_cut(
    session: ReadSession,
    close_id: UUID,
    cut: int,
    scope: Scope,
    *,
    side: Side = "after",
    own: bool = True,
    by: Literal["township", "facility_code", "of_month"] | None = None,
) -> dict[str, Sums]:
    """Every sum of a cut's rows, by part of the county; the whole is under ``""``.

    Args:
        session: to read with.
        close_id: the closing.
        cut: its cut.
        scope: of the month.
        side: rows as they count now, or (of corrections) as they counted before.
        own: the month's own rows, or its corrections of earlier months.
        by: which part a row belongs to.
    """
    parts: dict[str, Sums] = {}
    for dataset in DATASETS if own else FLOWS:
        if dataset == "people" and by == "facility_code":
            continue
        chosen = select(_r.of_month, sql_cast(_r[side], JSONB).label("data")).where(
            _r.close_id == close_id,
            _r.cut == cut,
            _r.dataset == dataset,
            _r[side].is_not(None),
            _r.kind == "own" if own else _r.kind != "own",
        )
        rows = _typed(dataset, scope, chosen.subquery("chosen"))
        key: ColumnElement[Any] = literal("") if by is None else rows.c[by]
        measures, codes = facts.measures_of(dataset, rows), codes_of(dataset, rows)
        statement = select(
            key.label("part"), *codes, *(m.label(name) for name, m in measures.items())
        )
        statement = statement.select_from(rows).group_by(*codes, *(() if by is None else (key,)))
        for row in (await session.execute(statement)).mappings():
            sums = parts.setdefault(UNKNOWN if row["part"] is None else row["part"], Sums())
            add(sums, row, measures)
    return parts


async def corrections_by_kind(session: ReadSession, close_id: UUID, cut: int) -> list[RowMapping]:
    """How many rows of which earlier month were late, changed or withdrawn."""
    found = await session.execute(
        select(_r.of_month, _r.dataset, _r.kind, func.count().label("rows"))
        .where(_r.close_id == close_id, _r.cut == cut, _r.kind != "own")
        .group_by(_r.of_month, _r.dataset, _r.kind)
        .order_by(_r.of_month, _r.dataset, _r.kind)
    )
    return list(found.mappings())


async def page_of_rows(
    session: ReadSession,
    close_id: UUID,
    cut: int,
    *,
    township: str | None,
    dataset: str | None,
    corrections: bool | None,
    after: tuple[str, str, str] | None,
    limit: int,
) -> list[RowMapping]:
    """Rows of a cut in the order of month, kind of row and id."""
    key = (_r.of_month, _r.dataset, _r.record_id)
    statement = (
        select(*key, _r.kind, _r.township, _r.facility_code, _r.day, _r.before, _r.after)
        .where(_r.close_id == close_id, _r.cut == cut)
        .order_by(*key)
        .limit(limit)
    )
    if township is not None:
        statement = statement.where(_r.township == township)
    if dataset is not None:
        statement = statement.where(_r.dataset == dataset)
    if corrections is not None:
        statement = statement.where(_r.kind != "own" if corrections else _r.kind == "own")
    if after is not None:
        statement = statement.where(func.row(*key) > func.row(*after))
    return list((await session.execute(statement)).mappings())


_BATCH = 2_000


async def all_rows(
    session: ReadSession, close_id: UUID, cut: int
) -> AsyncIterator[list[RowMapping]]:
    """Every row of a cut, in batches, in one order."""
    after: tuple[str, str, str] | None = None
    while True:
        rows = await page_of_rows(
            session,
            close_id,
            cut,
            township=None,
            dataset=None,
            corrections=None,
            after=after,
            limit=_BATCH,
        )
        if not rows:
            return
        yield rows
        last = rows[-1]
        after = (last["of_month"], last["dataset"], last["record_id"])
