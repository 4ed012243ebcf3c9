"""Goal: migrations are all or nothing, taken in turns, and agree with the models."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, Table, inspect, text

from shared.db import migrate
from shared.db.mechanics import mechanics_metadata
from shared.db.session import Database
from tests.integration.http.probe import METADATA, MIGRATIONS
from tests.support.postgres import database


@pytest.fixture
def empty_url():
    with database() as url:
        yield url


async def current(url: str) -> str | None:
    db = Database(url, service="probe")
    try:
        async with db.reading() as session:
            return await migrate.current(session)
    finally:
        await db.close()


async def test_upgrade_reaches_the_head_and_twice_is_nothing(empty_url):
    """Goal: the head is known before, after, and in an empty database."""
    assert await current(empty_url) is None
    assert migrate.upgrade("probe", MIGRATIONS, empty_url) == "0001"
    assert migrate.upgrade("probe", MIGRATIONS, empty_url) == "0001"
    assert await current(empty_url) == migrate.head(MIGRATIONS) == "0001"


def test_models_and_migrations_agree(empty_url):
    """Goal: ``create_mechanics`` makes exactly what the models describe."""
    migrate.upgrade("probe", MIGRATIONS, empty_url)
    migrate.check(MIGRATIONS, empty_url)


def test_a_difference_is_found(empty_url):
    """Goal: the check can fail. Method: a table that no migration makes."""
    migrate.upgrade("probe", MIGRATIONS, empty_url)
    extra = Table("not_migrated", METADATA, Column("id", Integer, primary_key=True))
    try:
        with pytest.raises(migrate.ModelsAndMigrationsDiffer, match="not_migrated"):
            migrate.check(MIGRATIONS, empty_url)
    finally:
        METADATA.remove(extra)


async def test_a_changed_default_is_found(empty_url):
    """Goal: server defaults are compared too. Method: change one in the database."""
    migrate.upgrade("probe", MIGRATIONS, empty_url)
    db = Database(empty_url, service="probe")
    async with db.writing() as session:
        await session.execute(text("ALTER TABLE dead_letters ALTER attempts SET DEFAULT 5"))
    await db.close()
    with pytest.raises(migrate.ModelsAndMigrationsDiffer, match="attempts"):
        migrate.check(MIGRATIONS, empty_url)


def test_downgrade_leaves_nothing(empty_url):
    """Goal: the way back removes tables, triggers and function, so that the way up works again."""
    migrate.upgrade("probe", MIGRATIONS, empty_url)
    migrate.downgrade(MIGRATIONS, empty_url, "base")
    assert migrate.upgrade("probe", MIGRATIONS, empty_url) == "0001"


async def test_two_at_once_take_turns(empty_url):
    """Goal: two hosts that start together both succeed.

    Method: two processes, because one process runs one migration at a time anyway.
    """
    program = (
        "import sys; from pathlib import Path; from shared.db.migrate import upgrade; "
        "upgrade('probe', Path(sys.argv[1]), sys.argv[2])"
    )
    root = Path(__file__).parents[3]
    processes = [
        await asyncio.create_subprocess_exec(
            str(Path(__import__("sys").executable)),
            "-c",
            program,
            str(MIGRATIONS),
            empty_url,
            cwd=root,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        for _ in range(2)
    ]
    outcomes = [await process.communicate() for process in processes]

    assert [process.returncode for process in processes] == [0, 0], outcomes
    assert await current(empty_url) == "0001"


async def test_a_failing_migration_changes_nothing(empty_url, tmp_path):
    """Goal: all or nothing. Method: a second migration that makes a table, then fails."""
    folder = tmp_path / "migrations"
    (folder / "versions").mkdir(parents=True)
    (folder / "env.py").write_text((MIGRATIONS / "env.py").read_text())
    first = (MIGRATIONS / "versions" / "0001_probe.py").read_text()
    (folder / "versions" / "0001_probe.py").write_text(first)
    (folder / "versions" / "0002_broken.py").write_text(
        "from alembic import op\n"
        "revision = '0002'\ndown_revision = '0001'\n"
        "def upgrade():\n"
        "    op.execute('CREATE TABLE half (id int)')\n"
        "    op.execute('SELECT 1/0')\n"
    )
    with pytest.raises(Exception, match="division by zero"):
        migrate.upgrade("probe", folder, empty_url)
    assert await current(empty_url) is None

    db = Database(empty_url, service="probe")
    async with db.engine.connect() as connection:
        tables = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    await db.close()
    assert tables == []


def test_every_mechanics_table_is_made(empty_url):
    """Goal: a new mechanics table cannot be forgotten."""
    migrate.upgrade("probe", MIGRATIONS, empty_url)
    assert set(mechanics_metadata.tables) <= set(METADATA.tables)
    migrate.check(MIGRATIONS, empty_url)
