"""The ledger in its database: nobody unbalances, changes or forgets anything in it unnoticed."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import asyncpg
import pytest
from typer.testing import CliRunner

from deploy.cli.main import app
from services.claims.ledger import sealing
from services.claims.ledger.sealing import LedgerVerdict
from tests.integration.claims.county import DISTRICT, Claims
from tests.support.postgres import superuser_dsn

Psql = "asyncpg.Connection[asyncpg.Record]"

COPIED = """
INSERT INTO settlements
SELECT (jsonb_populate_record(s, jsonb_build_object('id', $1::uuid, 'ordinal', 9) || $2::jsonb)).*
FROM settlements s WHERE kind = 'settlement'
"""
ENTERED = """
INSERT INTO journal_entries (id, region, kind, settlement_id, reverses_id, booked_on, posting_count)
VALUES ($1, '511113', $2, $3, $4, '2016-03-10', $5)
"""
NEGATED = """
{"kind": "reversal", "total_fen": -500000, "waived_fen": 0, "out_of_catalogue_fen": -50000,
 "over_limit_fen": 0, "self_first_fen": -27000, "in_scope_fen": -423000, "deductible_fen": 0,
 "payers_fen": -400873, "patient_pays_fen": -99127, "reverses_id": "%s"}
"""


@asynccontextmanager
async def connected(claims: Claims, *, superuser: bool = False) -> AsyncIterator[Any]:
    name = urlsplit(claims.context.db.url).path.lstrip("/")
    psql = await (asyncpg.connect(superuser_dsn(name)) if superuser else claims.psql())
    try:
        yield psql
    finally:
        await psql.close()


async def count_of(claims: Claims, table: str) -> int:
    (row,) = await claims.rows(f"SELECT count(*) AS n FROM {table}")
    return int(row["n"])


class TestNothingUnbalancedIsCommitted:
    """What a slip in psql cannot do. Every case is written as the owner of the tables."""

    async def _entry(self, claims: Claims, amounts: Sequence[int], stated: int) -> None:
        async with connected(claims) as psql, psql.transaction():
            settlement = await psql.fetchval("SELECT id FROM settlements LIMIT 1")
            codes = await psql.fetch("SELECT code FROM accounts ORDER BY code")
            await psql.execute(
                "ALTER TABLE journal_entries DROP CONSTRAINT uq_journal_entries_settlement_id"
            )
            entry = uuid4()
            await psql.execute(ENTERED, entry, "settlement", settlement, None, stated)
            await self._post(
                psql,
                entry,
                [(code, amount) for (code,), amount in zip(codes, amounts, strict=False)],
            )

    async def _post(self, psql: Any, entry: UUID, rows: Sequence[tuple[str, int]]) -> None:
        await psql.executemany(
            "INSERT INTO postings (entry_id, account_code, amount_fen) VALUES ($1, $2, $3)",
            [(entry, code, amount) for code, amount in rows],
        )

    async def test_a_balanced_entry_is_taken(self, settled: Claims) -> None:
        """Goal: the check refuses only what is wrong. Method: 300 = 100 + 200."""
        await self._entry(settled, [300, -100, -200], 3)
        assert await count_of(settled, "journal_entries") == 2

    async def test_an_unbalanced_or_empty_entry_is_refused(self, settled: Claims) -> None:
        """Goal: no such entry, even by hand. Method: a rest, a missing posting, none at all."""
        for amounts, stated in (([300, -100], 2), ([300, -300], 3), ([], 2)):
            with pytest.raises(asyncpg.CheckViolationError, match="does not balance"):
                await self._entry(settled, amounts, stated)
        assert await count_of(settled, "journal_entries") == 1

    async def test_nothing_is_added_to_a_closed_entry(self, settled: Claims) -> None:
        """Goal: an old entry stays closed, even to a balanced pair. Method: add one."""
        async with connected(settled) as psql:
            transaction = psql.transaction()
            await transaction.start()
            await psql.execute(
                "INSERT INTO accounts (code, region, kind, facility_code, name_en, name_zh) VALUES"
                " ('patient:x', '511113', 'patient', 'x', 'x', 'x'),"
                " ('facility:x', '511113', 'facility', 'x', 'x', 'x')"
            )
            entry = await psql.fetchval("SELECT id FROM journal_entries")
            await self._post(psql, entry, [("patient:x", 5), ("facility:x", -5)])
            with pytest.raises(asyncpg.CheckViolationError, match="does not balance"):
                await transaction.commit()

    async def test_an_account_is_what_its_code_says(self, settled: Claims) -> None:
        """Goal: no account of one fund under another's code. Method: a code of medical aid."""
        async with connected(settled) as psql:
            with pytest.raises(asyncpg.CheckViolationError, match="ck_accounts_code"):
                await psql.execute(
                    "INSERT INTO accounts (code, region, kind, fund, facility_code, name_en,"
                    " name_zh) VALUES ('payer:medical_aid:x', '511113', 'payer', 'special_fund',"
                    " 'x', 'x', 'x')"
                )

    async def test_a_settlement_without_its_entry_is_refused(self, settled: Claims) -> None:
        """Goal: no bill that the ledger does not know. Method: copy the settlement alone."""
        async with connected(settled) as psql:
            with pytest.raises(asyncpg.CheckViolationError, match="has no ledger entry"):
                await psql.execute(COPIED, uuid4(), "{}")
        assert await count_of(settled, "settlements") == 1

    @pytest.mark.parametrize("moved", [1, -1])
    async def test_payers_that_differ_from_the_postings_are_refused(
        self, settled: Claims, moved: int
    ) -> None:
        """Goal: each payer's amount is booked, not only the sum.

        Method: copy settlement, payers and entry, with one fen moved from one fund to the other
        in the payers; then a payer more for the settlement of before.
        """
        medical_aid = "SELECT $1::uuid, position, payer, amount_fen + CASE position WHEN 0 THEN"
        async with connected(settled) as psql:
            transaction = psql.transaction()
            await transaction.start()
            made, entry = uuid4(), uuid4()
            postings = await psql.fetch("SELECT account_code, amount_fen FROM postings")
            await psql.execute(COPIED, made, "{}")
            await psql.execute(
                f"INSERT INTO settlement_payers {medical_aid} $2::int"
                " WHEN 2 THEN -$2::int ELSE 0 END FROM settlement_payers WHERE amount_fen <> 0",
                made,
                moved,
            )
            await psql.execute(ENTERED, entry, "settlement", made, None, len(postings))
            await self._post(psql, entry, [tuple(posting) for posting in postings])
            with pytest.raises(asyncpg.CheckViolationError, match="differs from its ledger entry"):
                await transaction.commit()
            with pytest.raises(asyncpg.CheckViolationError, match="special_fund"):
                await psql.execute(
                    "INSERT INTO settlement_payers SELECT id, 9, 'special_fund', $1"
                    " FROM settlements",
                    moved,
                )

    async def test_a_reversal_of_other_amounts_is_refused(self, settled: Claims) -> None:
        """Goal: a reversal is the exact opposite. Method: by hand, the two funds exchanged."""
        async with connected(settled) as psql:
            original = await psql.fetchval("SELECT id FROM settlements")
            first = await psql.fetchval("SELECT id FROM journal_entries")
            transaction = psql.transaction()
            await transaction.start()
            made, entry = uuid4(), uuid4()
            await psql.execute(COPIED, made, NEGATED % original)
            await psql.execute(
                "INSERT INTO settlement_payers VALUES ($1, 0, 'basic_insurance', -66383),"
                " ($1, 1, 'medical_aid', -334490)",
                made,
            )
            await psql.execute(ENTERED, entry, "reversal", made, first, 4)
            rows = [
                (f"payer:basic_insurance:{DISTRICT}", -66383),
                (f"payer:medical_aid:{DISTRICT}", -334490),
                (f"patient:{DISTRICT}", -99127),
                (f"facility:{DISTRICT}", 500000),
            ]
            await self._post(psql, entry, rows)
            with pytest.raises(asyncpg.CheckViolationError, match="not the exact opposite"):
                await transaction.commit()


