"""All SQL of the global budgets."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as pg_insert

from services.claims.budgets.domain import FUND, Adjustment, Agreement, Cost, Terms
from services.claims.models import (
    budget_adjustments,
    budget_advances,
    budget_agreements,
    budget_settlements,
)
from shared.db.session import ReadSession, WriteSession

_c = budget_agreements.c
_TERMS: Final = tuple(Terms.__dataclass_fields__)
_OWN: Final = tuple(
    name for name in Agreement.__dataclass_fields__ if name not in {"terms", "adjustments"}
)
_LISTS: Final = ("plan_words", "facilities", "townships")
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended('budgets ' || :region, 0))")

# By the insured person's township at the visit, wherever he was treated (SJ-24).
_COSTS = text("""
SELECT s.facility_code, sum(p.amount_fen)::bigint AS amount_fen,
  coalesce(sum(p.amount_fen) FILTER (WHERE i.settlement_id IS NOT NULL), 0)::bigint AS cleared_fen
FROM settlements s
  JOIN settlement_payers p ON p.settlement_id = s.id AND p.payer = :fund
  JOIN encounters e ON e.id = s.encounter_id
  LEFT JOIN clearing_items i ON i.settlement_id = s.id AND i.fund = p.payer AND i.live
WHERE s.region = :region AND s.standing_year = :year
  AND e.insurance_plan IN (SELECT jsonb_array_elements_text(CAST(:words AS jsonb)))
  AND (CAST(:townships AS jsonb) = '[]'
    OR s.township IN (SELECT jsonb_array_elements_text(CAST(:townships AS jsonb))))
GROUP BY s.facility_code HAVING sum(p.amount_fen) <> 0
ORDER BY s.facility_code
""")


@dataclass(frozen=True)
class Advance:
    """A month's advance, as it was paid."""

    id: UUID
    month: int
    amount_fen: int
    paid_on: date
    made_at: datetime
    made_by: str


@dataclass(frozen=True)
class Settled:
    """A year's end, as it was settled."""

    id: UUID
    factor: Decimal
    figures: Mapping[str, int]
    final_fen: int
    paid_on: date
    made_at: datetime
    made_by: str


async def hold(session: WriteSession, region: str) -> None:
    """Agreements of a region are made and signed one after the other."""
    await session.execute(_ONE_AT_A_TIME, {"region": region})


async def insert_agreement(session: WriteSession, agreement: Agreement) -> bool:
    """Keep a draft; False when the community has one of this plan and year."""
    values = {name: getattr(agreement, name) for name in _OWN}
    values |= {name: list(values[name]) for name in _LISTS}
    values |= {name: getattr(agreement.terms, name) for name in _TERMS}
    made = await session.scalar(
        pg_insert(budget_agreements)
        .values(values)
        .on_conflict_do_nothing()
        .returning(budget_agreements.c.id)
    )
    return made is not None


async def get(
    session: ReadSession, region: str, agreement_id: UUID, *, held: bool = False
) -> Agreement | None:
    """An agreement, perhaps held until the transaction ends."""
    statement = select(budget_agreements).where(_c.id == agreement_id, _c.region == region)
    found = await _read(session, statement.with_for_update() if held else statement)
    return found[0] if found else None


async def find(session: ReadSession, region: str, year: int | None) -> list[Agreement]:
    """The region's agreements, of one year or all, oldest first."""
    statement = select(budget_agreements).where(_c.region == region).order_by(_c.id)
    return await _read(session, statement if year is None else statement.where(_c.year == year))


async def _read(session: ReadSession, statement: Any) -> list[Agreement]:
    rows = list((await session.execute(statement)).mappings())
    a = budget_adjustments.c
    adjusted: dict[UUID, list[Adjustment]] = {}
    for row in await session.execute(
        select(a.agreement_id, a.from_month, a.approved_fen, a.document)
        .where(a.agreement_id.in_([row["id"] for row in rows]))
        .order_by(a.from_month)
    ):
        adjusted.setdefault(row.agreement_id, []).append(
            Adjustment(row.from_month, row.approved_fen, row.document)
        )
    return [
        Agreement(
            **_own(row),
            terms=Terms(**{name: row[name] for name in _TERMS}),
            adjustments=tuple(adjusted.get(row["id"], ())),
        )
        for row in rows
    ]


