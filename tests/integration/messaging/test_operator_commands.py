"""What an operator does at the command line about events that did not get through."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from deploy.cli.main import app
from shared.db.session import Database, WriteSession
from shared.messaging import set_aside
from tests.transport import flow

TOO_LARGE = f'UPDATE outbox SET headers = headers || \'{{"{set_aside.MARK}": "EventTooLarge"}}\''


def within(url: str, work: Callable[[WriteSession], Awaitable[object]]) -> object:
    async def body() -> object:
        database = Database(url, service="claims")
        async with database.writing() as session:
            found = await work(session)
        await database.close()
        return found

    return asyncio.run(body())


def yizhan(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, arguments, env={"COLUMNS": "200"})
    return done.exit_code, done.output


def test_an_event_set_aside_is_listed_and_released(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Goal: the alert about an event set aside has a cure, with one service's database alone, as
    against a cluster. Method: list, release, list; a second release is refused."""
    monkeypatch.setenv("CLAIMS_DATABASE_URL", database_url)

    async def write(session: WriteSession) -> object:
        event_id = await flow.record(session, "one", 0)
        await session.execute(text(TOO_LARGE))
        return event_id

    event_id = str(within(database_url, write))
    status, told = yizhan("outbox", "list", "claims")
    assert status == 0
    for each in (event_id, "EventTooLarge", "one"):
        assert each in told
    assert yizhan("outbox", "release", "claims", event_id)[0] == 0
    assert "no event is set aside" in yizhan("outbox", "list", "claims")[1]
    status, told = yizhan("outbox", "release", "claims", event_id)
    assert (status, "is set aside here" in told) == (1, True)


def test_a_dead_letter_is_discarded_once(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Goal: dead letters are reached the same way. Method: list one, discard it twice."""
    monkeypatch.setenv("CLAIMS_DATABASE_URL", database_url)
    insert = (
        "INSERT INTO dead_letters (consumer_group, event_id, topic, key, type, status, error,"
        " headers, payload) VALUES ('claims', gen_random_uuid(), 't', 'k', 'y', 'dead',"
        " 'EventIsForgotten', '{}', '')"
    )
    within(database_url, lambda session: session.execute(text(insert)))
    assert "EventIsForgotten" in yizhan("dead-letters", "list", "claims")[1]
    assert yizhan("dead-letters", "discard", "claims", "1", "--yes")[0] == 0
    status, told = yizhan("dead-letters", "discard", "claims", "1", "--yes")
    assert (status, "not dead" in told) == (1, True)
    assert "no event waits" in yizhan("dead-letters", "list", "claims")[1]