async def test_what_is_written_stays(settled: Claims) -> None:
    """Goal: written once, for the service's role and for a superuser. Method: try each change.

    The service's role lacks even the right to try, but for the seal of an entry.
    """
    refused = (asyncpg.IntegrityConstraintViolationError, asyncpg.InsufficientPrivilegeError)
    tables = ("postings", "journal_entries", "accounts", "settlements", "settlement_payers")
    statements = [
        "UPDATE postings SET amount_fen = amount_fen + 1",
        "UPDATE journal_entries SET booked_on = '2015-01-01'",
        "UPDATE journal_entries SET number = 1, booked_on = '2015-01-01'",
        "UPDATE journal_entries SET hash = '\\x00'",
        "UPDATE accounts SET name_zh = ''",
        "UPDATE accounts SET code = code",
        "UPDATE settlements SET patient_pays_fen = 0",
        *(f"DELETE FROM {table}" for table in tables),
        *(f"TRUNCATE {table} CASCADE" for table in tables),
    ]
    for superuser in (False, True):
        async with connected(settled, superuser=superuser) as psql:
            for statement in statements:
                with pytest.raises(refused):
                    await psql.execute(statement)
    async with connected(settled) as psql:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await psql.execute("DELETE FROM postings")
    async with connected(settled, superuser=True) as psql:
        with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="written once"):
            await psql.execute("DELETE FROM postings")