def _own(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {name: tuple(row[name]) if name in _LISTS else row[name] for name in _OWN}


async def sign(
    session: WriteSession, agreement_id: UUID, *, document: str, signed_on: date, by: str
) -> None:
    await session.execute(
        update(budget_agreements)
        .where(_c.id == agreement_id)
        .values(document=document, signed_on=signed_on, signed_by=by)
    )


async def insert_adjustment(
    session: WriteSession, agreement_id: UUID, adjustment: Adjustment, *, at: datetime, by: str
) -> None:
    await session.execute(
        insert(budget_adjustments).values(
            agreement_id=agreement_id,
            from_month=adjustment.from_month,
            approved_fen=adjustment.approved_fen,
            document=adjustment.document,
            made_at=at,
            made_by=by,
        )
    )


async def insert_advance(
    session: WriteSession, agreement_id: UUID, advance: Advance, account_code: str
) -> bool:
    """Keep an advance; False when the month has one."""
    made = await session.scalar(
        pg_insert(budget_advances)
        .values(
            id=advance.id,
            agreement_id=agreement_id,
            month=advance.month,
            amount_fen=advance.amount_fen,
            account_code=account_code,
            paid_on=advance.paid_on,
            made_at=advance.made_at,
            made_by=advance.made_by,
        )
        .on_conflict_do_nothing()
        .returning(budget_advances.c.id)
    )
    return made is not None


async def advances_of(session: ReadSession, agreement_id: UUID) -> list[Advance]:
    """By month."""
    c = budget_advances.c
    found = await session.execute(
        select(*(c[name] for name in Advance.__dataclass_fields__))
        .where(c.agreement_id == agreement_id)
        .order_by(c.month)
    )
    return [Advance(**row) for row in found.mappings()]


async def costs_of(session: ReadSession, agreement: Agreement) -> Sequence[Cost]:
    """What its insured persons cost the fund in its year, by where they were treated."""
    found = await session.execute(
        _COSTS,
        {
            "region": agreement.region,
            "year": agreement.year,
            "fund": FUND,
            "words": json.dumps(agreement.plan_words),
            "townships": json.dumps(agreement.townships),
        },
    )
    return [
        Cost(
            row.facility_code,
            row.facility_code in agreement.facilities,
            row.amount_fen,
            row.cleared_fen,
        )
        for row in found
    ]


async def insert_settlement(session: WriteSession, agreement_id: UUID, settled: Settled) -> bool:
    """Keep a year's end; False when there is one."""
    made = await session.scalar(
        pg_insert(budget_settlements)
        .values(
            id=settled.id,
            agreement_id=agreement_id,
            factor=settled.factor,
            figures=dict(settled.figures),
            final_fen=settled.final_fen,
            paid_on=settled.paid_on,
            made_at=settled.made_at,
            made_by=settled.made_by,
        )
        .on_conflict_do_nothing()
        .returning(budget_settlements.c.id)
    )
    return made is not None


async def settlement_of(session: ReadSession, agreement_id: UUID) -> Settled | None:
    c = budget_settlements.c
    found = await session.execute(
        select(*(c[name] for name in Settled.__dataclass_fields__)).where(
            c.agreement_id == agreement_id
        )
    )
    row = found.mappings().first()
    return None if row is None else Settled(**row)


async def balance(session: ReadSession, region: str) -> int | None:
    """The fund's money at hand; None when no money of it was ever booked here."""
    found = await session.scalar(
        text(
            "SELECT b.balance_fen FROM fund_balances b WHERE b.region = :region AND b.fund = :fund"
            " AND EXISTS (SELECT FROM fund_movements m WHERE m.region = b.region AND m.fund = b.fund)"
        ),
        {"region": region, "fund": FUND},
    )
    return None if found is None else int(found)
