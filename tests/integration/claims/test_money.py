"""Caps, reversals and the ledger: nothing twice, nothing lost, nothing unbalanced."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from shared.events.catalog import SettlementReversed
from shared.money import fen_from_text
from tests.integration.claims.county import (
    DISTRICT,
    TOWNSHIP,
    Claims,
    pack_with,
    person,
    recognition,
)

PLAIN: list[dict[str, Any]] = [
    {"line_no": 1, "name": "甲类", "kind": "drug", "catalogue_class": "A", "amount": "5000.00"}
]


@pytest.mark.parametrize("count", [2, 8])
async def test_parallel_visits_share_one_annual_cap(
    start: Callable[..., Awaitable[Claims]], tmp_path: Path, count: int
) -> None:
    """Goal: hospitals settling at once never spend a cap twice.

    Method: caps below the bills; the settlements in parallel; sums against the caps.
    """
    packs = pack_with(
        tmp_path / "packs", {"basic.annual_cap": "6000.00", "medical_aid.annual_cap": "1000.00"}
    )
    claims = await start(packs=str(packs))
    await claims.deliver(person())
    visits = [
        await claims.discharged(PLAIN, person_id="p-1", facility_code=facility)
        for facility in (DISTRICT, TOWNSHIP) * (count // 2)
    ]
    settlements = await asyncio.gather(*(claims.settled(visit["encounter_id"]) for visit in visits))
    paid = [
        {payer["payer"]: payer["amount"] for payer in settlement["payers"]}
        for settlement in settlements
    ]
    total = {
        payer: sum(fen_from_text(shares[payer]) for shares in paid)
        for payer in ("basic_insurance", "medical_aid")
    }
    assert total == {"basic_insurance": 600_000, "medical_aid": 100_000}
    standing = await claims.year_to_date("p-1")
    assert (standing["basic_paid"], standing["medical_aid_paid"]) == ("6000.00", "1000.00")


async def test_a_reversal_returns_everything_and_the_visit_can_be_settled_again(
    claims: Claims,
) -> None:
    """Goal: an exact opposite. Method: settle twice, reverse the first, compare, settle again."""
    await claims.deliver(recognition("ZY1"))
    await claims.deliver(person())
    other = await claims.discharged(PLAIN, visit_no="OTHER", person_id="p-1")
    await claims.settled(other["encounter_id"])
    balances, standing = await claims.balances(), await claims.year_to_date("p-1")

    encounter = await claims.discharged(visit_no="ZY1")
    made = await claims.settled(encounter["encounter_id"])
    assert await claims.balances() != balances
    path = f"/settlements/{made['settlement_id']}"
    answer = await claims.call("POST", f"{path}/reverse", {"reason": "charges were sent twice"})
    assert answer.status_code == 201
    reversal = answer.json()

    assert reversal["reverses"] == made["settlement_id"]
    assert reversal["patient_pays"] == "-" + made["patient_pays"]
    for was, now in zip(made["payers"], reversal["payers"], strict=True):
        assert float(now["amount"]) == -float(was["amount"])
    assert await claims.balances() == balances
    assert await claims.year_to_date("p-1") == standing
    undone = await claims.good("GET", path)
    assert (undone["status"], undone["reversed_by"]) == ("reversed", reversal["settlement_id"])
    told = [e for e in await claims.events() if isinstance(e, SettlementReversed)]
    assert [(event.reverses, event.total) for event in told] == [(made["settlement_id"], -500000)]

    again = await claims.call("POST", f"{path}/reverse", {"reason": "once more"})
    assert (again.status_code, again.json()["code"]) == (409, "reversed_already")
    back = await claims.call(
        "POST", f"/settlements/{reversal['settlement_id']}/reverse", {"reason": "undo"}
    )
    assert (back.status_code, back.json()["code"]) == (409, "not_reversible")

    second = await claims.call("POST", f"/encounters/{encounter['encounter_id']}/settlement")
    assert second.status_code == 201
    assert second.json()["supersedes"] == made["settlement_id"]
    assert second.json()["patient_pays"] == made["patient_pays"]


async def test_ten_parallel_reversals_make_one(claims: Claims) -> None:
    """Goal: exactly one reversal wins. Method: ten at the same moment."""
    encounter = await claims.discharged(person_id="p-1")
    made = await claims.settled(encounter["encounter_id"])
    path = f"/settlements/{made['settlement_id']}/reverse"
    answers = await asyncio.gather(
        *(claims.call("POST", path, {"reason": "sent twice"}) for _ in range(10))
    )
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 9
    assert set((await claims.balances()).values()) == {"0.00"}
    assert set((await claims.year_to_date("p-1")).values()) == {"0.00"}


class TestDatabaseKeepsTheLedger:
    """What a slip in psql cannot do."""

    async def _entry(self, claims: Claims, amounts: list[int], stated: int | None = None) -> None:
        """Write an entry by hand, as the owner of the tables, and commit."""
        psql = await claims.psql()
        try:
            async with psql.transaction():
                settlement = await psql.fetchval("SELECT id FROM settlements LIMIT 1")
                codes = await psql.fetch("SELECT code FROM accounts ORDER BY code")
                entry = uuid4()
                await psql.execute(
                    "ALTER TABLE journal_entries DROP CONSTRAINT uq_journal_entries_settlement_id"
                )
                await psql.execute(
                    "INSERT INTO journal_entries"
                    " (id, region, settlement_id, booked_on, posting_count)"
                    " VALUES ($1, '511113', $2, '2016-03-10', $3)",
                    entry,
                    settlement,
                    len(amounts) if stated is None else stated,
                )
                for (code,), amount in zip(codes, amounts, strict=False):
                    await psql.execute(
                        "INSERT INTO postings (entry_id, account_code, amount_fen)"
                        " VALUES ($1, $2, $3)",
                        entry,
                        code,
                        amount,
                    )
        finally:
            await psql.close()

    @pytest.fixture
    async def settled(self, claims: Claims) -> Claims:
        encounter = await claims.discharged(person_id="p-1")
        await claims.settled(encounter["encounter_id"])
        return claims

    async def test_a_balanced_entry_is_taken(self, settled: Claims) -> None:
        """Goal: the check refuses only what is wrong. Method: 300 = 100 + 200."""
        await self._entry(settled, [300, -100, -200])
        (count,) = await settled.rows("SELECT count(*) AS n FROM journal_entries")
        assert count["n"] == 2

    @pytest.mark.parametrize(
        ("amounts", "stated"), [([300, -100], None), ([300, -300], 3), ([], 2)]
    )
    async def test_an_unbalanced_entry_is_refused(
        self, settled: Claims, amounts: list[int], stated: int | None
    ) -> None:
        """Goal: no unbalanced or incomplete entry, even by hand. Method: commit one."""
        with pytest.raises(asyncpg.CheckViolationError, match="does not balance"):
            await self._entry(settled, amounts, stated)
        (count,) = await settled.rows("SELECT count(*) AS n FROM journal_entries")
        assert count["n"] == 1

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE postings SET amount_fen = amount_fen + 1",
            "DELETE FROM postings",
            "TRUNCATE postings",
            "UPDATE settlements SET patient_pays_fen = 0",
            "DELETE FROM settlement_payers",
            "UPDATE journal_entries SET booked_on = '2015-01-01'",
        ],
    )
    async def test_what_is_written_stays(self, settled: Claims, statement: str) -> None:
        """Goal: written once. Method: try to change it by hand."""
        psql = await settled.psql()
        try:
            with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="written once"):
                await psql.execute(statement)
        finally:
            await psql.close()

    async def test_nothing_is_added_to_a_closed_entry(self, settled: Claims) -> None:
        """Goal: an old entry stays closed, even to a balanced pair. Method: add one."""
        psql = await settled.psql()
        try:
            transaction = psql.transaction()
            await transaction.start()
            await psql.execute(
                "INSERT INTO accounts VALUES"
                " ('x:1', '511113', 'x', 'patient', NULL, 'x', 'x'),"
                " ('x:2', '511113', 'x', 'facility', NULL, 'x', 'x')"
            )
            await psql.execute(
                "INSERT INTO postings SELECT id, code, amount FROM journal_entries,"
                " (VALUES ('x:1', 5), ('x:2', -5)) AS pair(code, amount)"
            )
            with pytest.raises(asyncpg.CheckViolationError, match="does not balance"):
                await transaction.commit()
        finally:
            await psql.close()