class TestVerify:
    """A change made behind the program's back is found and named."""

    async def _seal(self, claims: Claims) -> int:
        async with claims.context.db.writing() as session:
            return await sealing.seal(session)

    async def _verdict(self, claims: Claims) -> LedgerVerdict:
        async with claims.context.db.reading() as session:
            return await sealing.verify(session)

    async def _settle_more(self, claims: Claims, count: int) -> None:
        visits = [await claims.discharged(person_id="p-1") for _ in range(count)]
        await asyncio.gather(*(claims.settled(visit["encounter_id"]) for visit in visits))

    async def test_sealers_at_once_beside_settlements_make_one_chain(self, settled: Claims) -> None:
        """Goal: sealing neither forks the chain nor stops a settlement.

        Method: eight settlements at once, three sealers beside them; then the rest, and a reversal.
        """

        async def sealer() -> None:
            for _ in range(10):
                await self._seal(settled)
                await asyncio.sleep(0)

        await asyncio.gather(self._settle_more(settled, 8), *(sealer() for _ in range(3)))
        settlement = (await settled.rows("SELECT id FROM settlements LIMIT 1"))[0]["id"]
        await settled.good("POST", f"/settlements/{settlement}/reverse", {"reason": "test"})
        while await self._seal(settled):
            pass
        verdict = await self._verdict(settled)
        assert verdict.faults == ()
        assert (verdict.entries, verdict.unsealed) == (10, 0)
        assert verdict.head is not None
        assert verdict.head.number == 10

    @pytest.mark.parametrize(
        ("statement", "faults"),
        [
            (
                (
                    "UPDATE postings SET amount_fen = amount_fen + 1 WHERE entry_id = $1"
                    " AND account_code LIKE 'patient:%'"
                ),
                ["changed after it was sealed", "does not balance", "differs from its entry"],
            ),
            (
                # Still balanced, and the settlement says the same: only the chain knows.
                (
                    "WITH moved AS (UPDATE settlement_payers SET amount_fen = amount_fen"
                    " + CASE payer WHEN 'medical_aid' THEN 1 ELSE -1 END WHERE amount_fen <> 0"
                    " AND settlement_id = (SELECT settlement_id FROM journal_entries WHERE id = $1))"
                    " UPDATE postings SET amount_fen = amount_fen"
                    " + CASE WHEN account_code LIKE '%:medical_aid:%' THEN 1 ELSE -1 END"
                    " WHERE entry_id = $1 AND account_code LIKE 'payer:%'"
                ),
                ["changed after it was sealed"],
            ),
            (
                (
                    "UPDATE journal_entries SET recorded_at = recorded_at - interval '1 µs'"
                    " WHERE id = $1"
                ),
                ["changed after it was sealed"],
            ),
            (
                (
                    "UPDATE settlement_payers SET amount_fen = amount_fen + 1 WHERE payer ="
                    " 'medical_aid' AND settlement_id ="
                    " (SELECT settlement_id FROM journal_entries WHERE id = $1)"
                ),
                ["differs from its entry"],
            ),
            ("DELETE FROM journal_entries WHERE id = $1", ["are missing"]),
        ],
    )
    async def test_a_changed_byte_is_named(
        self, settled: Claims, statement: str, faults: list[str]
    ) -> None:
        """Goal: what was changed is named. Method: as a superuser, all triggers off, one change
        in the second of three sealed entries."""
        await self._settle_more(settled, 2)
        await self._seal(settled)
        (second,) = await settled.rows(
            "SELECT id, settlement_id FROM journal_entries WHERE number = 2"
        )
        async with connected(settled, superuser=True) as psql:
            await psql.execute("SET session_replication_role = replica")
            await psql.execute(statement.replace("µs", "us"), second["id"])
        found = await self._verdict(settled)
        for fault in faults:
            named = [text for text in found.faults if fault in text]
            assert named, found.faults
            assert any(
                str(second["id"]) in text
                or str(second["settlement_id"]) in text
                or "rows 2 to 2" in text
                for text in named
            )

    async def test_the_command_notes_the_head_and_sees_a_ledger_that_was_cut(
        self, settled: Claims
    ) -> None:
        """Goal: `yizhan ledger verify` from psql's damage to an exit code.

        Method: verify; cut off the newest entry with its settlement, which leaves a sound chain;
        verify again: the anchor of the audit log tells; and so does one kept on paper.
        """
        await self._settle_more(settled, 1)
        await self._seal(settled)
        first = await self._command(settled)
        assert first.exit_code == 0, first.output
        assert "whole" in first.output
        anchor = first.output.split("anchor: ")[1].strip()
        assert anchor.startswith("2:")
        async with connected(settled, superuser=True) as psql:
            await psql.execute("SET session_replication_role = replica")
            cut = await psql.fetchrow(
                "SELECT id, settlement_id FROM journal_entries WHERE number = 2"
            )
            await psql.execute("DELETE FROM postings WHERE entry_id = $1", cut["id"])
            await psql.execute("DELETE FROM journal_entries WHERE id = $1", cut["id"])
            for table, column in (("settlement_payers", "settlement_id"), ("settlements", "id")):
                await psql.execute(f"DELETE FROM {table} WHERE {column} = $1", cut["settlement_id"])
        second = await self._command(settled)
        assert second.exit_code == 1
        assert "ends at row 1, but row 2 was there before" in second.output
        async with connected(settled, superuser=True) as psql:
            await psql.execute("SET session_replication_role = replica")
            await psql.execute("DELETE FROM audit_log WHERE subject = 'ledger'")
        assert (await self._command(settled)).exit_code == 0
        assert (await self._command(settled, "--anchor", anchor)).exit_code == 1
        assert (await self._command(settled, "--anchor", "2:abc")).exit_code == 2

    async def _command(self, claims: Claims, *options: str) -> Any:
        return await asyncio.to_thread(
            CliRunner().invoke,
            app,
            ["ledger", "verify", *options],
            env={"CLAIMS_DATABASE_URL": claims.context.db.url, "COLUMNS": "200"},
        )
