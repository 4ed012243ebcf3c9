"""Goal: an agency that pulls gets every event once, in order, and the pull is logged."""

import datetime as dt
from typing import ClassVar

import pytest
from fastapi import FastAPI
from sqlalchemy import text, update

from shared.events.base import Event
from shared.http.feed import feed_router
from shared.messaging import outbox
from tests.integration.http.driver import call
from tests.integration.http.probe import ProbeContext


class NoteWritten(Event):
    producer: ClassVar[str] = "probe"
    noun: ClassVar[str] = "note"
    verb: ClassVar[str] = "written"
    key_field: ClassVar[str] = "owner"

    owner: str
    number: int


@pytest.fixture
def feed(app: FastAPI) -> FastAPI:
    app.include_router(feed_router(), prefix="/v1")
    return app


async def publish(context: ProbeContext, count: int) -> None:
    async with context.db.writing() as session:
        for number in range(1, count + 1):
            event_id = await outbox.record(
                session,
                NoteWritten(owner="o-1", number=number),
                subject=f"note-{number}",
                sequence=1,
                occurred_at=dt.datetime(2016, 3, 1, tzinfo=dt.UTC),
            )
            await session.execute(
                update(outbox.outbox_table)
                .where(outbox.outbox_table.c.id == event_id)
                .values(position=number)
            )
        await outbox.record(  # not numbered yet: the relay has not published it
            session,
            NoteWritten(owner="o-1", number=99),
            subject="note-99",
            sequence=1,
            occurred_at=dt.datetime(2016, 3, 1, tzinfo=dt.UTC),
        )


async def test_pages_cover_every_published_event(feed: FastAPI, bearer, context: ProbeContext):
    """Goal: following next_after gives each event once, and then stays where it is."""
    await publish(context, 5)
    numbers, after = [], 0
    for _ in range(4):
        answer = await call(
            feed, "GET", "/v1/events", query=f"after={after}&limit=2".encode(), headers=bearer
        )
        numbers += [item["data"]["number"] for item in answer.json["items"]]
        after = answer.json["next_after"]

    assert numbers == [1, 2, 3, 4, 5]
    assert after == 5


async def test_an_event_carries_its_envelope(feed: FastAPI, bearer, context: ProbeContext):
    """Goal: the fields that a subscriber of the bus gets too."""
    await publish(context, 1)
    item = (await call(feed, "GET", "/v1/events", headers=bearer)).json["items"][0]

    assert item["type"] == "cn.yizhan.probe.note.written.v1"
    assert item["source"] == "/yizhan/511113/probe"
    assert (item["subject"], item["key"], item["sequence"]) == ("note-1", "o-1", 1)
    assert item["time"] == "2016-03-01T00:00:00Z"
    assert item["position"] == 1


async def test_the_pull_is_logged(feed: FastAPI, bearer, context: ProbeContext):
    """Goal: every export stands in the audit log; a poll without news does not fill it."""
    await publish(context, 2)
    await call(feed, "GET", "/v1/events", headers=bearer)
    await call(feed, "GET", "/v1/events", query=b"after=2", headers=bearer)

    async with context.db.reading() as session:
        rows = (await session.execute(text("SELECT actor, action, detail FROM audit_log"))).all()
    assert [tuple(row) for row in rows] == [
        ("hospital", "events.pulled", {"after": 0, "next_after": 2, "events": 2})
    ]


async def test_only_the_county_may_pull(feed: FastAPI, signer):
    """Goal: the feed tells of everybody, so a single hospital may not read it."""
    token = signer.sign(client_id="h", organisation="facility:H51111300101", scopes=["events:read"])
    answer = await call(feed, "GET", "/v1/events", headers={"authorization": f"Bearer {token}"})

    assert (answer.status, answer.json["code"]) == (403, "feed_is_for_the_county")


@pytest.mark.parametrize(
    "query", [b"limit=501", b"limit=0", b"after=-1", b"after=9223372036854775808"]
)
async def test_limits(feed: FastAPI, bearer, query):
    """Goal: a page has a size."""
    assert (await call(feed, "GET", "/v1/events", query=query, headers=bearer)).status == 422
