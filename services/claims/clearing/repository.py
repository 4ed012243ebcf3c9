"""All SQL of clearing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

from sqlalchemy import RowMapping, func, insert, select, text, tuple_, update

from services.claims.clearing.domain import Part, Payment, Run, Status, Step, StepName
from services.claims.models import (
    clearing_fees,
    clearing_items,
    clearing_parts,
    clearing_payments,
    clearing_runs,
    clearing_steps,
)
from shared.db.session import ReadSession, WriteSession

# Runs of a region are made one after the other: two would divide a facility's reversals and the
# settlements they belong to between them.
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended('clearing ' || :region, 0))")

# What was booked up to the period's end and stands in no live run. A reversal goes with what it
# reverses, however late it came. A facility that owes a fund more than it is owed waits.
_COLLECT = text("""
WITH uses AS (
  SELECT * FROM jsonb_to_recordset(CAST(:uses AS jsonb)) AS u(fund text, visit_type text, use text)
), payable AS (
  SELECT s.id AS settlement_id, p.payer AS fund, s.facility_code, uses.use, p.amount_fen
  FROM settlement_payers p
    JOIN settlements s ON s.id = p.settlement_id
    JOIN uses ON uses.fund = p.payer AND uses.visit_type = s.visit_type
    JOIN journal_entries e ON e.settlement_id = s.id
    LEFT JOIN journal_entries first ON first.id = e.reverses_id
  WHERE s.region = :region AND p.amount_fen <> 0
    AND coalesce(first.booked_on, e.booked_on) <= :until
    AND (CAST(:fund AS text) IS NULL OR p.payer = :fund)
    AND (CAST(:facility_code AS text) IS NULL OR s.facility_code = :facility_code)
    AND NOT EXISTS (SELECT FROM clearing_items i
                    WHERE i.settlement_id = s.id AND i.fund = p.payer AND i.live)
    -- What is looked into waits until it is released (monitoring).
    AND NOT EXISTS (SELECT FROM clearing_holds h
                    WHERE h.encounter_id = s.encounter_id AND h.released_at IS NULL)
    -- What a global budget answers for at its members is paid by the bundle (SJ-21).
    AND NOT EXISTS (
      SELECT FROM budget_agreements g JOIN encounters n ON n.id = s.encounter_id
      WHERE g.region = s.region AND g.year = s.standing_year AND g.signed_on IS NOT NULL
        AND p.payer = 'basic_insurance' AND jsonb_exists(g.facilities, s.facility_code)
        AND jsonb_exists(g.plan_words, n.insurance_plan)
        AND (g.townships = '[]' OR jsonb_exists(g.townships, s.township)))
), owed AS (
  SELECT facility_code, fund, use FROM payable
  GROUP BY facility_code, fund, use HAVING sum(amount_fen) >= 0
), items AS (
  INSERT INTO clearing_items (run_id, settlement_id, fund, facility_code, use, amount_fen, live)
  SELECT :run_id, settlement_id, fund, facility_code, use, amount_fen, true
  FROM payable JOIN owed USING (facility_code, fund, use)
  RETURNING facility_code, fund, use, amount_fen
), fees_open AS (
  SELECT f.id, f.facility_code, 'special_fund' AS fund, f.use, f.amount_fen FROM service_fees f
  WHERE f.region = :region AND f.booked_on <= :until
    AND coalesce(CAST(:fund AS text), 'special_fund') = 'special_fund'
    AND (CAST(:facility_code AS text) IS NULL OR f.facility_code = :facility_code)
    AND NOT EXISTS (SELECT FROM clearing_fees c WHERE c.service_fee_id = f.id AND c.live)
), fees AS (
  -- What was taken off waits until as much is owed again: nobody is paid less than nothing.
  SELECT f.* FROM fees_open f
  JOIN (SELECT facility_code, use FROM fees_open
        GROUP BY facility_code, use HAVING sum(amount_fen) >= 0) AS g USING (facility_code, use)
), collected AS (
  INSERT INTO clearing_fees (run_id, service_fee_id, live) SELECT :run_id, id, true FROM fees
)
INSERT INTO clearing_parts
  (run_id, facility_code, fund, use, amount_fen, held_fen, paid_fen, released_fen)
SELECT :run_id, facility_code, fund, use, sum(amount_fen),
  round(sum(amount_fen) * CAST(:deposit_ratio AS numeric)), 0, 0
