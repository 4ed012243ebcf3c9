"""All SQL of the figures: sums over an area and a period, whole or by place or month."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Subquery, func, select, text, tuple_

from services.reporting.figures import facts, month_sums, people_kept, registered
from services.reporting.figures.domain import UNKNOWN, Area, Dataset, Period
from services.reporting.models import (
    CHANGING,
    SUMMED,
    Card,
    CheckUp,
    Contract,
    Dispensing,
    Encounter,
    FollowUp,
    Happening,
    Person,
    Recognition,
    Roster,
    Settlement,
    SettlementPayer,
)
from shared.db.session import ReadSession

GroupBy = Literal["township", "village", "facility_code", "month"]


@dataclass(frozen=True)
class Scope:
    """Whose rows count: an area, a period, and the days on which stocks are counted."""

    area: Area
    period: Period
    day: date
    card_day: date
    """Of cards: they are issued long after the half-year whose visits are looked at."""


@dataclass
class Sums:
    """Named sums (counts, and amounts in fen whose names end in ``_fen``); a missing one is 0."""

    values: Counter[str] = field(default_factory=Counter)

    def __getitem__(self, name: str) -> int:
        return self.values[name]


def rows_of(dataset: Dataset, scope: Scope) -> Subquery:
    """The selection of a kind of row; area and period are still to be applied."""
    if dataset == "settled":
        return facts.settled()
    if dataset == "discharged":
        return facts.discharged()
    if dataset == "recognitions":
        return facts.recognitions()
    if dataset == "entries":
        return facts.entries()
    return registered.people(scope.day, scope.card_day)


def inside(dataset: Dataset, rows: Subquery, scope: Scope) -> list[ColumnElement[bool]]:
    """The conditions of the scope. People are a stock: the period has chosen their day already."""
    area, period = scope.area, scope.period
    conditions: list[ColumnElement[bool]] = []
    if area.level == "facility":
        conditions.append(rows.c.facility_code == area.facility_code)
    if area.township is not None:
        conditions.append(_is(rows.c.township, area.township))
    if area.village is not None:
        conditions.append(_is(rows.c.village, area.village))
    if dataset != "people":
        if period.start is not None:
            # A half-year's figure is none of its last month's.
            first = rows.c.first_day if dataset == "entries" else rows.c.day
            conditions.append(first >= period.start)
        if period.end is not None:
            conditions.append(rows.c.day < period.end)
    return conditions


def _is(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    return column.is_(None) if name == UNKNOWN else column == name


DATASETS: tuple[Dataset, ...] = ("settled", "discharged", "recognitions", "people", "entries")


def codes_of(dataset: Dataset, rows: Subquery) -> list[ColumnElement[Any]]:
    """What its sums are told apart by, besides places and months: of entered figures the code."""
    return [rows.c.code] if dataset == "entries" else []


async def totals(session: ReadSession, scope: Scope) -> Sums:
    """Every sum of the scope."""
    whole, _ = await totals_and_parts(session, scope, ())
    return whole


async def sums_by(session: ReadSession, scope: Scope, by: GroupBy) -> dict[str, Sums]:
    """Every sum of the scope's parts; ``unknown`` is the part whose place nobody told.

    The parts add up to :func:`totals`, because each row is in exactly one. People and entered
    figures have neither a facility nor a month.
    """
    _, parts = await totals_and_parts(session, scope, (by,))
    return parts[by]


async def totals_and_parts(
    session: ReadSession, scope: Scope, divisions: Collection[GroupBy], *, by_rows: bool = False
) -> tuple[Sums, dict[GroupBy, dict[str, Sums]]]:
    """The scope's sums, and those of its parts in each division.

    What is kept and not stale comes from the kept sums (see ``month_sums``), the rest from the
    rows; ``by_rows``: all of it from the rows, which is the same and takes longer.
    """
    whole = Sums()
    parts: dict[GroupBy, dict[str, Sums]] = {by: {} for by in divisions}
    cells = None if by_rows else await month_sums.stale(session)
    if cells is not None:
        await _add_kept(session, scope, cells, whole, parts)
    for dataset in DATASETS:
        part = None
        if cells is not None and dataset in month_sums.FLOWS:
            if dataset not in cells:
                continue
            part = cells[dataset]
        rows = await _counted(session, dataset, scope, by_rows=by_rows)
        keys: dict[GroupBy, ColumnElement[Any]] = {
            by: facts.month_of(rows) if by == "month" else rows.c[by]
            for by in parts
            if dataset not in ("people", "entries") or by in ("township", "village")
        }
        measures, codes = facts.measures_of(dataset, rows), codes_of(dataset, rows)
        statement = _divided(keys, codes, measures).where(*inside(dataset, rows, scope))
        found = await session.execute(month_sums.chosen(statement, rows, part))
        _add_divided(found.mappings(), keys, measures, whole, parts)
    return whole, parts


async def _counted(
    session: ReadSession, dataset: Dataset, scope: Scope, *, by_rows: bool
) -> Subquery:
    if dataset == "people" and not by_rows:
        kept = await people_kept.rows(session, scope.day, scope.card_day)
        if kept is not None:
            return kept
    return rows_of(dataset, scope)


async def _add_kept(
    session: ReadSession,
    scope: Scope,
    cells: Mapping[Dataset, month_sums.Cells],
    whole: Sums,
    parts: dict[GroupBy, dict[str, Sums]],
) -> None:
    """Add the sums that are kept; those of stale cells are not among them."""
    rows = month_sums.kept(cells)
    keys: dict[GroupBy, ColumnElement[Any]] = {
        by: facts.month_of(rows) if by == "month" else rows.c[by] for by in parts
    }
    measures = {name: func.sum(rows.c[name]) for name in SUMMED}
    found = await session.execute(
        _divided(keys, [], measures).select_from(rows).where(*inside("settled", rows, scope))
    )
    _add_divided(found.mappings(), keys, measures, whole, parts)


def _divided(
    keys: Mapping[GroupBy, ColumnElement[Any]],
    codes: list[ColumnElement[Any]],
    measures: Mapping[str, ColumnElement[Any]],
) -> Select[Any]:
    """Each sum of the whole, and of the parts in each division."""
    return select(
        *(key.label(f"in_{by}") for by, key in keys.items()),
        *(func.grouping(key).label(f"no_{by}") for by, key in keys.items()),
        *codes,
        *(m.label(name) for name, m in measures.items()),
    ).group_by(func.grouping_sets(tuple_(*codes), *(tuple_(*codes, key) for key in keys.values())))


def _add_divided(
    found: Iterable[Mapping[Any, Any]],
    keys: Iterable[GroupBy],
    names: Iterable[str],
    whole: Sums,
    parts: dict[GroupBy, dict[str, Sums]],
) -> None:
    for row in found:
        for by in keys:
            if row[f"no_{by}"] == 0:
                sums = parts[by].setdefault(row[f"in_{by}"] or UNKNOWN, Sums())
                break
        else:
            sums = whole
        add(sums, row, names)


def add(sums: Sums, row: Mapping[Any, Any], names: Iterable[str]) -> None:
    """Add a row's sums; one that is of a code has it before their names."""
    of_code = f"{row['code']}_" if "code" in row else ""
    for name in names:
        sums.values[of_code + name] += int(row[name] or 0)


