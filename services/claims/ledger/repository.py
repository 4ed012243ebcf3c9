"""All SQL of the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import case, func, select, text

from services.claims.ledger.domain import Entry
from services.claims.models import accounts, journal_entries, postings
from shared.db.direct import DirectWork
from shared.db.session import ReadSession

# Sent as one statement: foreign keys are checked when all of it has ended. Accounts are inserted
# in the order of their codes, so that two writers never wait for each other crosswise.
_OPEN = """
INSERT INTO accounts (region, code, kind, fund, facility_code, purpose, name_en, name_zh)
SELECT $1::text, w.* FROM unnest(
  $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[]
) AS w(code, kind, fund, facility_code, purpose, name_en, name_zh) ORDER BY w.code
ON CONFLICT (code) DO NOTHING
"""
_ENTER = """
INSERT INTO journal_entries
  (id, region, kind, settlement_id, source_id, reverses_id, booked_on, posting_count)
VALUES ($1, $2, $3, $4, $5, (SELECT id FROM journal_entries WHERE settlement_id = $6), $7, $8)
"""
_POST = """
INSERT INTO postings (entry_id, account_code, amount_fen)
SELECT $1::uuid, w.* FROM unnest($2::text[], $3::bigint[]) AS w
"""


def post(direct: DirectWork, *, entry_id: UUID, region: str, entry: Entry) -> None:
    """Write an entry with its postings, and open the accounts that are new, when all is sent."""
    opened = [posting.account for posting in entry.postings]
    codes = [account.code for account in opened]
    direct.write(
        _OPEN,
        region,
        codes,
        [account.kind for account in opened],
        [account.fund for account in opened],
        [account.facility_code for account in opened],
        [account.purpose for account in opened],
        [account.name_en for account in opened],
        [account.name_zh for account in opened],
    )
    direct.write(
        _ENTER,
        entry_id,
        region,
        entry.kind,
        entry.settlement_id,
        entry.source_id,
        entry.reverses_settlement_id,
        entry.booked_on,
        len(codes),
    )
    direct.write(_POST, entry_id, codes, [posting.amount_fen for posting in entry.postings])


@dataclass(frozen=True)
class Scope:
    """Which postings are asked for; None leaves a side open."""

    region: str
    booked_from: date | None = None
    booked_to: date | None = None
    known_at: datetime | None = None
    """Only what had been written by then."""
    fund: str | None = None
    facility_code: str | None = None


@dataclass(frozen=True)
class AccountBalance:
    """An account's sums of the postings asked for, in fen; the balance is debit less credit."""

    code: str
    kind: str
    fund: str | None
    facility_code: str | None
    name_en: str
    name_zh: str
    debit_fen: int
    credit_fen: int


async def balances(session: ReadSession, scope: Scope) -> list[AccountBalance]:
    """Every account with postings in the scope, by code."""
    amount, entry = postings.c.amount_fen, journal_entries.c
    statement = (
        select(
            *_ACCOUNT,
            func.sum(case((amount > 0, amount), else_=0)).label("debit_fen"),
            func.sum(case((amount < 0, -amount), else_=0)).label("credit_fen"),
        )
        .select_from(postings.join(journal_entries).join(accounts))
        .where(accounts.c.region == scope.region)
        .group_by(accounts.c.code)
        .order_by(accounts.c.code)
    )
    if scope.booked_from is not None:
        statement = statement.where(entry.booked_on >= scope.booked_from)
    if scope.booked_to is not None:
        statement = statement.where(entry.booked_on <= scope.booked_to)
    if scope.known_at is not None:
        statement = statement.where(entry.recorded_at <= scope.known_at)
    if scope.fund is not None:
        statement = statement.where(accounts.c.fund == scope.fund)
    if scope.facility_code is not None:
        statement = statement.where(accounts.c.facility_code == scope.facility_code)
    return [
        AccountBalance(
            row.code,
            row.kind,
            row.fund,
            row.facility_code,
            row.name_en,
            row.name_zh,
            int(row.debit_fen),
            int(row.credit_fen),
        )
        for row in await session.execute(statement)
    ]


