"""Rebuilding from the event stores: identical rows, nothing lost, handlers waiting meanwhile."""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import asyncpg
import httpx
import pytest
from sqlalchemy import text

from deploy.embedded.blocking import run_blocking
from services.reporting.figures import keeping
from services.reporting.rebuild.feeds import FeedUnreadable
from services.reporting.rebuild.jobs import run_next
from services.reporting.rebuild.repository import begin, end_shadows, make_shadows
from services.reporting.rebuild.service import (
    EventCannotBeApplied,
    RebuildMustWait,
    rebuild,
)
from services.reporting.settings import ReportingSettings
from shared.db.session import Database
from shared.events.base import Envelope
from shared.ids import new_id
from shared.runtime.peers import Peers
from tests.integration.reporting.county import DISTRICT, recognised
from tests.integration.reporting.half_year import half_year
from tests.integration.reporting.test_month_sums import cells
from tests.integration.reporting.test_projections import dump
from tests.support.postgres import plain_dsn
from tests.support.service import Running

PRODUCERS = ("identity", "claims", "contracts")


@dataclass
class Feeds:
    """The other services' event feeds, as they answer over HTTP."""

    events: dict[str, list[Envelope[Any]]] = field(default_factory=dict)
    asked: int = 0
    status: int = 200
    on_page: Callable[[], None] = lambda: None
    """Called while a page is asked for."""

    def add(self, *events: Envelope[Any]) -> None:
        for event in events:
            self.events.setdefault(event.data.producer, []).append(event)

    def peers(self) -> Peers:
        transport = httpx.MockTransport(self.answer)
        return Peers(
            {
                name: httpx.AsyncClient(base_url="http://test", transport=transport)
                for name in PRODUCERS
            }
        )

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        self.on_page()
        if self.status != 200:
            return httpx.Response(self.status)
        producer = request.url.path.split("/")[1]
        after = int(request.url.params["after"])
        limit = int(request.url.params["limit"])
        stored = self.events.get(producer, [])[after : after + limit]
        items = [as_item(event, after + n) for n, event in enumerate(stored, start=1)]
        page = {"items": items, "next_after": items[-1]["position"] if items else after}
        return httpx.Response(200, content=json.dumps(page))


def as_item(event: Envelope[Any], position: int) -> dict[str, Any]:
    return {
        "position": position,
        "id": str(event.id),
        "type": event.type,
        "source": event.source,
        "time": event.time.isoformat(),
        "subject": event.subject,
        "key": event.key,
        "sequence": event.sequence,
        "data": event.data.model_dump(mode="json"),
    }


@pytest.fixture
def feeds(reporting: Running) -> Feeds:
    found = Feeds()
    reporting.context.peers = found.peers()
    reporting.context.state["reporting.settings"] = ReportingSettings(
        rebuild_page=7, rebuild_wait_s=0.3
    )
    return found


async def execute(service: Running, *statements: str) -> None:
    async with service.context.db.writing() as session:
        for statement in statements:
            await session.execute(text(statement))


async def test_identical_rows(reporting: Running, feeds: Feeds) -> None:
    """Goal: the projections are nothing but the events.

    Method: the half-year live; rows spoilt and deleted by hand; rebuilt twice; whole tables equal.
    """
    events = half_year()
    feeds.add(*events)
    await reporting.deliver(*events)
    expected = await dump(reporting)
    await execute(
        reporting,
        "DELETE FROM encounters",
        "UPDATE settlements SET total_fen = 1",
        "DELETE FROM person_categories",
    )
    result = await rebuild(reporting.context)
    assert await dump(reporting) == expected
    assert result.events == len(events)
    assert result.written > result.deleted > 0
    # Made in the same transaction: nobody looks at a million rows after it.
    assert await cells(reporting) == {}
    assert await keeping.differences(reporting.context) == []
    again = await rebuild(reporting.context)
    assert await dump(reporting) == expected
    assert (again.deleted, again.written) == (0, 0)
    assert len(await reporting.rows("SELECT 1 FROM rebuilds")) == 2


async def test_late_duplicates_are_ignored_afterwards(reporting: Running, feeds: Feeds) -> None:
    """Goal: the inbox is filled again. Method: rebuild an empty service, then deliver everything."""
    events = half_year()
    feeds.add(*events)
    await rebuild(reporting.context)
    rebuilt = await dump(reporting)
    inbox = await reporting.rows("SELECT event_id FROM inbox")
    assert {row["event_id"] for row in inbox} == {event.id for event in events}
    await reporting.deliver(*events)
    assert await dump(reporting) == rebuilt


