from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from services.claims.module import MODULE
from shared.clock import FixedClock
from shared.security.tokens import TokenSigner
from tests.integration.claims.county import NOW, Claims, claims_context, client_of, person
from tests.support.postgres import database
from tests.support.service import migrated


@pytest.fixture
def database_url() -> Iterator[str]:
    with database(migrated(MODULE)) as url:
        yield url


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
async def start(
    database_url: str, tmp_path: Path, clock: FixedClock
) -> AsyncIterator[Callable[..., Awaitable[Claims]]]:
    """Starts the service with these settings."""
    signer = TokenSigner.generate(tmp_path / "token-key.json", clock=clock)
    async with AsyncExitStack() as stack:

        async def starting(**settings: Any) -> Claims:
            context = claims_context(database_url, tmp_path, signer, clock, **settings)
            stack.push_async_callback(context.db.close)
            http = await stack.enter_async_context(client_of(context))
            return Claims(context=context, signer=signer, http=http)

        yield starting


@pytest.fixture
async def claims(start: Callable[..., Awaitable[Claims]]) -> Claims:
    return await start()


@pytest.fixture
async def county(claims: Claims) -> Claims:
    """The service with one registered person."""
    await claims.deliver(person())
    return claims


@pytest.fixture
async def settled(claims: Claims) -> Claims:
    """One settlement: 3344.90 of basic insurance, 663.83 of medical aid, 991.27 of the patient."""
    await claims.deliver(person())
    encounter = await claims.discharged(person_id="p-1")
    await claims.settled(encounter["encounter_id"])
    return claims
