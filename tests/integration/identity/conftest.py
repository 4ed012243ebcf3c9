from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.identity.module import MODULE
from shared.clock import FixedClock
from tests.integration.identity.office import Office
from tests.support.service import Running, running


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2016, 7, 10, 2, 0, tzinfo=UTC))


@pytest.fixture
async def identity(tmp_path: Path, clock: FixedClock) -> AsyncIterator[Running]:
    async with running(MODULE, tmp_path, clock) as service:
        yield service


@pytest.fixture
async def office(identity: Running) -> AsyncIterator[Office]:
    """The county's office, signed in to a running identity service."""
    async with identity.client() as http:
        yield Office(http=http, service=identity)
