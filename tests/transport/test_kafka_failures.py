"""What can only happen with brokers and processes of their own."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from shared.db.session import Database
from shared.messaging.bus import BusUnavailable
from shared.messaging.kafka import KafkaBus, KafkaOptions, ensure_topics
from tests.support.kafka import REAL_KAFKA, mock_cluster
from tests.transport import flow
from tests.transport.conftest import TRANSPORTS, Transport
from tests.transport.flow import GROUP, TOPIC, Service, outgoing

BROKERED = [each for each in TRANSPORTS if each.values != ("memory",)]
ROOT = Path(__file__).parents[2]

_HOARDER = """
import asyncio, sys
from shared.messaging.kafka import KafkaBus, KafkaOptions

async def main(servers, prefix, group, topic, timeout):
    bus = KafkaBus(KafkaOptions(servers, topic_prefix=prefix, session_timeout_s=float(timeout)))
    member = await bus.subscribe(group, [topic])
    while not await member.fetch(max_records=100, timeout_s=0.2):
        pass
    print("fetched", flush=True)
    await asyncio.sleep(600)

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.parametrize("transport", BROKERED, indirect=True)
async def test_a_killed_member_is_replaced(transport: Transport) -> None:
    """Goal: what a process had in hand when it was killed goes to another. Method: a process
    fetches and commits nothing, gets kill -9, and a second member reads everything."""
    bus = await transport.bus()
    await asyncio.gather(*bus.publish([outgoing(TOPIC, "one", step) for step in range(5)]))
    hoarder = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _HOARDER),
        *(transport.bootstrap_servers, transport.prefix, GROUP, TOPIC),
        str(transport.session_timeout_s),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert hoarder.stdout is not None
    try:
        async with asyncio.timeout(60):
            while line := await hoarder.stdout.readline():  # its log comes before
                if line == b"fetched\n":
                    break
        assert line
    finally:
        hoarder.kill()
        await hoarder.wait()
    member = await bus.subscribe(GROUP, [TOPIC])
    found = await flow.fetch_until(member, 5, timeout_s=60)
    assert flow.steps_by_key(found) == {"one": [0, 1, 2, 3, 4]}
    await member.close()


async def test_a_consumer_that_hangs_is_made_anew(
    mock_kafka: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Goal: a client that has silently stopped (aiokafka issue 1154) is noticed and replaced.
    Method: one client gives nothing more although records are there; the next one works."""
    options = KafkaOptions(mock_kafka, topic_prefix="hang-", session_timeout_s=3, stall_s=0.5)
    bus = KafkaBus(options)
    await bus.start()
    member = await bus.subscribe(GROUP, [TOPIC])

    async def nothing(*, timeout_ms: int, max_records: int) -> dict[object, object]:
        await asyncio.sleep(min(timeout_ms, max_records) / 1000)
        return {}

    hung = member._client
    assert hung is not None
    monkeypatch.setattr(hung, "getmany", nothing)
    await asyncio.gather(*bus.publish([outgoing(TOPIC, "one", step) for step in range(3)]))
    found = await flow.fetch_until(member, 3, timeout_s=60, commit=True)
    assert flow.steps_by_key(found) == {"one": [0, 1, 2]}
    assert member._client is not hung
    await member.close()
    await bus.stop()


async def test_a_cluster_that_is_gone_is_unavailable_and_publishing_fails_in_order() -> None:
    """Goal: no hang and no silent loss without brokers. Method: end the cluster with a bus open;
    a key's records all fail, and a new bus cannot start."""
    with mock_cluster() as servers:
        options = KafkaOptions(servers, send_timeout_s=2, request_timeout_s=1)
        bus = KafkaBus(options)
        await bus.start()
        await asyncio.gather(*bus.publish([outgoing(TOPIC, "one", 0)]))
    futures = bus.publish([outgoing(TOPIC, "one", step) for step in range(1, 4)])
    answers = await asyncio.wait_for(asyncio.gather(*futures, return_exceptions=True), 30)
    assert [type(each) for each in answers] == [BusUnavailable] * 3
    await bus.stop()
    with pytest.raises(BusUnavailable):
        await KafkaBus(options).start()


if REAL_KAFKA:
    from deploy.kafka.server import TARGET, RealKafka, library_folder

    @pytest.mark.real_kafka
    async def test_a_broker_that_is_killed_and_comes_back(
        tmp_path: Path, database: Database
    ) -> None:
        """Goal: relay and consumer carry on by themselves after a broker's death, in order,
        nothing twice and nothing missing. Method: a broker of our own, kill -9 with events
        before, during and after."""
        kafka = RealKafka(tmp_path, libraries=library_folder(TARGET))
        await asyncio.to_thread(kafka.start)
        options = KafkaOptions(
            kafka.bootstrap_servers, send_timeout_s=5, request_timeout_s=3, stall_s=5
        )
        await ensure_topics(options, [TOPIC], partitions=4)
        bus = KafkaBus(options)
        await bus.start()
        service = Service(database)
        keys = [f"key-{number}" for number in range(5)]
        parts = flow.relay(database, bus), flow.consumer(service, bus)
        try:
            async with flow.running(*parts):
                await flow.write(database, *((key, 0) for key in keys))
                await flow.until_count(database, 5)
                await asyncio.to_thread(kafka.kill)
                await flow.write(database, *((key, step) for step in (1, 2) for key in keys))
                await asyncio.sleep(3)
                await asyncio.to_thread(kafka.start)
                await flow.write(database, *((key, 3) for key in keys))
                await flow.until_published(database, 20)
                await flow.until_count(database, 20)
        finally:
            await bus.stop()
            await asyncio.to_thread(kafka.stop)
        done = await flow.effects(database)
        for key in keys:
            assert [step for each, step in done if each == key] == [0, 1, 2, 3]
