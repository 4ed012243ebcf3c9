from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.contracts.module import MODULE
from shared.clock import FixedClock
from tests.support.service import Running, running


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2016, 3, 10, 2, 0, tzinfo=UTC))


@pytest.fixture
async def contracts(tmp_path: Path, clock: FixedClock) -> AsyncIterator[Running]:
    async with running(MODULE, tmp_path, clock) as service:
        yield service
