"""Many hands at once, some of them struck down: what is left is whole."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from services.claims.revisions import service as revisions
from services.claims.settlement import service as settlements
from services.claims.settlement.problems import ReversedAlready
from shared.http.problem import Problem
from shared.security.principal import Principal
from shared.security.scopes import SCOPES
from tests.integration.claims.county import (
    DISTRICT,
    REGION,
    TOWNSHIP,
    Claims,
    pack_with,
    person,
)

ENCOUNTERS, PERSONS, WORKERS = 200, 20, 16
ATTEMPTS = 30
CAPS = {
    "basic.annual_cap": "20000.00",
    "medical_aid.annual_cap": "2500.00",
    "critical_illness.deductible": "1500.00",
}
CALLER = Principal("storm", f"region:{REGION}", frozenset(SCOPES))

# Visits with their bills, as the use cases leave them; made by hand to keep the test short.
VISITS = """
INSERT INTO encounters (id, region, facility_code, visit_no, visit_type, status, version,
  admitted_at, discharged_at, diagnoses, referral, insurance_plan, deposit_fen, person_id,
  treat_first_pay_later, registration)
SELECT gen_random_uuid(), '511113', CASE n % 2 WHEN 0 THEN '{district}' ELSE '{township}' END,
  'S' || n, 'inpatient', 'discharged', 3, '2016-03-01 01:00+00', '2016-03-08 02:00+00',
  '["J18.900"]', false, 'resident', 0, 'p-' || n % {persons}, false, '{{}}'
