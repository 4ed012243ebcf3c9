from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.contracts.module import MODULE
from shared.clock import FixedClock
from shared.runtime.peers import Peers
from tests.integration.contracts.screens import DOCTOR, P1, P2, identity_says
from tests.integration.contracts.stories import JINHE, discharged, entered
from tests.support.browsing import Screen, screen
from tests.support.service import Running, running


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2016, 3, 10, 2, 0, tzinfo=UTC))


@pytest.fixture
async def contracts(tmp_path: Path, clock: FixedClock) -> AsyncIterator[Running]:
    async with running(MODULE, tmp_path, clock) as service:
        yield service


@pytest.fixture
async def doctor(contracts: Running, tmp_path: Path) -> AsyncIterator[Screen]:
    """The township doctor; two persons of one household, the first came home on 8 March."""
    contracts.context.peers = Peers({"identity": identity_says({P1: "测*甲", P2: "测*乙"})})
    await contracts.deliver(entered(P1, birth_year=1960), entered(P2), discharged("E1", P1))
    async with screen(
        contracts, tmp_path, *DOCTOR, name="doctor", organisation=f"township:{JINHE}"
    ) as one:
        yield one
