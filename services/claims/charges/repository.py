"""All SQL of the charges."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, func, select, text

from services.claims.models import charge_batches, charge_lines
from services.claims.settlement.bill import Line
from shared.db.direct import DirectWork
from shared.db.session import ReadSession, WriteSession

# A line whose number is taken in the encounter is left out and so is not returned.
_LINES: Final = """
INSERT INTO charge_lines
  (encounter_id, line_no, batch_no, item_code, name, kind, catalogue_class, amount_fen, quantity,
   unit_price_fen, price_limit_fen, self_first_ratio, occurred_on)
SELECT :encounter_id, line_no, :batch_no, item_code, name, kind, catalogue_class, amount_fen,
       quantity, unit_price_fen, price_limit_fen, self_first_ratio, occurred_on
FROM jsonb_to_recordset(CAST(:lines AS jsonb)) AS sent(
  line_no text, item_code text, name text, kind text, catalogue_class text, amount_fen bigint,
  quantity numeric, unit_price_fen numeric, price_limit_fen bigint, self_first_ratio numeric,
  occurred_on date)
ON CONFLICT (encounter_id, line_no) DO NOTHING
RETURNING line_no
"""
_BATCH: Final = """
WITH batch AS (
  INSERT INTO charge_batches
    (encounter_id, batch_no, region, content_hash, line_count, total_fen, received_at)
  VALUES (:encounter_id, :batch_no, :region, :content_hash, :line_count, :total_fen, :received_at)
)"""
_ADD = text(_BATCH + _LINES)
_ADD_LINES = text(_LINES)

BILL: Final = """
SELECT line_no, name, kind, catalogue_class, amount_fen, item_code, quantity, unit_price_fen,
       price_limit_fen, self_first_ratio, occurred_on
FROM charge_lines WHERE encounter_id = {encounter_id}"""
"""An encounter's lines on the driver; :data:`IN_ORDER` of their numbers."""
IN_ORDER: Final = "ORDER BY length(line_no), line_no"
_BILL: Final = f"{BILL.format(encounter_id='$1')} {IN_ORDER}"


@dataclass(frozen=True)
class Batch:
    """A batch as kept."""

    batch_no: str
    content_hash: bytes
    line_count: int
    total_fen: int
    received_at: datetime


async def add(
    session: WriteSession,
    *,
    encounter_id: UUID,
    region: str,
    batch: Batch,
    lines: Sequence[Line],
) -> set[str]:
    """Write a batch with its lines; gives the line numbers that were free, hence written."""
    written = await session.execute(
        _ADD,
        {
            "encounter_id": encounter_id,
            "batch_no": batch.batch_no,
            "region": region,
            "content_hash": batch.content_hash,
            "line_count": batch.line_count,
            "total_fen": batch.total_fen,
            "received_at": batch.received_at,
            "lines": _as_json(lines),
        },
    )
    return set(written.scalars())


async def add_lines(
    session: WriteSession, encounter_id: UUID, batch_no: str, lines: Sequence[Line]
) -> set[str]:
    """Write further lines of a batch that is there; gives the numbers that were free."""
    written = await session.execute(
        _ADD_LINES,
        {"encounter_id": encounter_id, "batch_no": batch_no, "lines": _as_json(lines)},
    )
    return set(written.scalars())


def _as_json(lines: Sequence[Line]) -> str:
    rows = [
        {
            "line_no": str(line.line_no),
            "item_code": line.item_code or None,
            "name": line.name,
            "kind": line.kind,
            "catalogue_class": line.catalogue_class,
            "amount_fen": line.amount_fen,
            "quantity": None if line.quantity is None else str(line.quantity),
            "unit_price_fen": None if line.unit_price_fen is None else str(line.unit_price_fen),
            "price_limit_fen": line.price_limit_fen,
            "self_first_ratio": (
                None if line.self_first_ratio is None else str(line.self_first_ratio)
            ),
            "occurred_on": line.occurred_on.isoformat() if line.occurred_on else None,
        }
        for line in lines
    ]
    return json.dumps(rows, ensure_ascii=False)