FROM generate_series(1, {encounters}) AS n
"""
BATCHES = """
INSERT INTO charge_batches (encounter_id, batch_no, region, content_hash, line_count, total_fen)
SELECT id, 'B1', region, '\\x00', 1, 100000 + (hashtext(visit_no) & 262143) FROM encounters
"""
LINES = """
INSERT INTO charge_lines (encounter_id, line_no, batch_no, name, kind, catalogue_class, amount_fen)
SELECT encounter_id, '1', batch_no, '药', 'drug', 'A', total_fen FROM charge_batches
"""


class Storm:
    """The workers, and what strikes them."""

    def __init__(self, claims: Claims, seed: int) -> None:
        self.claims = claims
        self.chance = random.Random(seed)
        self.struck = 0
        self.told = 0
        self.over = False
        self.answers: set[str] = set()

    async def work(self, ids: list[Any]) -> None:
        """Each visit is settled, and then perhaps reversed, settled anew or revised."""
        for encounter_id in ids:
            more = self.chance.choices((("reverse",), ("reverse", "settle"), ("revise",), ()))[0]
            for step in ("settle", *more):
                await self._until_told(step, encounter_id)

    async def _until_told(self, step: str, encounter_id: Any) -> None:
        """As a client that repeats a call until it has an answer, whatever happens to it."""
        for _ in range(ATTEMPTS):
            task = asyncio.create_task(self._once(step, encounter_id))
            if self.chance.random() < 0.05:
                await asyncio.sleep(self.chance.random() / 50)
                self.struck += task.cancel()
            try:
                await task
            except IntegrityError:
                raise  # the database had to stop what the program should have
            except (DBAPIError, asyncio.CancelledError, OSError):
                continue
            except Problem as answered:
                self.answers.add(answered.code)
            self.told += 1
            return
        raise AssertionError(f"{step} did not come through in {ATTEMPTS} attempts")

    async def _once(self, step: str, encounter_id: Any) -> None:
        context = self.claims.context
        async with context.db.writing() as session:
            if step == "settle":
                await settlements.settle(session, context, CALLER, encounter_id)
                return
            found = await session.scalar(
                text("SELECT settlement_id FROM encounters WHERE id = :id"), {"id": encounter_id}
            )
            if found is None:
                raise ReversedAlready
            if step == "reverse":
                await settlements.reverse(session, context, CALLER, found, "storm")
            else:
                await revisions.revise(session, context, CALLER, found, "storm")

    async def strike(self) -> None:
        """End database sessions of the service in the middle of whatever they do.

        Not before a call has come through since the last time: the last worker would be struck
        for ever on a machine that needs longer for a call than passes between two strikes.
        """
        psql, told = await self.claims.psql(), 0
        try:
            while not self.over:
                await asyncio.sleep(0.15)
                if told == self.told:
                    continue
                told = self.told
                self.struck += await psql.fetchval(
                    "SELECT count(pg_terminate_backend(pid)) FROM (SELECT pid FROM pg_stat_activity"
                    " WHERE application_name = 'yizhan-claims' AND datname = current_database()"
                    " AND state <> 'idle' ORDER BY random() LIMIT 1) AS one"
                )
        finally:
            await psql.close()


# A session that the server ended leaves a socket behind; closing it is the loop's matter.
@pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)
async def test_a_storm_leaves_everything_whole(
    start: Callable[..., Awaitable[Claims]], tmp_path: Path
) -> None:
    """Goal: each bill once, every year the sum of its bills, no cap passed, the ledger balanced.

    Method: 200 visits of 20 persons settled, reversed, settled again and revised by 16 workers in
    random order, while tasks are cancelled and database sessions ended at random; every interrupted
    call is repeated, as a hospital's system does.
    """
    claims = await start(packs=str(pack_with(tmp_path / "packs", CAPS)))
    for number in range(PERSONS):
        await claims.deliver(person(person_id=f"p-{number}"))
    async with claims.context.db.writing() as session:
        connection = await session.connection()
        for statement in (VISITS, BATCHES, LINES):
            await connection.exec_driver_sql(
                statement.format(
                    district=DISTRICT,
                    township=TOWNSHIP,
                    persons=PERSONS,
                    encounters=ENCOUNTERS,
                )
                if statement is VISITS
                else statement
            )
    ids = [row["id"] for row in await claims.rows("SELECT id FROM encounters ORDER BY id")]
    storm = Storm(claims, seed=20160310)
    storm.chance.shuffle(ids)
    striking = asyncio.create_task(storm.strike())
    # Some visits are in two workers' hands: twins meet too.
    await asyncio.gather(
        *(storm.work(ids[n::WORKERS] + ids[n + 1 :: WORKERS * 8]) for n in range(WORKERS))
    )
    storm.over = True
    await striking
    assert storm.struck > 10
    assert storm.answers <= {"reversed_already", "nothing_to_revise"}

    assert await claims.differences() == []
    balances = await claims.balances()
    (sums,) = await claims.rows(
        "SELECT (SELECT count(*) FROM encounters WHERE status = 'settled') AS settled,"
        " (SELECT count(*) FROM encounters WHERE settlement_count = 0) AS untouched,"
        " (SELECT count(*) FROM (SELECT encounter_id FROM settlements GROUP BY 1"
        "   HAVING sum(CASE kind WHEN 'settlement' THEN 1 ELSE -1 END) NOT IN (0, 1)) AS x)"
        "   AS twice,"
        " (SELECT count(*) FROM encounters e WHERE (e.status = 'settled') <> (1 = ("
        "   SELECT sum(CASE kind WHEN 'settlement' THEN 1 ELSE -1 END) FROM settlements s"
        "   WHERE s.encounter_id = e.id))) AS astray,"
        " (SELECT count(*) FROM settlements) AS written,"
        " (SELECT count(*) FROM journal_entries) AS booked,"
        " (SELECT count(*) FROM outbox WHERE type LIKE '%settlement%') AS told,"
        " (SELECT coalesce(sum(total_fen), 0) FROM settlements) AS total,"
        " (SELECT max(basic_paid_fen) FROM standings) AS basic,"
        " (SELECT max(medical_aid_paid_fen) FROM standings) AS aid,"
        " (SELECT count(*) FROM settlements WHERE supersedes_id IS NOT NULL) AS again,"
        " (SELECT count(*) FROM vouchers) AS vouchers"
    )
    assert sums["untouched"] == sums["twice"] == sums["astray"] == 0
    assert sums["written"] == sums["booked"] == sums["told"]
    assert sums["again"] == sums["vouchers"]
    assert sums["settled"] > ENCOUNTERS // 4
    assert sums["written"] > 3 * ENCOUNTERS // 2
    assert 1_500_000 < sums["basic"] <= 2_000_000
    assert 200_000 < sums["aid"] <= 250_000
    billed = -sum(
        round(float(amount) * 100)
        for code, amount in balances.items()
        if code.startswith("facility:")
    )
    assert billed == sums["total"]
