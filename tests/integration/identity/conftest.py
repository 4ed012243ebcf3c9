from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.identity.module import MODULE
from services.identity.settings import IdentitySettings
from shared.clock import FixedClock
from tests.integration.identity.desk import person_id
from tests.integration.identity.office import Office
from tests.support.people import NEIGHBOUR, PATIENT
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


@pytest.fixture
def settings(identity: Running) -> IdentitySettings:
    """The service's settings, to be changed by a test: no review is drawn for two at first."""
    settings = IdentitySettings(double_review_share=0.0)
    identity.context.state["identity.settings"] = settings
    return settings


@pytest.fixture
async def patient(office: Office, settings: IdentitySettings) -> str:
    """Two registered persons; gives the id of the patient."""
    del settings
    await office.register(PATIENT, NEIGHBOUR)
    return await person_id(office, PATIENT)
