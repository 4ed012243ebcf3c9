"""Goal: nobody changes the audit log unnoticed.

Method for tampering: the owner of the table switches the guard off, as an intruder would.
"""

import asyncio
import datetime as dt

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.db.session import Database
from shared.ids import new_id
from shared.security import audit
from tests.integration.http.conftest import database_url  # noqa: F401 - the fixture

AT = dt.datetime(2016, 3, 1, 9, 30, tzinfo=dt.UTC)


@pytest.fixture
async def db(database_url):  # noqa: F811
    database = Database(database_url, service="probe")
    yield database
    await database.close()


async def write(db: Database, count: int, start: int = 0) -> None:
    async with db.writing() as session:
        for number in range(start, start + count):
            await audit.record(
                session,
                actor="hospital",
                organisation="region:511113",
                action="person.searched",
                subject=str(new_id()),
                at=AT,
                detail={"number": number, "原因": "查询", "nested": {"b": 1.50, "a": None}},
            )


async def seal(db: Database, limit: int = 500) -> int:
    async with db.writing() as session:
        return await audit.seal(session, limit)


async def verdict(db: Database, anchor: audit.Head | None = None) -> audit.AuditVerdict:
    async with db.reading() as session:
        return await audit.verify(session, anchor)


async def tamper(db: Database, statement: str) -> None:
    async with db.writing() as session:
        await session.execute(text("ALTER TABLE audit_log DISABLE TRIGGER ALL"))
        await session.execute(text(statement))
        await session.execute(text("ALTER TABLE audit_log ENABLE TRIGGER ALL"))


async def test_an_untouched_log_is_sound(db: Database):
    """Goal: numbers are gapless over several seals, and everything is in the chain."""
    await write(db, 5)
    assert await seal(db, limit=3) == 3
    await write(db, 2, start=5)
    assert await seal(db) == 4
    assert await seal(db) == 0

    result = await verdict(db)
    assert result.sound
    assert (result.rows, result.unsealed) == (7, 0)
    assert result.head is not None
    assert result.head.number == 7


async def test_an_empty_log_is_sound(db: Database):
    """Goal: a new house has nothing to hide."""
    result = await verdict(db)
    assert (result.sound, result.rows, result.head) == (True, 0, None)


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE audit_log SET actor = 'nobody' WHERE number = 3", "row 3 was changed"),
        ("UPDATE audit_log SET at = at + interval '1 s' WHERE number = 3", "row 3 was changed"),
        (
            "UPDATE audit_log SET recorded_at = recorded_at - interval '1 d' WHERE number = 3",
            "row 3 was changed",
        ),
        (
            "UPDATE audit_log SET detail = jsonb_set(detail, '{number}', '9') WHERE number = 3",
            "row 3 was changed",
        ),
        ("DELETE FROM audit_log WHERE number = 3", "rows 3 to 3 are missing"),
        ("DELETE FROM audit_log WHERE number <= 2", "rows 1 to 2 are missing"),
        (
            "UPDATE audit_log SET hash = sha256(hash) WHERE number = 3",
            "row 3 was changed",
        ),
    ],
)
async def test_tampering_is_found(db: Database, statement: str, fault: str):
    """Goal: a changed or removed row is named."""
    await write(db, 5)
    await seal(db)
    await tamper(db, statement)

    result = await verdict(db)
    assert not result.sound
    assert any(fault in found for found in result.faults), result.faults


async def test_reordering_is_found(db: Database):
    """Goal: two rows cannot change places. Method: swap their numbers."""
    await write(db, 5)
    await seal(db)
    await tamper(
        db,
        "UPDATE audit_log SET number = -number WHERE number IN (2, 3);".rstrip(";"),
    )
    await tamper(
        db,
        "UPDATE audit_log SET number = CASE number WHEN -2 THEN 3 ELSE 2 END WHERE number < 0",
    )

    assert not (await verdict(db)).sound


async def test_a_row_removed_and_renumbered_is_found(db: Database):
    """Goal: closing the gap does not help an intruder."""
    await write(db, 5)
    await seal(db)
    await tamper(db, "DELETE FROM audit_log WHERE number = 3")
    await tamper(db, "UPDATE audit_log SET number = number + 1000 WHERE number > 3")
    await tamper(db, "UPDATE audit_log SET number = number - 1001 WHERE number > 1000")

    assert not (await verdict(db)).sound


async def test_a_log_cut_short_is_found_with_an_anchor(db: Database):
    """Goal: what the chain alone cannot show, a kept head does."""
    await write(db, 5)
    await seal(db)
    head = (await verdict(db)).head
    await tamper(db, "DELETE FROM audit_log WHERE number = 5")

    assert (await verdict(db)).sound
    assert any("ends at row 4" in fault for fault in (await verdict(db, head)).faults)


async def test_a_rewritten_log_is_found_with_an_anchor(db: Database):
    """Goal: an intruder who seals everything anew has other hashes."""
    await write(db, 5)
    await seal(db)
    head = (await verdict(db)).head
    await tamper(
        db, "UPDATE audit_log SET actor = 'x', number = NULL, prev_hash = NULL, hash = NULL"
    )
    await seal(db)

    assert (await verdict(db)).sound
    assert not (await verdict(db, head)).sound


async def test_rows_left_unsealed_are_found(db: Database):
    """Goal: a sealer that stands still is noticed after a minute, not before."""
    await write(db, 2)
    assert (await verdict(db)).sound
    assert (await verdict(db)).unsealed == 2

    await tamper(db, "UPDATE audit_log SET recorded_at = now() - interval '61 s'")
    assert any("2 rows" in fault for fault in (await verdict(db)).faults)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_log SET actor = 'nobody'",
        "UPDATE audit_log SET number = number + 1",
        "UPDATE audit_log SET number = NULL",
        "DELETE FROM audit_log",
        "TRUNCATE audit_log",
    ],
)
async def test_the_guard_refuses_changes(db: Database, statement: str):
    """Goal: the service itself, by error, changes nothing either."""
    await write(db, 2)
    await seal(db)
    with pytest.raises(DBAPIError, match="append-only"):
        async with db.writing() as session:
            await session.execute(text(statement))
    assert (await verdict(db)).rows == 2


async def test_two_sealers_at_once_make_one_chain(db: Database):
    """Goal: two workers do not fork the chain. Method: four sealers at the same moment."""
    await write(db, 40)
    counts = await asyncio.gather(*(seal(db, limit=15) for _ in range(4)))
    while await seal(db):
        pass

    result = await verdict(db)
    assert result.sound
    assert result.rows == 40
    assert max(counts) == 15


async def test_a_rolled_back_change_leaves_no_row(db: Database):
    """Goal: the audit row belongs to the transaction of what it tells of."""
    with pytest.raises(ZeroDivisionError):  # noqa: PT012
        async with db.writing() as session:
            await audit.record(
                session,
                actor="a",
                organisation="region:1",
                action="x.y",
                subject="s",
                at=AT,
            )
            _ = 1 / 0
    assert (await verdict(db)).unsealed == 0


async def test_a_large_detail_is_refused(db: Database):
    """Goal: the log holds ids and counts, not documents."""
    async with db.writing() as session:
        with pytest.raises(audit.AuditDetailTooLarge):
            await audit.record(
                session,
                actor="a",
                organisation="region:1",
                action="x.y",
                subject="s",
                at=AT,
                detail={"list": ["长" * 3000]},
            )