async def payers(session: ReadSession, scope: Scope, *, by_rows: bool = False) -> dict[str, int]:
    """What each payer pays of all counted bills, in fen; the patients' own part not included."""
    amounts: Counter[str] = Counter()
    cells = None if by_rows else await month_sums.stale(session)
    if cells is not None:
        kept = month_sums.kept_payers(cells)
        found = await session.execute(
            select(kept.c.payer, func.sum(kept.c.amount_fen))
            .where(*inside("settled", kept, scope))
            .group_by(kept.c.payer)
        )
        amounts.update({payer: int(amount) for payer, amount in found})
        if "settled" not in cells:
            return dict(amounts)
    rows = facts.settled()
    of_payer = select(SettlementPayer.payer, func.sum(SettlementPayer.amount_fen))
    statement = month_sums.chosen(
        of_payer,
        rows,
        None if cells is None else cells["settled"],
    )
    found = await session.execute(
        statement.join(SettlementPayer, rows.c.record_id == SettlementPayer.settlement_id)
        .where(*inside("settled", rows, scope))
        .group_by(SettlementPayer.payer)
    )
    amounts.update({payer: int(amount) for payer, amount in found})
    return dict(amounts)


async def data_day(session: ReadSession, today: date) -> date | None:
    """The latest day that visits, recognitions, rosters and the teams' work speak of.

    A contract that begins after ``today`` is not yet data.
    """
    days = (
        await session.execute(
            select(
                select(func.max(Settlement.discharged_on)).scalar_subquery(),
                select(func.max(Encounter.discharged_on)).scalar_subquery(),
                select(func.max(Encounter.admitted_on)).scalar_subquery(),
                select(func.max(Recognition.occurred_on)).scalar_subquery(),
                select(func.max(Roster.effective_on)).scalar_subquery(),
                select(func.max(Contract.valid_from))
                .where(Contract.valid_from <= today)
                .scalar_subquery(),
                select(func.max(FollowUp.performed_on)).scalar_subquery(),
                select(func.max(CheckUp.performed_on)).scalar_subquery(),
                select(func.max(Dispensing.dispensed_on)).scalar_subquery(),
            )
        )
    ).one()
    return max((day for day in days if day is not None), default=None)