_ACCOUNT = (
    accounts.c.code,
    accounts.c.kind,
    accounts.c.fund,
    accounts.c.facility_code,
    accounts.c.name_en,
    accounts.c.name_zh,
)


@dataclass(frozen=True)
class AccountRow:
    code: str
    region: str
    facility_code: str | None
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
    kind: str
    settlement_id: UUID | None
    source_id: UUID | None
    reverses_id: UUID | None
    booked_on: date
    recorded_at: datetime
    amount_fen: int


async def entries_of(
    session: ReadSession, code: str, *, after: UUID | None, limit: int
) -> list[AccountEntry]:
    """An account's postings in the order of their entries."""
    entry = journal_entries.c
    statement = (
        select(
            entry.id,
            entry.kind,
            entry.settlement_id,
            entry.source_id,
            entry.reverses_id,
            entry.booked_on,
            entry.recorded_at,
            postings.c.amount_fen,
        )
        .select_from(postings.join(journal_entries))
        .where(postings.c.account_code == code)
        .order_by(postings.c.entry_id)
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(postings.c.entry_id > after)
    return [AccountEntry(*row) for row in await session.execute(statement)]


# The constraint triggers' rules over the whole book, page by page: no statement is long, however
# many years are stored.
_PAGE_ROWS = 5_000
_PAGE_END = text("""
SELECT id FROM journal_entries WHERE id > :after ORDER BY id OFFSET :rows LIMIT 1
""")
_UNBALANCED = text("""
SELECT e.id, e.posting_count AS stated, count(p.entry_id) AS found,
       coalesce(sum(p.amount_fen), 0)::bigint AS rest
FROM journal_entries e LEFT JOIN postings p ON p.entry_id = e.id
WHERE e.id > :after AND e.id <= :last
GROUP BY e.id
HAVING count(p.entry_id) <> e.posting_count OR coalesce(sum(p.amount_fen), 0) <> 0
ORDER BY e.id
""")
_DIFFERING = text("""
WITH entries AS MATERIALIZED (
  SELECT id, settlement_id FROM journal_entries
  WHERE id > :after AND id <= :last AND settlement_id IS NOT NULL
), bills AS MATERIALIZED (
  SELECT s.id, s.facility_code, s.total_fen, s.patient_pays_fen
  FROM settlements s JOIN entries ON settlement_id = s.id
), told AS (
  SELECT bills.id, CASE payer WHEN 'hospital' THEN 'hospital' ELSE 'payer:' || payer END
           || ':' || facility_code AS account, amount_fen AS amount
    FROM bills JOIN settlement_payers p ON p.settlement_id = bills.id
  UNION ALL SELECT id, 'patient:' || facility_code, patient_pays_fen FROM bills
  UNION ALL SELECT id, 'facility:' || facility_code, -total_fen FROM bills
  UNION ALL
  SELECT settlement_id, account_code, -amount_fen
    FROM entries JOIN postings p ON p.entry_id = entries.id
)
SELECT id, account, sum(amount)::bigint AS rest FROM told
GROUP BY id, account HAVING sum(amount) <> 0
ORDER BY id, account
""")
_REVERSED_OTHERWISE = text("""
SELECT back.id, p.account_code AS account, sum(p.amount_fen)::bigint AS rest
FROM journal_entries back JOIN postings p ON p.entry_id IN (back.id, back.reverses_id)
WHERE back.reverses_id IS NOT NULL AND back.id > :after AND back.id <= :last
GROUP BY back.id, p.account_code HAVING sum(p.amount_fen) <> 0
ORDER BY back.id, account
""")
_NOT_BOOKED = text("""
SELECT s.id FROM settlements s
WHERE NOT EXISTS (SELECT FROM journal_entries e WHERE e.settlement_id = s.id)
ORDER BY s.id LIMIT :limit
""")
# What is told beside the entries must say the same: a fund's money, and what came in or was paid.
_FUNDS = text("""
SELECT coalesce(b.region, p.region) AS region, coalesce(b.fund, p.fund) AS fund,
       coalesce(b.balance_fen, 0) - coalesce(p.fen, 0) AS rest
FROM fund_balances b FULL JOIN (
  SELECT a.region, a.fund, sum(p.amount_fen)::bigint AS fen
  FROM accounts a JOIN postings p ON p.account_code = a.code
  WHERE a.kind = 'fund' GROUP BY a.region, a.fund
) AS p ON p.region = b.region AND p.fund = b.fund
WHERE coalesce(b.balance_fen, 0) <> coalesce(p.fen, 0)
ORDER BY 1, 2 LIMIT :limit
""")
_SOURCES = text("""
WITH told AS (
  SELECT id, 'fund:' || fund AS account, kind, amount_fen FROM fund_movements
  UNION ALL
  SELECT id, 'facility:' || facility_code,
         CASE kind WHEN 'payment' THEN 'clearing_payment' ELSE 'deposit_release' END, amount_fen
  FROM clearing_payments
  UNION ALL
  SELECT id, 'payer:special_fund:' || facility_code,
         CASE use WHEN 'chronic_drugs' THEN 'drug_payment' ELSE 'service_fee' END, amount_fen
  FROM service_fees
  UNION ALL
  SELECT id, account_code, 'budget_advance', amount_fen FROM budget_advances
), booked AS (
  SELECT e.source_id, e.kind, p.account_code, p.amount_fen
  FROM journal_entries e JOIN postings p ON p.entry_id = e.id
  WHERE e.source_id IS NOT NULL AND e.kind <> 'budget_settlement'
    AND CASE WHEN e.kind IN ('service_fee', 'drug_payment') THEN p.account_code LIKE 'payer:%'
        ELSE p.amount_fen > 0 AND (p.account_code LIKE 'facility:%'
          OR p.account_code LIKE 'fund:%' OR p.account_code LIKE 'advance:%') END
)
SELECT coalesce(told.id, booked.source_id) AS id
FROM told FULL JOIN booked ON booked.source_id = told.id AND booked.kind = told.kind
  AND booked.account_code = told.account
WHERE told.amount_fen IS DISTINCT FROM booked.amount_fen
ORDER BY 1 LIMIT :limit
""")
_BEFORE_ALL, _AFTER_ALL = UUID(int=0), UUID(int=(1 << 128) - 1)


async def faults_of(session: ReadSession, limit: int) -> list[str]:
    """What does not balance or differs from what it books, in words; at most ``limit``."""
    unbooked = await session.scalars(_NOT_BOOKED, {"limit": limit})
    faults = [f"settlement {missing} has no entry" for missing in unbooked]
    faults += [
        f"the balance of {row.fund} in {row.region} differs from its postings by {row.rest} fen"
        for row in await session.execute(_FUNDS, {"limit": limit})
    ]
    faults += [
        f"payment, appropriation or fee {differing} differs from its entry"
        for differing in await session.scalars(_SOURCES, {"limit": limit})
    ]
    after = _BEFORE_ALL
    while len(faults) < limit and after != _AFTER_ALL:
        ends = await session.scalar(_PAGE_END, {"after": after, "rows": _PAGE_ROWS - 1})
        page = {"after": after, "last": ends or _AFTER_ALL}
        faults += [
            f"entry {row.id} does not balance: {row.found} postings of {row.stated},"
            f" {row.rest} fen left over"
            for row in await session.execute(_UNBALANCED, page)
        ]
        faults += [
            f"settlement {row.id} differs from its entry in account {row.account} by {row.rest} fen"
            for row in await session.execute(_DIFFERING, page)
        ]
        faults += [
            f"entry {row.id} does not undo what it reverses: account {row.account}"
            f" keeps {row.rest} fen"
            for row in await session.execute(_REVERSED_OTHERWISE, page)
        ]
        after = page["last"]
    return faults[:limit]
