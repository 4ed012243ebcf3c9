"""Clearing by many at the same moment, and by one who dies half way."""

import asyncio
from typing import Any
from urllib.parse import urlsplit

import asyncpg

from tests.integration.claims.county import Claims
from tests.integration.claims.test_clearing import MARCH, approved, owed, settled, stepped
from tests.support.postgres import superuser_dsn


async def test_at_the_same_moment(county: Claims) -> None:
    """Goal: no settlement in two runs, nothing paid twice, beside settlements being made.

    Method: six collect at once while bills are settled; each run is submitted, approved and paid
    by eight at once; then a last run takes what came later.
    """
    await settled(county, 3)

    async def collect() -> Any:
        return await county.call("POST", "/clearing-runs", MARCH, client="hospital")

    answers, _ = await asyncio.gather(
        asyncio.gather(*(collect() for _ in range(6))), settled(county, 3)
    )
    runs = [answer.json() for answer in answers if answer.status_code == 201]
    assert runs
    assert {answer.status_code for answer in answers} <= {201, 409}
    late = await collect()
    runs += [late.json()] if late.status_code == 201 else []
    twice = await county.rows(
        "SELECT settlement_id FROM clearing_items GROUP BY settlement_id, fund HAVING count(*) > 1"
    )
    assert twice == []
    for run in runs:
        await stepped(county, run, "submit", "hospital")
        await stepped(county, run, "approve", "insurer")
        done = await asyncio.gather(*(stepped(county, run, "paid", "insurer") for _ in range(8)))
        assert {answer.status_code for answer in done} == {200}
        assert sum("idempotency-replayed" in answer.headers for answer in done) == 7
    assert await owed(county) == {}
    (row,) = await county.rows("SELECT sum(amount_fen) AS paid FROM clearing_payments")
    (due,) = await county.rows("SELECT sum(amount_fen) AS due FROM settlement_payers")
    assert row["paid"] == due["due"]


async def test_killed_in_the_middle_of_paying(county: Claims) -> None:
    """Goal: a payment that dies half way is not there; repeated, it is there once.

    Method: another connection holds the second of two parts, so that paying has booked the first
    and waits; its server process is ended by the superuser. Then the same call, twice.
    """
    await settled(county)
    run = await approved(county)
    path = f"/clearing-runs/{run['run_id']}/paid"
    name = urlsplit(county.context.db.url).path.lstrip("/")
    holder, superuser = await county.psql(), await asyncpg.connect(superuser_dsn(name))
    try:
        holding = holder.transaction()
        await holding.start()
        await holder.execute("SELECT FROM clearing_parts WHERE fund = 'medical_aid' FOR UPDATE")
        paying = asyncio.create_task(county.call("POST", path, client="insurer", key="pay-1"))
        ended = 0
        while not ended:
            await asyncio.sleep(0.02)
            ended = await superuser.fetchval(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
        assert (await paying).status_code >= 500
        await holding.rollback()
    finally:
        await holder.close()
        await superuser.close()
    assert await county.rows("SELECT id FROM clearing_payments") == []
    assert (await county.good("GET", path.removesuffix("/paid")))["paid"] == "0.00"
    for _ in range(2):
        again = await county.call("POST", path, client="insurer", key="pay-1")
        assert (again.status_code, again.json()["paid"]) == (200, run["amount"])
    assert await owed(county) == {}
    assert len(await county.rows("SELECT id FROM clearing_payments")) == 2
