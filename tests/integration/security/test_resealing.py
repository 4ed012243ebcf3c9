"""Encrypting anew: complete, carried on after any end, and beside services that go on writing."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import (
    Column,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Update,
    insert,
    select,
    text,
    update,
)

from shared.db.sealed import sealed_as
from shared.db.session import Database
from shared.security import resealing
from shared.security.crypto import Vault, add_key
from shared.security.resealing import (
    Portion,
    RowsHeld,
    StillUnderOldKeys,
    reseal,
    values_by_key,
)
from tests.support.postgres import database, template_database

METADATA = MetaData()
NOTES = Table(
    "notes",
    METADATA,
    Column("place", String(8), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("name", LargeBinary, info=sealed_as("notes.name")),
    Column("phone", LargeBinary, info=sealed_as("people.phone")),
)
FORGOTTEN = Table("forgotten", MetaData(), Column("blob", LargeBinary))
ROWS = 25


@pytest.fixture
async def db() -> AsyncIterator[Database]:
    with database(template_database("empty", lambda _: None)) as url:
        found = Database(url, service="notes", pool_size=4)
        async with found.engine.begin() as connection:
            await connection.run_sync(METADATA.create_all)
            await connection.run_sync(FORGOTTEN.metadata.create_all)
        yield found
        await found.close()


@pytest.fixture
async def path(tmp_path: Path, db: Database) -> Path:
    """A keys file whose first key encrypted all rows, and whose second is in use."""
    keys = tmp_path / "keys.json"
    vault = Vault.generate(keys)
    async with db.writing() as session:
        await session.execute(
            insert(NOTES),
            [
                {
                    "place": f"p{number % 3}",
                    "number": number,
                    "name": vault.encrypt(f"测试{number}", column="notes.name"),
                    "phone": vault.encrypt("1", column="people.phone") if number % 2 else None,
                }
                for number in range(ROWS)
            ],
        )
    add_key(keys)
    return keys


def nothing(_: Portion) -> None:
    """Nobody watches."""


async def names(db: Database, vault: Vault) -> set[str]:
    async with db.reading() as session:
        blobs = (await session.scalars(select(NOTES.c.name))).all()
    return {vault.decrypt(bytes(blob), column="notes.name") for blob in blobs}


async def test_every_value_is_under_the_new_key(db: Database, path: Path) -> None:
    """Goal: nothing is left, nothing is changed. Method: count by key before and after; read all
    with the new key alone; a second time finds nothing to do."""
    vault = Vault.from_file(path)
    old = next(each for each in vault.key_ids if each != vault.active)
    before = await values_by_key(db, vault)
    assert before == {"notes.name": {old: ROWS}, "notes.phone": {old: ROWS // 2}}
    told: list[Portion] = []
    assert await reseal(db, METADATA, vault, moved=told.append, portion_rows=10) == ROWS
    assert [one.done for one in told] == [10, 20, 25]
    after = await values_by_key(db, vault)
    assert after == {"notes.name": {vault.active: ROWS}, "notes.phone": {vault.active: ROWS // 2}}
    assert await names(db, vault) == {f"测试{number}" for number in range(ROWS)}
    assert await reseal(db, METADATA, vault, moved=nothing) == 0


async def test_what_is_cut_off_is_carried_on(db: Database, path: Path) -> None:
    """Goal: it may end at any moment. Method: the program ends in its second portion."""
    vault = Vault.from_file(path)

    def die(portion: Portion) -> None:
        if portion.done > 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await reseal(db, METADATA, vault, moved=die, portion_rows=10)
    assert await reseal(db, METADATA, vault, moved=nothing, portion_rows=10) == ROWS - 20
    assert await names(db, vault) == {f"测试{number}" for number in range(ROWS)}


async def test_a_service_goes_on_and_what_it_writes_stays(db: Database, path: Path) -> None:
    """Goal: no change is lost, under whichever key, and no service's work is ended because rows are
    encrypted anew. Method: a service has changed the last row, still under the old key; when its
    portion has met that row, the service changes the first one too."""
    vault = Vault.from_file(path)
    stale = first_key_alone(path)

    def renamed(number: int) -> Update:
        blob = stale.encrypt("新名字", column="notes.name")
        return update(NOTES).where(NOTES.c.number == number).values(name=blob)

    async with db.engine.connect() as service, asyncio.TaskGroup() as group:
        await service.execute(renamed(23))
        work = group.create_task(reseal(db, METADATA, vault, moved=nothing))
        for _ in range(50):
            await asyncio.sleep(0.01)
        await service.execute(renamed(0))
        await service.commit()
    assert work.result() == ROWS
    kept = {f"测试{number}" for number in range(ROWS) if number not in (0, 23)}
    assert await names(db, vault) == kept | {"新名字"}
    assert set((await values_by_key(db, vault))["notes.name"]) == {vault.active}


async def test_what_a_long_transaction_has_written_is_not_missed(db: Database, path: Path) -> None:
    """Goal: no proof while a roster that began under the old key is yet to be kept. Method: a
    transaction adds a row under it before the work begins, and ends after all others are done."""
    vault = Vault.from_file(path)
    blob = first_key_alone(path).encrypt("新来的", column="notes.name")
    others_done = asyncio.Event()
    async with db.engine.connect() as roster, asyncio.TaskGroup() as group:
        await roster.execute(insert(NOTES).values(place="p0", number=ROWS, name=blob))
        work = group.create_task(reseal(db, METADATA, vault, moved=lambda _: others_done.set()))
        await others_done.wait()
        await asyncio.sleep(0.5)
        assert not work.done()
        await roster.commit()
    assert work.result() == ROWS + 1
    assert set((await values_by_key(db, vault))["notes.name"]) == {vault.active}


async def test_rows_that_nobody_lets_go_of_are_told(
    db: Database, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Goal: no endless waiting for a transaction that was forgotten. Method: one that never ends and
    holds rows; then it holds none, and may have written anything."""
    monkeypatch.setattr(resealing, "_LONGEST_HELD_S", 0.3)
    vault = Vault.from_file(path)
    async with db.engine.connect() as forgotten:
        await forgotten.execute(select(NOTES.c.number).with_for_update())
        with pytest.raises(RowsHeld, match="notes"):
            await reseal(db, METADATA, vault, moved=nothing)
        await forgotten.rollback()
        await forgotten.execute(text("SELECT 1"))
        with pytest.raises(RowsHeld, match="began before"):
            await reseal(db, METADATA, vault, moved=nothing)


