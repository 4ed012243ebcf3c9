import datetime as dt
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI

from shared.clock import FixedClock
from shared.db.migrate import upgrade
from shared.db.session import Database
from shared.security.crypto import Vault
from shared.security.tokens import TokenSigner
from tests.integration.http.probe import MIGRATIONS, ProbeContext, probe_app
from tests.support.postgres import drop_database, fresh_database, template_database

START = dt.datetime(2016, 3, 1, 9, 30, tzinfo=dt.UTC)


@pytest.fixture
def database_url() -> Iterator[str]:
    template_database("mechanics-probe", lambda url: upgrade("probe", MIGRATIONS, url))
    url = fresh_database("mechanics-probe")
    yield url
    drop_database(url)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(START)


@pytest.fixture
def signer(tmp_path: Path, clock: FixedClock) -> TokenSigner:
    return TokenSigner.generate(tmp_path / "token-key.json", clock=clock)


@pytest.fixture
async def context(
    database_url: str, tmp_path: Path, clock: FixedClock, signer: TokenSigner
) -> AsyncIterator[ProbeContext]:
    probe = ProbeContext(
        db=Database(database_url, service="probe"),
        vault=Vault.generate(tmp_path / "keys.json"),
        clock=clock,
        tokens=signer.verifier(),
    )
    yield probe
    await probe.db.close()


@pytest.fixture
def app(context: ProbeContext) -> FastAPI:
    return probe_app(context)


@pytest.fixture
def bearer(signer: TokenSigner) -> dict[str, str]:
    token = signer.sign(
        client_id="hospital",
        organisation="region:511113",
        scopes=["claims:settle", "events:read"],
    )
    return {"authorization": f"Bearer {token}"}