async def test_an_event_that_its_feed_does_not_show_is_not_lost(
    reporting: Running, feeds: Feeds
) -> None:
    """Goal: the relay numbers after sending; clearing in between would lose the event.

    Method: handle an event that no feed shows: refused, rows as before; the feed shows it while a
    second rebuild waits: it goes through with the event.
    """
    events = half_year()
    late = recognised(9, "P1", "H51111300101", "certain", 6, 3)
    feeds.add(*events)
    await reporting.deliver(*events, late)
    expected = await dump(reporting)
    with pytest.raises(RebuildMustWait):
        await rebuild(reporting.context)
    assert await dump(reporting) == expected
    reporting.context.state["reporting.settings"] = ReportingSettings(rebuild_wait_s=10)
    waiting = asyncio.create_task(rebuild(reporting.context))
    await asyncio.sleep(0.5)
    assert not waiting.done()
    feeds.add(late)
    await waiting
    assert await dump(reporting) == expected


async def test_live_goes_on(reporting: Running, feeds: Feeds) -> None:
    """Goal: no event falls between old and new rows, and neither the page nor the handlers wait.

    Method: while the first page is asked for, handle a new event and read: both at once, the reader
    sees the old rows; when the last page was read, the handlers wait for the commit. Everything is
    there afterwards.
    """
    events = half_year()
    feeds.add(*events)
    await reporting.deliver(*events)
    early, late = (recognised(n, "P1", DISTRICT, "certain", 6, n) for n in (8, 9))
    url = plain_dsn(reporting.context.db.url)
    read: list[tuple[int, int]] = []
    waiting: list[asyncio.Task[None]] = []

    async def look() -> tuple[int, int]:
        connection = await asyncpg.connect(url)
        try:
            return await connection.fetchrow(
                "SELECT (SELECT count(*) FROM recognitions), (SELECT count(*) FROM pg_locks"
                " WHERE relation = 'inbox'::regclass AND mode = 'ExclusiveLock')"
            )
        finally:
            await connection.close()

    async def handle(event: Envelope[Any]) -> None:
        own = replace(reporting.context, db=Database(reporting.context.db.url, service="reporting"))
        try:
            await Running(own, reporting.signer, reporting.clock).deliver(event)
        finally:
            await own.db.close()

    def on_page() -> None:
        # In a thread, and waited for: the rebuild stands still meanwhile.
        read.append(tuple(run_blocking(look)))
        if len(read) == 1:
            feeds.add(early)
            run_blocking(lambda: handle(early))
        elif read[-1][1] and not waiting:
            feeds.add(late)
            waiting.append(asyncio.create_task(reporting.deliver(late)))

    feeds.on_page = on_page
    await execute(reporting, "DELETE FROM recognitions WHERE recognition_id = 'R1'")
    await rebuild(reporting.context)
    assert waiting, "the handlers were never held"
    await waiting[0]
    assert read[0] == (3, 0)
    assert read[-1] == (4, 1)
    ids = await reporting.rows("SELECT recognition_id FROM recognitions ORDER BY 1")
    assert [row["recognition_id"] for row in ids] == ["R1", "R2", "R3", "R4", "R8", "R9"]


async def test_a_failure_changes_nothing(reporting: Running, feeds: Feeds) -> None:
    """Goal: all or nothing. Method: a refusing feed; an event whose parts do not add up."""
    events = half_year()
    feeds.add(*events)
    await reporting.deliver(*events)
    expected = await dump(reporting)
    feeds.status = 403
    with pytest.raises(FeedUnreadable):
        await rebuild(reporting.context)
    feeds.status = 200
    feeds.add(broken(events))
    with pytest.raises(EventCannotBeApplied):
        await rebuild(reporting.context)
    assert await dump(reporting) == expected


async def test_a_dead_letter_stays_one(reporting: Running, feeds: Feeds) -> None:
    """Goal: what was set aside live is set aside by a rebuild. Method: a dead letter in the feed."""
    events = half_year()
    poison = broken(events)
    feeds.add(*events, poison)
    await reporting.deliver(*events)
    expected = await dump(reporting)
    async with reporting.context.db.writing() as session:
        await session.execute(
            text(
                "INSERT INTO dead_letters (consumer_group, event_id, topic, key, type, status,"
                " headers, payload) VALUES ('reporting', :id, 't', 'k', :type, 'dead', '{}', '')"
            ),
            {"id": poison.id, "type": poison.type},
        )
    await rebuild(reporting.context)
    assert await dump(reporting) == expected
    found = await reporting.rows("SELECT 1 FROM inbox WHERE event_id = :id", id=poison.id)
    assert found == []


