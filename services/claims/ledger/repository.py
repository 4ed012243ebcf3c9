"""All SQL of the ledger."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import case, func, select, text

from services.claims.ledger.domain import Posting
from services.claims.models import accounts, journal_entries, postings
from shared.db.session import ReadSession, WriteSession

# One round trip. Foreign keys are checked when the whole statement has ended; accounts are
# inserted in the order of their codes, so that two writers never wait for each other crosswise.
_POST = text("""
WITH wanted AS (
  SELECT * FROM jsonb_to_recordset(CAST(:postings AS jsonb)) AS w(
    code text, kind text, facility_code text, payer text, name_en text, name_zh text,
    amount_fen bigint)
), opened AS (
  INSERT INTO accounts (code, region, facility_code, kind, payer, name_en, name_zh)
  SELECT code, :region, facility_code, kind, payer, name_en, name_zh FROM wanted ORDER BY code
  ON CONFLICT (code) DO NOTHING
), entry AS (
  INSERT INTO journal_entries (id, region, settlement_id, reverses_id, booked_on, posting_count)
  SELECT :entry_id, :region, :settlement_id,
         (SELECT id FROM journal_entries WHERE settlement_id = :reverses_settlement_id),
         :booked_on, (SELECT count(*) FROM wanted)
)
INSERT INTO postings (entry_id, account_code, amount_fen)
SELECT :entry_id, code, amount_fen FROM wanted
""")


async def post(
    session: WriteSession,
    *,
    entry_id: UUID,
    region: str,
    settlement_id: UUID,
    reverses_settlement_id: UUID | None,
    booked_on: date,
    entry: Sequence[Posting],
) -> None:
    """Write an entry with its postings, and open the accounts that are new."""
    rows = [
        {
            "code": posting.account.code,
            "kind": posting.account.kind,
            "facility_code": posting.account.facility_code,
            "payer": posting.account.payer,
            "name_en": posting.account.name_en,
            "name_zh": posting.account.name_zh,
            "amount_fen": posting.amount_fen,
        }
        for posting in entry
    ]
    await session.execute(
        _POST,
        {
            "postings": json.dumps(rows),
            "region": region,
            "entry_id": entry_id,
            "settlement_id": settlement_id,
            "reverses_settlement_id": reverses_settlement_id,
            "booked_on": booked_on,
        },
    )


@dataclass(frozen=True)
class AccountBalance:
    """An account's sums up to a day, in fen; the balance is debit less credit."""

    code: str
    name_en: str
    name_zh: str
    debit_fen: int
    credit_fen: int


async def balances(
    session: ReadSession, *, region: str, as_of: date, facility_code: str | None
) -> list[AccountBalance]:
    """Every account with entries booked on or before ``as_of``, by code."""
    amount = postings.c.amount_fen
    statement = (
        select(
            accounts.c.code,
            accounts.c.name_en,
            accounts.c.name_zh,
            func.sum(case((amount > 0, amount), else_=0)).label("debit_fen"),
            func.sum(case((amount < 0, -amount), else_=0)).label("credit_fen"),
        )
        .select_from(postings.join(journal_entries).join(accounts))
        .where(accounts.c.region == region, journal_entries.c.booked_on <= as_of)
        .group_by(accounts.c.code)
        .order_by(accounts.c.code)
    )
    if facility_code is not None:
        statement = statement.where(accounts.c.facility_code == facility_code)
    return [
        AccountBalance(row.code, row.name_en, row.name_zh, int(row.debit_fen), int(row.credit_fen))
        for row in await session.execute(statement)
    ]


@dataclass(frozen=True)
class AccountRow:
    code: str
    region: str
    facility_code: str
    name_en: str
    name_zh: str


async def account(session: ReadSession, code: str) -> AccountRow | None:
    row = (
        await session.execute(
            select(
                accounts.c.code,
                accounts.c.region,
                accounts.c.facility_code,
                accounts.c.name_en,
                accounts.c.name_zh,
            ).where(accounts.c.code == code)
        )
    ).one_or_none()
    if row is None:
        return None
    return AccountRow(row.code, row.region, row.facility_code, row.name_en, row.name_zh)


@dataclass(frozen=True)
class AccountEntry:
    """One posting of an account."""

    entry_id: UUID
    settlement_id: UUID
    reverses_id: UUID | None
    booked_on: date
    amount_fen: int


async def entries_of(
    session: ReadSession, code: str, *, after: UUID | None, limit: int
) -> list[AccountEntry]:
    """An account's postings in the order of their entries."""
    statement = (
        select(
            journal_entries.c.id,
            journal_entries.c.settlement_id,
            journal_entries.c.reverses_id,
            journal_entries.c.booked_on,
            postings.c.amount_fen,
        )
        .select_from(postings.join(journal_entries))
        .where(postings.c.account_code == code)
        .order_by(postings.c.entry_id)
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(postings.c.entry_id > after)
    return [
        AccountEntry(row.id, row.settlement_id, row.reverses_id, row.booked_on, row.amount_fen)
        for row in await session.execute(statement)
    ]
