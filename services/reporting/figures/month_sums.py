"""The kept sums: bills, visits and questions by month, facility and home.

A *cell* is a kind of row, a month and a facility. A change of rows leaves marks, which name the
cells that are *stale*; their sums are taken from the rows themselves until they are taken anew.
So what is read here is always what the rows of the same snapshot add up to, however far the taking
anew is behind; it only makes the next look cheaper.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    FromClause,
    Select,
    String,
    Subquery,
    and_,
    delete,
    func,
    insert,
    literal,
    not_,
    select,
    text,
    tuple_,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects.postgresql import ARRAY

from services.reporting.figures import facts
from services.reporting.figures.domain import Dataset
from services.reporting.models import (
    SUMMED,
    SettlementPayer,
    month_payers,
    month_sums,
    stale_marks,
)
from shared.db.session import ReadSession, WriteSession

FLOWS: dict[Dataset, Callable[[], Subquery]] = {
    "settled": facts.settled,
    "discharged": facts.discharged,
    "recognitions": facts.recognitions,
}
"""What is summed: what happens on a day, and no stock."""
_MOST_CELLS = 400
"""With more stale cells than that, reading all rows at once is no dearer."""
_ALONE = text("SELECT pg_try_advisory_xact_lock(hashtextextended('month_sums', 0))")
_ALONE_SOON = text("SELECT pg_advisory_xact_lock(hashtextextended('month_sums', 0))")
_FOLLOW_AT_THE_END = text("SET LOCAL reporting.sums_follow = 'at_the_end'")
_STALE_CELLS = text("SELECT dataset, month, facility_code FROM stale_cells LIMIT :most")
_ANY_MARK = text("SELECT EXISTS (SELECT FROM stale_marks)")
"""What stale marks say is told by a view, which finds the cells of marked persons and visits."""


@dataclass(frozen=True)
class Cells:
    """Months of facilities, of one kind of row."""

    months: tuple[date, ...]
    facilities: tuple[str, ...]

    def apart(self) -> FromClause:
        """The cells as rows: ``first`` day, ``after`` the last day, ``facility_code``."""
        listed = func.unnest(
            sql_cast(list(self.months), ARRAY(Date)),
            sql_cast([_month_after(each) for each in self.months], ARRAY(Date)),
            sql_cast(list(self.facilities), ARRAY(String)),
        )
        return listed.table_valued("first", "after", "facility_code", name="cell").render_derived()


def _month_after(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def chosen(
    statement: Select[*tuple[Any, ...]], rows: Subquery, cells: Cells | None
) -> Select[*tuple[Any, ...]]:
    """The statement over rows, all or those in some cells; each lies in one at most."""
    if cells is None:
        return statement.select_from(rows)
    listed = cells.apart()
    inside = and_(
        rows.c.day >= listed.c.first,
        rows.c.day < listed.c.after,
        rows.c.facility_code == listed.c.facility_code,
    )
    return statement.select_from(rows.join(listed, inside))


async def stale(session: ReadSession) -> Mapping[Dataset, Cells] | None:
    """Which cells are stale in this snapshot, by kind of row; None: take all as stale."""
    found = (await session.execute(_STALE_CELLS, {"most": _MOST_CELLS + 1})).all()
    if len(found) > _MOST_CELLS or any(row.dataset is None for row in found):
        return None
    cells: dict[Dataset, list[tuple[date, str]]] = defaultdict(list)
    for dataset, month, facility_code in found:
        cells[dataset].append((month, facility_code))
    return {
        dataset: Cells(tuple(month for month, _ in each), tuple(code for _, code in each))
        for dataset, each in cells.items()
    }


def kept(cells: Mapping[Dataset, Cells]) -> Subquery:
    """The kept sums of every kind that are not stale; ``day`` is the month's first."""
    k = month_sums.c
    return (
        select(
            k.month.label("day"),
            k.facility_code,
            k.township,
            k.village,
            *(k[name] for name in SUMMED),
        )
        .where(*(not_(and_(k.dataset == of, _in(k, each))) for of, each in cells.items()))
        .subquery("kept")
    )


def kept_payers(cells: Mapping[Dataset, Cells]) -> Subquery:
    """What payers pay of bills, where that is not stale."""
    k = month_payers.c
    chosen = select(
        k.month.label("day"), k.facility_code, k.township, k.village, k.payer, k.amount_fen
    )
    if "settled" in cells:
        chosen = chosen.where(not_(_in(k, cells["settled"])))
    return chosen.subquery("kept_payers")


def _in(columns: Any, cells: Cells) -> ColumnElement[bool]:
    listed = cells.apart()
    return tuple_(columns.month, columns.facility_code).in_(
        select(listed.c.first, listed.c.facility_code)
    )


async def marked(session: ReadSession) -> bool:
    """Whether anything is stale."""
    return bool((await session.execute(_ANY_MARK)).scalar_one())


async def follow_at_the_end(session: WriteSession) -> None:
    """This transaction leaves no marks: it ends with :func:`take_all_anew`."""
    await session.execute(_FOLLOW_AT_THE_END)


async def take_all_anew(session: WriteSession) -> None:
    """Make every kept sum from the rows, in a transaction that lets no handler change them."""
    await session.execute(_ALONE_SOON)
    await session.execute(delete(stale_marks))
    for table in (month_sums, month_payers):
        await session.execute(delete(table))
    for dataset in FLOWS:
        await _make(session, dataset, None)


async def alone(session: WriteSession) -> bool:
    """Begin one snapshot to catch up on; False: somebody else is at it.

    The session must not have been used. A mark that is written meanwhile stays, and of two that
    catch up at once one fails and changes nothing.
    """
    await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    return bool((await session.execute(_ALONE)).scalar_one())


async def catch_up(session: WriteSession) -> bool:
    """Take the stale cells anew; whether there was anything to do. On :func:`alone`'s snapshot."""
    if not await marked(session):
        return False
    cells = await stale(session)
    if cells is None:
        for table in (month_sums, month_payers):
            await session.execute(delete(table))
        for dataset in FLOWS:
            await _make(session, dataset, None)
    else:
        for dataset, each in cells.items():
            k, p = month_sums.c, month_payers.c
            await session.execute(delete(month_sums).where(k.dataset == dataset, _in(k, each)))
            if dataset == "settled":
                await session.execute(delete(month_payers).where(_in(p, each)))
            await _make(session, dataset, each)
    await session.execute(delete(stale_marks))
    return True


async def _make(session: WriteSession, dataset: Dataset, cells: Cells | None) -> None:
    """Sum up rows of a kind, all or those of some cells."""
    rows = FLOWS[dataset]()
    month = sql_cast(func.date_trunc("month", rows.c.day), Date)
    home = (rows.c.facility_code, rows.c.township, rows.c.village)
    measures = facts.measures_of(dataset, rows)
    sums = chosen(select(literal(dataset), month, *home, *measures.values()), rows, cells).group_by(
        month, *home
    )
    await session.execute(
        insert(month_sums).from_select(
            ["dataset", "month", "facility_code", "township", "village", *measures], sums
        )
    )
    if dataset == "settled":
        of_bill = SettlementPayer.settlement_id == rows.c.record_id
        amounts = chosen(
            select(month, *home, SettlementPayer.payer, func.sum(SettlementPayer.amount_fen)),
            rows,
            cells,
        )
        await session.execute(
            insert(month_payers).from_select(
                ["month", "facility_code", "township", "village", "payer", "amount_fen"],
                amounts.join(SettlementPayer, of_bill).group_by(
                    month, *home, SettlementPayer.payer
                ),
            )
        )
