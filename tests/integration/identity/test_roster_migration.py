"""A register of before roster life, carried over."""

from __future__ import annotations

import asyncio
from uuid import uuid4

from alembic import command
from sqlalchemy import text

from services.identity.module import MODULE
from shared.db import migrate
from shared.db.session import Database
from tests.support.postgres import database, template_database

PERSON, IMPORT, APPLIED = uuid4(), uuid4(), uuid4()


def _first(url: str) -> None:
    migrate._aside(lambda config: command.upgrade(config, "0001"), MODULE.migrations, url)


async def test_persons_and_imports_of_before_are_carried_over() -> None:
    """Goal: an upgrade loses nobody and applies no half-known import. Method: a register of the
    first migration with a person, an applied import and one that waits; then the newest."""
    name = await asyncio.to_thread(template_database, "identity_0001", _first)
    with database(name) as url:
        db = Database(url, service="identity")
        try:
            await _fill(db)
            await asyncio.to_thread(migrate.upgrade, MODULE.name, MODULE.migrations, url)
            async with db.reading() as session:
                person = (
                    await session.execute(text("SELECT revision, merged_into FROM persons"))
                ).one()
                register = (
                    await session.execute(text("SELECT revision, roster_revision FROM registers"))
                ).one()
                imports = {
                    row.status: row
                    for row in await session.execute(text("SELECT * FROM roster_imports"))
                }
        finally:
            await db.close()
    assert tuple(person) == (3, None)
    assert tuple(register) == (3, 3)
    assert imports["applied"].base_revision == 2
    # What waits was staged without the indexes that applying needs: it must be uploaded again.
    assert imports["validated"].base_revision == -1
    assert imports["validated"].passed_over == 0


async def _fill(db: Database) -> None:
    counts = (
        "rows, accepted, rejected, added, changed, removed, unchanged, kept, faults",
        "1, 1, 0, 1, 0, 0, 0, 0, 0",
    )
    async with db.writing() as session:
        await session.execute(text("INSERT INTO registers VALUES ('511113', 3)"))
        for import_id, status, base in ((APPLIED, "applied", 2), (IMPORT, "validated", 3)):
            await session.execute(
                text(
                    "INSERT INTO roster_imports (import_id, region, organisation, source,"
                    f" effective_on, mode, status, base_revision, {counts[0]}, uploaded_by,"
                    " uploaded_at) VALUES (:id, '511113', 'region:511113', 'poverty_office',"
                    f" '2016-01-01', 'full', :status, :base, {counts[1]}, 'tester', now())"
                ),
                {"id": import_id, "status": status, "base": base},
            )
        await session.execute(
            text(
                "INSERT INTO persons (person_id, region, source, version, name_enc, name_idx,"
                " created_at, updated_at) VALUES (:id, '511113', 'poverty_office', 1, '\\x00',"
                " '\\x00', now(), now())"
            ),
            {"id": PERSON},
        )