async def test_a_process_that_goes_on_with_the_old_key_is_told(db: Database, path: Path) -> None:
    """Goal: no endless work, and no false proof. Method: one row always comes back as it was."""
    async with db.writing() as session:
        for statement in AS_IT_WAS:
            await session.execute(text(statement))
    vault = Vault.from_file(path)
    with pytest.raises(StillUnderOldKeys):
        await reseal(db, METADATA, vault, moved=nothing)
    counts = (await values_by_key(db, vault))["notes.name"]
    assert counts == {vault.active: ROWS - 1, vault.key_ids[0]: 1}


async def test_a_column_that_nobody_named_is_counted(db: Database, path: Path) -> None:
    """Goal: the proof does not rest on the list of columns. Method: a value in a column without
    one, and one that only looks a little like ours."""
    vault = Vault.from_file(path)
    blobs = [first_key_alone(path).encrypt("测试", column="forgotten.blob"), b"\x01" * 32]
    async with db.writing() as session:
        await session.execute(insert(FORGOTTEN), [{"blob": blob} for blob in blobs])
    await reseal(db, METADATA, vault, moved=nothing)
    assert (await values_by_key(db, vault))["forgotten.blob"] == {vault.key_ids[0]: 1}


AS_IT_WAS = (
    """
CREATE FUNCTION as_it_was() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN NEW.name := OLD.name; RETURN NEW; END $$
""",
    """
CREATE TRIGGER as_it_was BEFORE UPDATE ON notes FOR EACH ROW WHEN (OLD.number = 7)
  EXECUTE FUNCTION as_it_was()
""",
)


def first_key_alone(path: Path) -> Vault:
    """As a process holds the file that has not read it again."""
    document = json.loads(path.read_text("utf-8"))
    keys = {key_id: base64.b64decode(key) for key_id, key in document["keys"].items()}
    first = next(each for each in keys if each != document["active"])
    index_key = base64.b64decode(document["index_key"])
    return Vault(active=first, keys={first: keys[first]}, index_key=index_key)