FROM (SELECT facility_code, fund, use, amount_fen FROM items
      UNION ALL SELECT facility_code, fund, use, amount_fen FROM fees) AS each
GROUP BY facility_code, fund, use
RETURNING use
""")


async def collect(
    session: WriteSession, run: Run, *, until: date, uses: list[tuple[str, str, str]]
) -> bool:
    """Keep a run with what it collects; False when there was nothing (and nothing must be kept).

    Args:
        session: whose transaction it happens in.
        run: a draft, without parts.
        until: the period's last day.
        uses: fund, kind of visit, and what a fund's part of such a visit counts as.
    """
    await session.execute(_ONE_AT_A_TIME, {"region": run.region})
    await session.execute(
        insert(clearing_runs),
        {
            "id": run.id,
            "region": run.region,
            "period": run.period,
            "fund": run.fund,
            "facility_code": run.facility_code,
            "status": run.status,
            "version": run.version,
            "deposit_ratio": run.deposit_ratio,
        },
    )
    for step in run.steps:
        await insert_step(session, run.id, step)
    parts = await session.execute(
        _COLLECT,
        {
            "run_id": run.id,
            "region": run.region,
            "until": until,
            "fund": run.fund,
            "facility_code": run.facility_code,
            "deposit_ratio": run.deposit_ratio,
            "uses": json.dumps(
                [{"fund": fund, "visit_type": kind, "use": use} for fund, kind, use in uses]
            ),
        },
    )
    return parts.first() is not None


async def insert_step(session: WriteSession, run_id: UUID, step: Step) -> None:
    await session.execute(insert(clearing_steps), {"run_id": run_id} | asdict(step))


async def change_status(session: WriteSession, run: Run, status: Status) -> int:
    """Set a held run's state; gives its new version."""
    c = clearing_runs.c
    version = run.version + 1
    await session.execute(
        update(clearing_runs).where(c.id == run.id).values(status=status, version=version)
    )
    return version


async def let_go(session: WriteSession, run_id: UUID) -> None:
    """A cancelled run's items are free for another run."""
    for table in (clearing_items, clearing_fees):
        await session.execute(update(table).where(table.c.run_id == run_id).values(live=False))


async def get(session: ReadSession, run_id: UUID) -> Run | None:
    return await _read(session, select(clearing_runs).where(clearing_runs.c.id == run_id))


async def lock(session: WriteSession, run_id: UUID) -> Run | None:
    """The run, held until the transaction ends."""
    return await _read(
        session, select(clearing_runs).where(clearing_runs.c.id == run_id).with_for_update()
    )


async def _read(session: ReadSession, statement: Any) -> Run | None:
    row = (await session.execute(statement)).mappings().one_or_none()
    return None if row is None else (await _whole(session, [row]))[0]


async def find(
    session: ReadSession,
    *,
    region: str,
    facility_code: str | None,
    period: str | None,
    status: str | None,
    after: UUID | None,
    limit: int,
) -> list[Run]:
    """A region's runs, oldest first."""
    c = clearing_runs.c
    statement = select(clearing_runs).where(c.region == region).order_by(c.id).limit(limit)
    for column, wanted in (
        ("facility_code", facility_code),
        ("period", period),
        ("status", status),
    ):
        if wanted is not None:
            statement = statement.where(c[column] == wanted)
    if after is not None:
        statement = statement.where(c.id > after)
    return await _whole(session, list((await session.execute(statement)).mappings()))


async def newest(
    session: ReadSession,
    *,
    region: str,
    facility_code: str | None,
    status: str | None,
    before: tuple[str, UUID] | None,
    limit: int,
) -> list[Run]:
    """A region's runs, the newest month first and in it the newest run."""
    c = clearing_runs.c
    statement = (
        select(clearing_runs)
        .where(c.region == region)
        .order_by(c.period.desc(), c.id.desc())
        .limit(limit)
    )
    for column, wanted in ((c.facility_code, facility_code), (c.status, status)):
        if wanted is not None:
            statement = statement.where(column == wanted)
    if before is not None:
        statement = statement.where(tuple_(c.period, c.id) < before)
    return await _whole(session, list((await session.execute(statement)).mappings()))


