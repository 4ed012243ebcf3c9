"""The transports under test. A real Kafka takes part when YIZHAN_TEST_KAFKA names one."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

import pytest

from shared.db.session import Database
from shared.messaging.bus import Bus
from shared.messaging.kafka import KafkaBus, KafkaOptions, ensure_topics
from shared.messaging.memory import MemoryBus
from tests.support.kafka import REAL_KAFKA, mock_cluster, patient_group_leaders
from tests.transport.flow import GROUP, TOPIC, messaging_database

TRANSPORTS = [
    pytest.param("memory", id="memory"),
    pytest.param("mock_kafka", id="mock_kafka"),
]
if REAL_KAFKA:
    TRANSPORTS.append(pytest.param("real_kafka", id="real_kafka", marks=pytest.mark.real_kafka))


@dataclass
class Transport:
    """Makes buses that see the same topics; ``restarted`` is a process's new life."""

    name: str
    bootstrap_servers: str
    prefix: str = field(default_factory=lambda: f"t{secrets.token_hex(4)}-")
    started: list[Bus] = field(default_factory=list)

    @property
    def session_timeout_s(self) -> float:
        """The shortest that a real broker allows; the mock lets a group wait for nearly as long."""
        return 6 if self.name == "real_kafka" else 3

    @property
    def keeps_records(self) -> bool:
        """Whether records outlive the process; where not, the outbox sends them again."""
        return self.name != "memory"

    async def bus(self) -> Bus:
        bus: Bus
        if self.name == "memory":
            bus = MemoryBus(expected_groups={TOPIC: {GROUP}})
        else:
            options = KafkaOptions(
                self.bootstrap_servers,
                topic_prefix=self.prefix,
                session_timeout_s=self.session_timeout_s,
            )
            await ensure_topics(options, [TOPIC], partitions=4)
            bus = KafkaBus(options)
        await bus.start()
        self.started.append(bus)
        return bus

    async def restarted(self, bus: Bus) -> Bus:
        await bus.stop()
        self.started.remove(bus)
        return await self.bus()


@pytest.fixture(scope="session")
def mock_kafka() -> Iterator[str]:
    with mock_cluster() as bootstrap_servers, patient_group_leaders():
        yield bootstrap_servers


@pytest.fixture(params=TRANSPORTS)
async def transport(request: pytest.FixtureRequest) -> AsyncIterator[Transport]:
    servers = {"memory": "", "real_kafka": REAL_KAFKA}.get(request.param)
    if servers is None:
        servers = request.getfixturevalue("mock_kafka")
    made = Transport(request.param, servers)
    yield made
    for bus in made.started:
        await bus.stop()


@pytest.fixture
async def bus(transport: Transport) -> Bus:
    return await transport.bus()


@pytest.fixture
async def database() -> AsyncIterator[Database]:
    with messaging_database() as url:
        opened = Database(url, service="writer")
        yield opened
        await opened.close()
