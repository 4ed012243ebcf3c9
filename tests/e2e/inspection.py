"""Looking at a running product from outside: rows in its databases, events in its feeds."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import asyncpg

from deploy.embedded.blocking import run_blocking
from tests.support.postgres import plain_dsn
from tests.support.process import SERVICES, Yizhan

Counts = dict[str, int]
_count_statements: dict[str, str] = {}
# How far an import has come is told while it runs, so it stands outside the import's transaction.
_TABLES = (
    "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    " AND tablename <> 'roster_progress' ORDER BY tablename"
)


def database_url(yizhan: Yizhan, service: str) -> str:
    return yizhan.environment[f"{service.upper()}_DATABASE_URL"]


def query(url: str, statement: str, *arguments: Any) -> list[asyncpg.Record]:
    """The rows of one statement, on a connection of its own."""

    async def ask() -> list[asyncpg.Record]:
        connection = await asyncpg.connect(plain_dsn(url))
        try:
            return await connection.fetch(statement, *arguments)
        finally:
            await connection.close()

    return run_blocking(ask)


def table_counts(yizhan: Yizhan, services: Sequence[str] = SERVICES) -> Counts:
    """``{"claims.settlements": 3, …}``: how many rows every table of the services holds."""

    async def count() -> Counts:
        return dict(
            item
            for found in await asyncio.gather(*(_counts_of(yizhan, name) for name in services))
            for item in found.items()
        )

    return run_blocking(count)


async def _counts_of(yizhan: Yizhan, service: str) -> Counts:
    url = database_url(yizhan, service)
    connection = await asyncpg.connect(plain_dsn(url))
    try:
        if url not in _count_statements:
            tables = [row["tablename"] for row in await connection.fetch(_TABLES)]
            _count_statements[url] = " UNION ALL ".join(
                f"SELECT '{service}.{table}' AS place, count(*) AS n FROM \"{table}\""
                for table in tables
            )
        return {row["place"]: row["n"] for row in await connection.fetch(_count_statements[url])}
    finally:
        await connection.close()


def quiet_counts(yizhan: Yizhan, *, within_s: float = 30.0) -> Counts:
    """The counts once every event is published and no table has grown for half a second."""
    deadline = time.monotonic() + within_s
    before: Counts = {}
    while True:
        unpublished = sum(
            query(
                database_url(yizhan, service),
                "SELECT count(*) AS n FROM outbox WHERE published_at IS NULL",
            )[0]["n"]
            for service in SERVICES
        )
        now = table_counts(yizhan)
        if now == before and not unpublished:
            return now
        assert time.monotonic() < deadline, f"still {unpublished} events to publish"
        before = now
        time.sleep(0.5)


def events(yizhan: Yizhan, service: str) -> list[dict[str, Any]]:
    """Every event of a service's feed, oldest first."""
    found: list[dict[str, Any]] = []
    after = 0
    while True:
        answer = yizhan.get(
            f"/{service}/v1/events", client="operator", params={"after": after, "limit": 500}
        )
        if not answer["items"]:
            return found
        found += answer["items"]
        after = answer["next_after"]