async def test_a_dead_letter_that_is_resent_meanwhile(reporting: Running, feeds: Feeds) -> None:
    """Goal: what was a dead letter when its page was read, and was handled since, is not lost.

    Method: an event stands among the dead letters; it is resolved while the last feed is read."""
    events = half_year()
    late = recognised(9, "P1", DISTRICT, "certain", 6, 3)
    feeds.add(*events, late)
    await reporting.deliver(*events, late)
    expected = await dump(reporting)
    async with reporting.context.db.writing() as session:
        await session.execute(
            text(
                "INSERT INTO dead_letters (consumer_group, event_id, topic, key, type, status,"
                " headers, payload) VALUES ('reporting', :id, 't', 'k', :type, 'dead', '{}', '')"
            ),
            {"id": late.id, "type": late.type},
        )

    async def resolve() -> None:
        connection = await asyncpg.connect(plain_dsn(reporting.context.db.url))
        try:
            await connection.execute("UPDATE dead_letters SET status = 'resolved'")
        finally:
            await connection.close()

    def on_page() -> None:
        if feeds.asked == last:
            run_blocking(resolve)

    # The feeds are read in the order of their names, each to an empty page; identity is the last.
    last = sum(-(-len(feeds.events[name]) // 500) + 1 for name in PRODUCERS)
    reporting.context.state["reporting.settings"] = ReportingSettings()
    feeds.on_page = on_page
    await rebuild(reporting.context)
    assert await dump(reporting) == expected


async def test_over_http_as_a_job(reporting: Running, feeds: Feeds) -> None:
    """Goal: POST /rebuilds for those who may; followed until it has ended, one at a time.

    Method: with and without the scope, twice; the worker's job by hand, its progress read while the
    last feed is; one that fails says why; audit rows.
    """
    events, context = half_year(), reporting.context
    feeds.add(*events)
    seen: list[Any] = []

    async def follow() -> None:
        connection = await asyncpg.connect(plain_dsn(context.db.url))
        try:
            seen.append(await connection.fetchrow("SELECT status, phase, expected FROM rebuilds"))
        finally:
            await connection.close()

    async with reporting.client(scopes=["reporting:read"]) as client:
        assert (await client.post("/reporting/v1/rebuilds")).status_code == 403
    assert not await run_next(context)
    async with reporting.client() as client:
        answer = await client.post("/reporting/v1/rebuilds", headers={"Idempotency-Key": "r1"})
        again = await client.post("/reporting/v1/rebuilds", headers={"Idempotency-Key": "r2"})
        assert answer.status_code == again.status_code == 202, answer.text
        assert (answer.json()["status"], answer.json()["deleted"]) == ("queued", None)
        assert again.json() == answer.json()
        where = answer.headers["Location"]
        async with context.db.alone("reporting.rebuilds"):
            assert not await run_next(context)
        feeds.on_page = lambda: run_blocking(follow)
        assert await run_next(context)
        feeds.on_page = lambda: None
        assert {tuple(each) for each in seen} == {("running", "reading", 0)}
        done = (await client.get(where)).json()
        assert done["status"] == "done"
        assert done["events"] == len(events)
        assert done["written"] > done["deleted"] == 0
        feeds.add(broken(events))
        failing = (await client.post("/reporting/v1/rebuilds")).headers["Location"]
        assert failing != where
        assert await run_next(context)
        failed = (await client.get(failing)).json()
        unknown = await client.get(f"/reporting/v1/rebuilds/{new_id()}")
    assert (failed["status"], failed["fault"]["code"]) == ("failed", "event_cannot_be_applied")
    assert unknown.status_code == 404
    rows = await reporting.rows("SELECT action, subject FROM audit_log ORDER BY id")
    asked, rebuilt = (
        ("rebuild.asked", done["rebuild_id"]),
        ("projections.rebuilt", done["rebuild_id"]),
    )
    assert [(each["action"], each["subject"]) for each in rows] == [
        asked,
        rebuilt,
        ("rebuild.asked", failed["rebuild_id"]),
    ]


async def test_a_rebuild_whose_process_died_is_begun_anew(reporting: Running, feeds: Feeds) -> None:
    """Goal: a kill in the middle leaves neither a rebuild that runs for ever nor half of one.

    Method: the row as a dead process leaves it; then one that died three times.
    """
    context = reporting.context
    feeds.add(*half_year())
    async with reporting.client() as client:
        where = (await client.post("/reporting/v1/rebuilds")).headers["Location"]
        async with context.db.writing() as session:
            assert await begin(session, context.region.region_code, context.clock.now())
        assert await run_next(context)
        assert (await client.get(where)).json()["status"] == "done"
        where = (await client.post("/reporting/v1/rebuilds")).headers["Location"]
        await execute(reporting, "UPDATE rebuilds SET attempts = 3 WHERE status = 'queued'")
        assert await run_next(context)
        assert (await client.get(where)).json()["fault"]["code"] == "given_up"


def broken(events: Sequence[Envelope[Any]]) -> Envelope[Any]:
    """A settlement of a new id whose parts do not pay its total."""
    made = next(e for e in events if e.type.endswith("settlement.made.v1"))
    data = made.data.model_copy(update={"settlement_id": "S-broken", "payers": ()})
    return replace(made, id=new_id(), data=data)


async def test_the_tables_meant_at_the_end_are_the_real_ones(reporting: Running) -> None:
    """Goal: what is kept is taken from tables with indexes, else a million events never end.

    Method: where a projection's name leads to, before, with and after the shadows.
    """
    where = text(
        "SELECT relnamespace = pg_my_temp_schema() FROM pg_class WHERE oid = 'encounters'::regclass"
    )
    async with reporting.context.db.writing() as session:
        real = [await session.scalar(where)]
        await make_shadows(session)
        real.append(await session.scalar(where))
        await end_shadows(session)
        real.append(await session.scalar(where))
    assert real == [False, True, False]