async def batch_of(session: ReadSession, encounter_id: UUID, batch_no: str) -> Batch | None:
    row = (
        await session.execute(
            select(
                charge_batches.c.batch_no,
                charge_batches.c.content_hash,
                charge_batches.c.line_count,
                charge_batches.c.total_fen,
                charge_batches.c.received_at,
            ).where(
                charge_batches.c.encounter_id == encounter_id,
                charge_batches.c.batch_no == batch_no,
            )
        )
    ).one_or_none()
    if row is None:
        return None
    return Batch(row.batch_no, row.content_hash, row.line_count, row.total_fen, row.received_at)


async def batches_of(session: ReadSession, encounter_id: UUID) -> list[Batch]:
    """The encounter's batches in the order in which they came."""
    columns = charge_batches.c
    rows = await session.execute(
        select(
            columns.batch_no,
            columns.content_hash,
            columns.line_count,
            columns.total_fen,
            columns.received_at,
        )
        .where(columns.encounter_id == encounter_id)
        .order_by(columns.received_at, columns.batch_no)
    )
    return [Batch(*row) for row in rows]


async def remove(session: WriteSession, encounter_id: UUID, batch_no: str) -> None:
    """Delete a batch; its lines go with it."""
    await session.execute(
        delete(charge_batches).where(
            charge_batches.c.encounter_id == encounter_id, charge_batches.c.batch_no == batch_no
        )
    )


async def lines_of(
    session: ReadSession,
    encounter_id: UUID,
    *,
    batch_no: str | None = None,
    limit: int | None = None,
) -> tuple[Line, ...]:
    """The encounter's bill, as the engine reads it, in the order of the line numbers.

    Args:
        session: any.
        encounter_id: whose.
        batch_no: of one batch alone; None: of the whole bill.
        limit: not more than so many; None: all.
    """
    columns = charge_lines.c
    statement = (
        select(
            columns.line_no,
            columns.name,
            columns.kind,
            columns.catalogue_class,
            columns.amount_fen,
            columns.item_code,
            columns.quantity,
            columns.unit_price_fen,
            columns.price_limit_fen,
            columns.self_first_ratio,
            columns.occurred_on,
        )
        .where(columns.encounter_id == encounter_id)
        .order_by(func.length(columns.line_no), columns.line_no)
    )
    if batch_no is not None:
        statement = statement.where(columns.batch_no == batch_no)
    if limit is not None:
        statement = statement.limit(limit)
    rows = await session.execute(statement)
    return tuple(line(row._mapping) for row in rows)  # noqa: SLF001 - SQLAlchemy's accessor


async def bill_directly(direct: DirectWork, encounter_id: UUID) -> tuple[Line, ...]:
    """As :func:`lines_of`, on the driver."""
    return tuple(line(row) for row in await direct.fetch(_BILL, encounter_id))


def line(row: Mapping[Any, Any]) -> Line:
    """A stored line, as the engine reads it."""
    return Line(
        line_no=row["line_no"],
        name=row["name"],
        kind=row["kind"],
        catalogue_class=row["catalogue_class"],
        amount_fen=row["amount_fen"],
        item_code=row["item_code"] or "",
        quantity=row["quantity"],
        unit_price_fen=row["unit_price_fen"],
        price_limit_fen=row["price_limit_fen"],
        self_first_ratio=row["self_first_ratio"],
        occurred_on=row["occurred_on"],
    )


@dataclass(frozen=True)
class Totals:
    """What an encounter was charged so far; fen."""

    batches: int = 0
    lines: int = 0
    amount_fen: int = 0


async def totals_of_many(session: ReadSession, ids: Sequence[UUID]) -> dict[UUID, Totals]:
    """The totals of several encounters; those without a batch have zeros."""
    found = {encounter_id: Totals() for encounter_id in ids}
    if not ids:
        return found
    rows = await session.execute(
        select(
            charge_batches.c.encounter_id,
            func.count().label("batches"),
            func.sum(charge_batches.c.line_count).label("lines"),
            func.sum(charge_batches.c.total_fen).label("amount_fen"),
        )
        .where(charge_batches.c.encounter_id.in_(ids))
        .group_by(charge_batches.c.encounter_id)
    )
    for row in rows:
        found[row.encounter_id] = Totals(row.batches, int(row.lines), int(row.amount_fen))
    return found


async def totals_of(session: ReadSession, encounter_id: UUID) -> Totals:
    return (await totals_of_many(session, [encounter_id]))[encounter_id]
