"""Forgetting what is old: it stays small, and nothing is ever handled twice for it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from shared.db.session import Database
from shared.ids import new_id
from shared.messaging import dead_letters
from shared.messaging.memory import MemoryBus
from shared.messaging.upkeep import Upkeep, forget_handled, sweep
from tests.transport import flow
from tests.transport.flow import GROUP, TOPIC, Service

UPKEEP = Upkeep(keep_inbox=timedelta(days=90), keep_resolved=timedelta(days=365))


def written(days_ago: float) -> UUID:
    """An event id as it was made so many days ago."""
    now_ms = int((time.time() - days_ago * 86_400) * 1000)
    return UUID(int=(now_ms << 80) | (new_id().int & ((1 << 80) - 1)))


async def handled(
    database: Database, ids: Sequence[UUID], days_ago: float, group: str = GROUP
) -> None:
    """Inbox rows of that age."""
    async with database.writing() as session:
        await session.execute(
            text(
                "INSERT INTO inbox (consumer_group, event_id, handled_at)"
                " VALUES (:group, :id, now() - make_interval(secs => :age_s))"
            ),
            [{"group": group, "id": each, "age_s": days_ago * 86_400} for each in ids],
        )


async def letter(
    database: Database, event_id: UUID, status: str, *, resolved_days_ago: float | None = None
) -> None:
    async with database.writing() as session:
        await session.execute(
            text(
                "INSERT INTO dead_letters (consumer_group, event_id, topic, key, type, status,"
                " headers, payload, resolved_at) VALUES (:group, :id, 't', :key, 'y', :status,"
                " '{}', '', now() - make_interval(secs => :age_s))"
            ),
            {
                "group": GROUP,
                "id": event_id,
                "key": str(event_id),
                "status": status,
                "age_s": None if resolved_days_ago is None else resolved_days_ago * 86_400,
            },
        )


async def remembered(database: Database, group: str = GROUP) -> set[UUID]:
    async with database.reading() as session:
        found = await session.scalars(
            text("SELECT event_id FROM inbox WHERE consumer_group = :group"), {"group": group}
        )
        return set(found)


async def age(database: Database, event_id: UUID, *, outbox_too: bool = True) -> UUID:
    """Make a written and handled event a hundred days old, its id included; gives the new id."""
    older = written(100)
    async with database.writing() as session:
        await session.execute(
            text(
                "UPDATE inbox SET event_id = :older, handled_at = now() - interval '99 days'"
                " WHERE event_id = :id"
            ),
            {"older": older, "id": event_id},
        )
        if outbox_too:
            await session.execute(
                text("UPDATE outbox SET id = :older WHERE id = :id"),
                {"older": older, "id": event_id},
            )
    return older


async def test_old_rows_go_and_young_ones_stay(database: Database) -> None:
    """Goal: the inbox does not grow for ever. Method: rows old and young, of another group, of an
    old event handled late, of an old id without a time, and old ones with dead letters."""
    old = [written(100 + step) for step in range(25)]
    young, late, timeless = written(80), written(100), UUID(int=5)
    dead, done = written(120), written(121)
    await handled(database, old, 95)
    await handled(database, [young, late], 60)
    await handled(database, [timeless, dead, done], 99)
    await handled(database, old[:3], 95, group="other")
    await letter(database, dead, "dead")
    await letter(database, done, "resolved", resolved_days_ago=118)
    small = Upkeep(keep_inbox=timedelta(days=90), batch=10, max_batches=100)
    swept = await sweep(database, GROUP, small)
    assert (swept.inbox, swept.dead_letters) == (25, 0)
    assert await remembered(database) == {young, late, timeless, dead, done}
    assert await remembered(database, "other") == set(old[:3])
    assert (await sweep(database, GROUP, small)).inbox == 0


async def test_a_sweep_is_bounded(database: Database) -> None:
    """Goal: a first sweep of years does not hold the database. Method: two batches of five."""
    await handled(database, [written(100) for _ in range(25)], 95)
    upkeep = Upkeep(batch=5, max_batches=2)
    left = []
    for _ in range(3):
        await sweep(database, GROUP, upkeep)
        left.append(len(await remembered(database)))
    assert left == [15, 5, 0]


async def test_resolved_dead_letters_go_and_open_ones_stay(database: Database) -> None:
    """Goal: what was settled a year ago is forgotten, what someone must look at never. Method: one
    of each; the inbox row of the forgotten letter goes with the next sweep."""
    ids = {name: written(500) for name in ("long ago", "lately", "dead", "waiting")}
    await handled(database, list(ids.values()), 499)
    await letter(database, ids["long ago"], "resolved", resolved_days_ago=366)
    await letter(database, ids["lately"], "resolved", resolved_days_ago=364)
    await letter(database, ids["dead"], "dead")
    await letter(database, ids["waiting"], "waiting")
    first, second = await sweep(database, GROUP, UPKEEP), await sweep(database, GROUP, UPKEEP)
    assert (first.inbox, first.dead_letters) == (0, 1)
    assert (second.inbox, second.dead_letters) == (1, 0)
    left = await flow.scalar(
        database, "SELECT array_agg(event_id ORDER BY event_id) FROM dead_letters"
    )
    assert left == sorted(ids[name] for name in ("lately", "dead", "waiting"))


async def test_two_workers_do_not_hinder_each_other(database: Database) -> None:
    """Goal: any number of workers may sweep. Method: one is in the middle, another comes."""
    await handled(database, [written(100) for _ in range(10)], 95)
    async with database.writing() as first:
        keep = UPKEEP.keep_inbox
        assert await forget_handled(first, GROUP, keep=keep, limit=5) == 5
        async with asyncio.timeout(5), database.writing() as second:
            assert await forget_handled(second, GROUP, keep=keep, limit=5) == 0
    assert (await sweep(database, GROUP, UPKEEP)).inbox == 5


async def test_a_published_event_does_not_come_again_after_a_restart(database: Database) -> None:
    """Goal: with the bus in the process, forgetting is safe for all that is published. Method:
    handle, age, sweep, then a new life: new bus, relay and consumer; nothing is called again."""
    service = Service(database)
    async with a_life(database, service):
        await flow.write(database, ("one", 0), ("one", 1))
        await flow.until_published(database, 2)
    for event_id in await remembered(database):
        await age(database, event_id)
    assert (await sweep(database, GROUP, UPKEEP)).inbox == 2
    async with a_life(database, service):
        await flow.write(database, ("one", 2))
        await flow.until_published(database, 3)
    assert service.calls == [("one", 0), ("one", 1), ("one", 2)]
    assert await flow.scalar(database, "SELECT count(*) FROM dead_letters") == 0


async def test_an_event_that_comes_again_after_it_was_forgotten_waits_for_a_person(
    database: Database,
) -> None:
    """Goal: no event is handled twice, whatever was forgotten. Method: handled, but never marked
    as published (as when the host is killed and off for months); swept; then it comes again, with
    a younger one of its key. It is dead, not handled; discarding it lets the younger one pass."""
    service = Service(database)
    event_id = await handled_but_not_marked(database, service)
    assert (await sweep(database, GROUP, UPKEEP)).inbox == 1
    async with a_life(database, service):
        await flow.write(database, ("one", 1))
        await flow.until_published(database, 2)
        assert service.calls == [("one", 0)]
        async with database.writing() as session:
            dead, waiting = await dead_letters.list_open(session)
            assert (dead.event_id, dead.status, dead.attempts) == (event_id, "dead", 1)
            assert dead.error.startswith("EventIsForgotten")
            assert waiting.status == "waiting"
            await dead_letters.discard(session, dead.id)
        await flow.until_count(database, 2)
    assert service.calls == [("one", 0), ("one", 1)]
    assert await flow.effects(database) == [("one", 0), ("one", 1)]


async def test_a_forgotten_event_can_be_handled_by_hand(database: Database) -> None:
    """Goal: the operator may decide that it was never handled. Method: an event of which nothing
    is known but that is older than the group remembers; it is dead, then re-sent."""
    service = Service(database)
    await handled(database, [written(100)], 99)
    await sweep(database, GROUP, UPKEEP)
    await flow.write(database, ("one", 0))
    await outbox_is_old(database)
    async with a_life(database, service):
        await flow.until_published(database, 1)
        assert service.calls == []
        async with database.writing() as session:
            (dead,) = await dead_letters.list_open(session, status="dead")
            await dead_letters.resend(session, dead.id)
        await flow.until_count(database, 1)


async def test_a_forgotten_event_behind_another_is_not_handled_in_its_turn(
    database: Database, bus: MemoryBus
) -> None:
    """Goal: its turn must not slip it in. Method: an older one of its key is dead already."""
    service = Service(database, fails=lambda _key, step: ValueError("no") if step == 0 else None)
    await handled(database, [written(100)], 99)
    await sweep(database, GROUP, UPKEEP)
    async with flow.running(flow.relay(database, bus), flow.consumer(service, bus)):
        await flow.write(database, ("one", 0))
        await flow.until_published(database, 1)

        async def states() -> object:
            async with database.reading() as session:
                return [each.status for each in await dead_letters.list_open(session)]

        await flow.until(states, ["dead"])
    await flow.write(database, ("one", 1))
    await outbox_is_old(database)
    fresh = MemoryBus(expected_groups={TOPIC: {GROUP}})
    await fresh.start()
    async with flow.running(flow.relay(database, fresh), flow.consumer(service, fresh)):
        await flow.until_published(database, 2)
        assert await states() == ["dead", "dead"]
        async with database.writing() as session:
            first, _ = await dead_letters.list_open(session)
            await dead_letters.discard(session, first.id)
        await asyncio.sleep(0.4)
        assert await states() == ["dead"]
    await fresh.stop()
    assert ("one", 1) not in service.calls


async def test_an_old_event_of_a_group_that_forgot_nothing_is_handled(database: Database) -> None:
    """Goal: a new service, or one that stood still for long, handles its whole past. Method: an
    unpublished event of a hundred days, sweeps that found nothing to forget."""
    service = Service(database)
    await sweep(database, GROUP, UPKEEP)
    await flow.write(database, ("one", 0))
    await outbox_is_old(database)
    async with a_life(database, service):
        await flow.until_published(database, 1)
    assert service.calls == [("one", 0)]
    assert await flow.scalar(database, "SELECT count(*) FROM dead_letters") == 0


@pytest.mark.parametrize("swept_first", [True, False])
async def test_as_long_as_it_is_remembered_it_is_a_duplicate(
    database: Database, swept_first: bool
) -> None:
    """Goal: an event of 80 days, handled and not marked, is quietly skipped. Method: it comes
    again, with and without other rows having been forgotten."""
    service = Service(database)
    await handled(database, [written(100)], 99)
    if swept_first:
        assert (await sweep(database, GROUP, UPKEEP)).inbox == 1
    await flow.write(database, ("one", 0))
    event_id = await flow.scalar(database, "SELECT id FROM outbox")
    await handled(database, [event_id], 80)
    async with a_life(database, service):
        await flow.until_published(database, 1)
    assert service.calls == []
    assert await flow.scalar(database, "SELECT count(*) FROM dead_letters") == 0


# --- lives of a process -------------------------------------------------------------------------


class a_life:  # noqa: N801 - reads as the context manager that it is
    """A process's life: a bus that knows nothing, its relay and its consumer."""

    def __init__(self, database: Database, service: Service) -> None:
        self._bus = MemoryBus(expected_groups={TOPIC: {GROUP}})
        self._running = flow.running(
            flow.relay(database, self._bus), flow.consumer(service, self._bus)
        )

    async def __aenter__(self) -> None:
        await self._bus.start()
        await self._running.__aenter__()

    async def __aexit__(self, *error: object) -> None:
        await self._running.__aexit__(*error)
        await self._bus.stop()


async def handled_but_not_marked(database: Database, service: Service) -> UUID:
    """An event whose effect is there, whose outbox row says nothing; a hundred days ago."""
    async with a_life(database, service):
        await flow.write(database, ("one", 0))
        await flow.until_published(database, 1)
    async with database.writing() as session:
        await session.execute(text("UPDATE outbox SET published_at = NULL, position = NULL"))
    (event_id,) = await remembered(database)
    return await age(database, event_id)


async def outbox_is_old(database: Database) -> None:
    """Make the event that waits in the outbox a hundred days old."""
    async with database.writing() as session:
        await session.execute(
            text("UPDATE outbox SET id = :id WHERE published_at IS NULL"), {"id": written(100)}
        )


def test_the_helpers_ids_are_such_as_the_outbox_makes() -> None:
    """Goal: these tests are about real ids. Method: version, and order by age."""
    assert written(1).version == new_id().version == 7
    assert written(2) < written(1) < new_id()
