from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from shared.db.session import Database
from shared.messaging.memory import MemoryBus
from tests.integration.messaging.fakes import HeldBus
from tests.transport.flow import GROUP, TOPIC, messaging_database


@pytest.fixture
def database_url() -> Iterator[str]:
    with messaging_database() as url:
        yield url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url, service="writer")
    yield opened
    await opened.close()


@pytest.fixture
async def bus() -> AsyncIterator[MemoryBus]:
    made = MemoryBus(expected_groups={TOPIC: {GROUP}})
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
def held() -> HeldBus:
    return HeldBus()