async def _whole(session: ReadSession, rows: list[RowMapping]) -> list[Run]:
    ids = [row["id"] for row in rows]
    s, p = clearing_steps.c, clearing_parts.c
    steps: dict[UUID, list[Step]] = {run_id: [] for run_id in ids}
    for step in await session.execute(
        select(clearing_steps).where(s.run_id.in_(ids)).order_by(s.done_at, s.step)
    ):
        steps[step.run_id].append(
            Step(cast("StepName", step.step), step.done_at, step.done_by, step.note)
        )
    parts: dict[UUID, list[Part]] = {run_id: [] for run_id in ids}
    for part in await session.execute(
        select(clearing_parts).where(p.run_id.in_(ids)).order_by(p.facility_code, p.fund, p.use)
    ):
        parts[part.run_id].append(
            Part(
                part.facility_code,
                part.fund,
                part.use,
                part.amount_fen,
                part.held_fen,
                part.paid_fen,
                part.released_fen,
            )
        )
    return [
        Run(
            id=row["id"],
            region=row["region"],
            period=row["period"],
            fund=row["fund"],
            facility_code=row["facility_code"],
            status=row["status"],
            version=row["version"],
            deposit_ratio=Decimal(row["deposit_ratio"]),
            steps=tuple(steps[row["id"]]),
            parts=tuple(parts[row["id"]]),
        )
        for row in rows
    ]


async def payments_of(
    session: ReadSession, run_id: UUID, *, reference: str | None = None
) -> list[Payment]:
    """A run's payments, oldest first."""
    c = clearing_payments.c
    statement = select(clearing_payments).where(c.run_id == run_id).order_by(c.id)
    if reference is not None:
        statement = statement.where(c.reference == reference)
    return [Payment(**row) for row in (await session.execute(statement)).mappings()]


async def insert_payment(session: WriteSession, payment: Payment) -> None:
    """Keep a payment and count it on its part, of a held run."""
    await session.execute(insert(clearing_payments), asdict(payment))
    p = clearing_parts.c
    counted = p.paid_fen if payment.kind == "payment" else p.released_fen
    await session.execute(
        update(clearing_parts)
        .where(
            p.run_id == payment.run_id,
            p.facility_code == payment.facility_code,
            p.fund == payment.fund,
            p.use == payment.use,
        )
        .values({counted: counted + payment.amount_fen})
    )


@dataclass(frozen=True)
class Item:
    """One settlement's part of a fund in a run."""

    settlement_id: UUID
    visit_no: str
    kind: str
    visit_type: str
    discharged_on: date
    facility_code: str
    fund: str
    use: str
    amount_fen: int


_ITEMS = text("""
SELECT i.settlement_id, e.visit_no, s.kind, s.visit_type, s.discharged_on, i.facility_code, i.fund,
       i.use, i.amount_fen
FROM clearing_items i
  JOIN settlements s ON s.id = i.settlement_id
  JOIN encounters e ON e.id = s.encounter_id
WHERE i.run_id = :run_id AND (i.settlement_id, i.fund) > (:after_id, :after_fund)
ORDER BY i.settlement_id, i.fund LIMIT :limit
""")
_BEFORE_ALL = UUID(int=0)
_ITEMS_AT_ONCE = 10_000


async def items_of(
    session: ReadSession, run_id: UUID, *, after: tuple[UUID, str] | None, limit: int
) -> list[Item]:
    """What a run collected, by settlement and fund."""
    after_id, after_fund = after or (_BEFORE_ALL, "")
    found = await session.execute(
        _ITEMS, {"run_id": run_id, "after_id": after_id, "after_fund": after_fund, "limit": limit}
    )
    return [Item(**cast("Mapping[str, Any]", row)) for row in found.mappings()]


async def all_items(session: ReadSession, run_id: UUID) -> list[Item]:
    """Everything that a run collected, read a page at a time."""
    found: list[Item] = []
    while True:
        last = (found[-1].settlement_id, found[-1].fund) if found else None
        page = await items_of(session, run_id, after=last, limit=_ITEMS_AT_ONCE)
        found += page
        if len(page) < _ITEMS_AT_ONCE:
            return found


async def count_items(session: ReadSession, run_id: UUID) -> int:
    """How many settlements' parts stand in a run."""
    c = clearing_items.c
    return int(await session.scalar(select(func.count()).where(c.run_id == run_id)) or 0)
