"""The ledger at volume: booking with the checks at the commit, sealing, verifying.

``python -m tests.bench.ledger_book [settlements]`` on a database of its own. The settlements are
made inside the database, so the rates are PostgreSQL's and the chain's, not HTTP's.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Awaitable
from typing import TypeVar

import asyncpg
from rich.console import Console

from services.claims.ledger import repository, sealing
from services.claims.ledger.repository import Scope
from services.claims.module import MODULE
from shared.db.session import Database
from tests.support.postgres import database, plain_dsn
from tests.support.service import migrated

COUNT = 20_000
SEAL_AT_ONCE = 500
FACILITIES = 20

T = TypeVar("T")

# Worked example A, again and again, at twenty facilities over a year.
ENCOUNTERS = """
INSERT INTO encounters (id, region, facility_code, visit_no, visit_type, status, version,
  admitted_at, insurance_plan, deposit_fen, treat_first_pay_later)
SELECT gen_random_uuid(), '511113', 'H' || (n % $2), 'V' || n, 'inpatient', 'open', 1,
  now(), 'resident', 0, false FROM generate_series(1, $1) AS n
"""
SETTLEMENTS = """
INSERT INTO settlements (id, region, encounter_id, kind, ordinal, facility_code, facility_level,
  in_region, categories, visit_type, admitted_on, discharged_on, pack, pack_version, parameters,
  assumptions, explanation, gap, standing_year, standing_delta, total_fen, waived_fen,
  out_of_catalogue_fen, over_limit_fen, self_first_fen, in_scope_fen, deductible_fen, payers_fen,
  patient_pays_fen, made_at, made_by)
SELECT id, region, id, 'settlement', 1, facility_code, 'secondary', true, '[]', visit_type,
  '2016-01-01', date '2016-01-01' + substr(visit_no, 2)::int % 365, 'p', 'v', '{}', '[]', '[]',
  '{}', 2016, '{}', 500000, 0, 50000, 0, 27000, 423000, 20000, 400873, 99127, now(), 'bench'
FROM encounters
"""
PAYERS = """
INSERT INTO settlement_payers
SELECT id, position, payer, amount FROM settlements, (VALUES (0, 'basic_insurance', 334490),
  (1, 'critical_illness', 0), (2, 'medical_aid', 66383)) AS paid(position, payer, amount)
"""
ACCOUNTS = """
INSERT INTO accounts (code, region, kind, fund, facility_code, name_en, name_zh)
SELECT DISTINCT chart.kind || coalesce(':' || fund, '') || ':' || facility_code, '511113',
  chart.kind, fund, facility_code, 'x', 'x' FROM settlements, (VALUES ('payer', 'basic_insurance'),
  ('payer', 'medical_aid'), ('patient', NULL), ('facility', NULL)) AS chart(kind, fund)
"""
ENTRIES = """
INSERT INTO journal_entries (id, region, kind, settlement_id, booked_on, posting_count)
SELECT id, region, 'settlement', id, discharged_on, 4 FROM settlements
"""
POSTINGS = """
INSERT INTO postings
SELECT id, prefix || facility_code, amount FROM settlements, (VALUES
  ('payer:basic_insurance:', 334490), ('payer:medical_aid:', 66383), ('patient:', 99127),
  ('facility:', -500000)) AS posted(prefix, amount)
"""


async def timed(work: Awaitable[T]) -> tuple[T, float]:
    began = time.perf_counter()
    done = await work
    return done, time.perf_counter() - began


async def book(url: str, count: int) -> float:
    """Write the settlements and their entries; the seconds of the commit, with its checks."""
    connection = await asyncpg.connect(plain_dsn(url))
    try:
        transaction = connection.transaction()
        await transaction.start()
        for statement in (ENCOUNTERS, SETTLEMENTS, PAYERS, ACCOUNTS, ENTRIES, POSTINGS):
            values = (count, FACILITIES) if statement is ENCOUNTERS else ()
            await connection.execute(statement, *values)
        began = time.perf_counter()
        await transaction.commit()
        checked_s = time.perf_counter() - began
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()
    return checked_s


async def seal_all(db: Database) -> int:
    sealed = 0
    while True:
        async with db.writing() as session:
            done = await sealing.CHAIN.seal(session, SEAL_AT_ONCE)
        if not done:
            return sealed
        sealed += done


async def run(url: str, count: int, console: Console) -> None:
    db = Database(url, service="claims")
    try:
        checks_s = await book(url, count)
        console.print(f"checks at the commit: {checks_s / count * 1e6:,.0f} µs a settlement")
        sealed, seal_s = await timed(seal_all(db))
        assert sealed == count
        console.print(f"sealing: {count / seal_s:,.0f} entries/s")
        async with db.reading() as session:
            verdict, verify_s = await timed(sealing.verify(session))
            assert verdict.sound
            assert verdict.entries == count
            console.print(
                f"verify (chain, balances, settlements): {count / verify_s:,.0f} entries/s"
            )
            found, balance_s = await timed(repository.balances(session, Scope("511113")))
            assert len(found) == 4 * FACILITIES
            console.print(f"trial balance over {count:,} entries: {balance_s * 1e3:,.0f} ms")
    finally:
        await db.close()


def main(console: Console | None = None, count: int = COUNT) -> None:
    out = console or Console()
    out.print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {count:,} settlements")
    with database(migrated(MODULE)) as url:
        asyncio.run(run(url, count, out))


if __name__ == "__main__":
    main(count=int(sys.argv[1]) if sys.argv[1:] else COUNT)
