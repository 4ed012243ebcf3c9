import datetime as dt

import pytest

from shared.clock import FixedClock
from shared.security.clients import ClientsFile
from shared.security.tokens import TokenSigner


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(dt.datetime(2016, 3, 1, 9, 30, tzinfo=dt.UTC))


@pytest.fixture
def signer(tmp_path, clock: FixedClock) -> TokenSigner:
    return TokenSigner.generate(tmp_path / "token-key.json", clock=clock)


@pytest.fixture
def clients(tmp_path) -> ClientsFile:
    return ClientsFile.ensure(tmp_path / "clients.json", "511113")[0]
