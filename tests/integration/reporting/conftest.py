import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.reporting.module import MODULE
from shared.clock import FixedClock
from tests.integration.reporting.half_year import half_year
from tests.support.postgres import template_database
from tests.support.service import Running, migrated, running, running_on

NOW = datetime(2016, 7, 1, 1, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
async def reporting(tmp_path: Path, clock: FixedClock) -> AsyncIterator[Running]:
    async with running(MODULE, tmp_path, clock) as service:
        yield service


@pytest.fixture(scope="session")
def told_half_year(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of a template database that knows the half-year."""

    async def tell(url: str) -> None:
        folder = tmp_path_factory.mktemp("half-year")
        async with running_on(url, MODULE, folder, FixedClock(NOW)) as service:
            await service.deliver_together(*half_year())

    return template_database(
        "reporting_half_year", lambda url: asyncio.run(tell(url)), base=migrated(MODULE)
    )


@pytest.fixture
async def county(tmp_path: Path, clock: FixedClock, told_half_year: str) -> AsyncIterator[Running]:
    """The service after the half-year of ``half_year.py``."""
    async with running(MODULE, tmp_path, clock, template=told_half_year) as service:
        yield service