async def card_day(session: ReadSession) -> date | None:
    """The latest day on which a card was issued or revoked."""
    days = (
        await session.execute(select(func.max(Card.issued_on), func.max(Card.revoked_on)))
    ).one()
    return max((day for day in days if day is not None), default=None)


_MONTHS_WITH_VISITS = text(
    """
    SELECT to_char(month, 'YYYY-MM') FROM generate_series(
      (SELECT date_trunc('month', min(discharged_on)::timestamp) FROM encounters),
      (SELECT max(discharged_on)::timestamp FROM encounters), interval '1 month') AS month
    WHERE EXISTS (SELECT FROM encounters
      WHERE discharged_on >= month::date AND discharged_on < (month + interval '1 month')::date)
    ORDER BY 1
    """
)


async def months_with_visits(session: ReadSession) -> list[str]:
    """Months in which a visit ended, earliest first: what a period can be chosen from.

    Each is looked up in the index; grouping the visits would read all of them.
    """
    return list((await session.execute(_MONTHS_WITH_VISITS)).scalars())


async def told_of(session: ReadSession, township: str, village: str | None) -> bool:
    """Whether the registry knows a place that the region's pack does not."""
    found = select(Person.person_id).where(Person.township == township)
    if village is not None:
        found = found.where(Person.village == village)
    return (await session.execute(found.limit(1))).first() is not None


@dataclass(frozen=True)
class Reach:
    """How far the figures reach."""

    as_of: datetime | None
    """When the newest event taken in happened; None: nothing was told yet."""
    revision: int
    """Rises with every change; the id of the live stream's messages."""
    newest_event: UUID | None
    newest_handled_at: datetime | None


_REVISION = text("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM reporting_revision")
_IS_CHANGING = text(
    "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory'"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    " AND classid = CAST(:space AS oid) AND objid = CAST(:number AS oid) AND objsubid = 2)"
).bindparams(space=CHANGING[0], number=CHANGING[1])


async def revision(session: ReadSession) -> int:
    """The number of the newest change, which may not be committed yet."""
    return int((await session.execute(_REVISION)).scalar_one())


async def is_changing(session: ReadSession) -> bool:
    """Whether a numbered change is not committed yet.

    If not, a snapshot taken from now on holds every change up to the revision read before: each
    took the lock before its number, and PostgreSQL lets go of it after the change can be seen.
    """
    return bool((await session.execute(_IS_CHANGING)).scalar_one())


async def reach(session: ReadSession) -> Reach:
    """How far the figures of this snapshot reach."""
    as_of = (await session.execute(select(func.max(Happening.at)))).scalar_one()
    newest = (
        await session.execute(
            text(
                "SELECT h.event_id, i.handled_at FROM happenings h LEFT JOIN inbox i "
                "ON i.event_id = h.event_id ORDER BY h.event_id DESC LIMIT 1"
            )
        )
    ).one_or_none()
    return Reach(
        as_of=as_of,
        revision=await revision(session),
        newest_event=newest.event_id if newest else None,
        newest_handled_at=newest.handled_at if newest else None,
    )


async def ticker(session: ReadSession, types: tuple[str, ...], limit: int) -> list[Happening]:
    """The newest happenings of some types, newest first."""
    found = await session.execute(
        select(Happening)
        .where(Happening.type.in_(types))
        .order_by(Happening.at.desc(), Happening.event_id.desc())
        .limit(limit)
    )
    return list(found.scalars())
