"""All SQL of month closes: cuts of the rows behind the figures, steps, what was signed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Literal, cast
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
    update,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects.postgresql import JSONB, distinct_on
from sqlalchemy.dialects.postgresql import insert as upsert

from services.reporting.figures.domain import UNKNOWN
from services.reporting.figures.facts import month_of
from services.reporting.figures.repository import (
    DATASETS,
    Dataset,
    Scope,
    Sums,
    inside,
    measures_of,
    rows_of,
)
from services.reporting.models import close_rows, close_steps, month_closes
from services.reporting.month_closes.domain import Close, Status, Step
from shared.db.session import ReadSession, WriteSession

FLOWS: tuple[Dataset, ...] = tuple(each for each in DATASETS if each != "people")
"""Kinds of rows that happen in a month. People are counted on a day: who is learned of later
stands in the next month's count, and corrects no earlier one."""

Side = Literal["before", "after"]
_c = month_closes.c
_r = close_rows.c
_WITHOUT_FILE = [column for column in month_closes.columns if column.name != "file"]


# --- the closing and its steps --------------------------------------------------------------


async def hold_region(session: WriteSession, region: str) -> None:
    """One closing is begun or signed at a time: both number, and look at each other's months."""
    await session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended('month close ' || :region, 0))"),
        {"region": region},
    )


async def add(session: WriteSession, values: Mapping[str, Any]) -> bool:
    """Keep a new closing; False when the month has a live one."""
    kept = await session.scalar(
        upsert(month_closes).values(values).on_conflict_do_nothing().returning(_c.id)
    )
    return kept is not None


async def next_revision(session: ReadSession, region: str, month: str) -> int:
    last = await session.scalar(
        select(func.max(_c.revision)).where(_c.region == region, _c.month == month)
    )
    return int(last or 0) + 1


async def live_of(session: ReadSession, region: str, month: str) -> UUID | None:
    found: UUID | None = await session.scalar(
        select(_c.id).where(_c.region == region, _c.month == month, _c.status != "reopened")
    )
    return found


async def change(session: WriteSession, close_id: UUID, **values: Any) -> None:
    """Change columns of a held closing."""
    await session.execute(update(month_closes).where(_c.id == close_id).values(**values))


async def add_step(session: WriteSession, close_id: UUID, step: Step) -> None:
    number = select(func.count() + 1).where(close_steps.c.close_id == close_id).scalar_subquery()
    await session.execute(
        insert(close_steps).values(close_id=close_id, number=number, **asdict(step))
    )


async def get(session: ReadSession, region: str, close_id: UUID) -> Close | None:
    return await _one(session, select(*_WITHOUT_FILE).where(_c.id == close_id, _c.region == region))


async def lock(session: WriteSession, region: str, close_id: UUID) -> Close | None:
    """The closing, held until the transaction ends."""
    return await _one(
        session,
        select(*_WITHOUT_FILE).where(_c.id == close_id, _c.region == region).with_for_update(),
    )


async def _one(session: ReadSession, statement: Any) -> Close | None:
    row = (await session.execute(statement)).mappings().one_or_none()
    return None if row is None else (await _whole(session, [row]))[0]


async def find(
    session: ReadSession,
    *,
    region: str,
    month: str | None,
    status: str | None,
    after: UUID | None,
    limit: int,
) -> list[Close]:
    """A region's closings, oldest first."""
    statement = select(*_WITHOUT_FILE).where(_c.region == region).order_by(_c.id).limit(limit)
    if month is not None:
        statement = statement.where(_c.month == month)
    if status is not None:
        statement = statement.where(_c.status == status)
    if after is not None:
        statement = statement.where(_c.id > after)
    return await _whole(session, list((await session.execute(statement)).mappings()))


async def _whole(session: ReadSession, rows: Sequence[RowMapping]) -> list[Close]:
    s = close_steps.c
    steps: dict[UUID, list[Step]] = {row["id"]: [] for row in rows}
    for step in (
        await session.execute(
            select(close_steps).where(s.close_id.in_(list(steps))).order_by(s.close_id, s.number)
        )
    ).mappings():
        steps[step["close_id"]].append(
            Step(**{name: value for name, value in step.items() if name in _STEP_FIELDS})
        )
    return [
        Close(
            **cast("dict[str, Any]", dict(row)) | {"status": cast("Status", row["status"])},
            steps=tuple(steps[row["id"]]),
        )
        for row in rows
    ]


_STEP_FIELDS = frozenset(Step.__dataclass_fields__)


async def file_of(session: ReadSession, close_id: UUID) -> bytes | None:
    """The signed file."""
    found: bytes | None = await session.scalar(select(_c.file).where(_c.id == close_id))
    return found


async def last_signed(session: ReadSession, region: str) -> RowMapping | None:
    """The closing that was signed last, reopened ones included: the chain goes through it."""
    found = await session.execute(
        select(_c.place, _c.month, _c.revision, _c.sha256)
        .where(_c.region == region, _c.place.is_not(None))
        .order_by(_c.place.desc())
        .limit(1)
    )
    return found.mappings().one_or_none()


# --- cutting rows ---------------------------------------------------------------------------


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
        found = _differences(dataset, scope, _signed(dataset, close.region, months), months)
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


def _signed(dataset: Dataset, region: str, months: Sequence[str]) -> Subquery:
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


async def closed_months(session: ReadSession, region: str, *, before: str) -> list[str]:
    """Months earlier than one that are signed."""
    found = await session.scalars(
        select(_c.month)
        .where(_c.region == region, _c.status == "closed", _c.month < before)
        .order_by(_c.month)
    )
    return list(found)


async def corrected_by(session: ReadSession, close: Close) -> list[str]:
    """The signed months that hold corrections of this one."""
    found = await session.scalars(
        select(_c.month)
        .distinct()
        .join(close_rows, and_(_r.close_id == _c.id, _r.cut == _c.cut))
        .where(
            _c.region == close.region,
            _c.status == "closed",
            _r.of_month == close.month,
            _c.id != close.id,
        )
        .order_by(_c.month)
    )
    return list(found)


# --- reading cuts ---------------------------------------------------------------------------


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
        measures = measures_of(dataset, rows)
        statement = select(key.label("part"), *(m.label(name) for name, m in measures.items()))
        statement = statement.select_from(rows)
        if by is not None:
            statement = statement.group_by(key)
        for row in (await session.execute(statement)).mappings():
            sums = parts.setdefault(UNKNOWN if row["part"] is None else row["part"], Sums())
            for name in measures:
                sums.values[name] += int(row[name] or 0)
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
