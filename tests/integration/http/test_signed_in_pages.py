"""A page on a real service, opened by people (the helper of tests/support/signin.py at work)."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from services.reporting.module import MODULE as REPORTING
from shared.clock import FixedClock
from tests.support.service import running
from tests.support.signin import person


async def test_a_closed_county_page_and_its_stream_know_who_may_read(tmp_path: Path) -> None:
    """Goal: people read what their scopes allow, without any token. Method: two people and nobody,
    at the page and at the figures beside it."""
    clock = FixedClock(dt.datetime(2016, 3, 1, 9, 30, tzinfo=dt.UTC))
    async with running(REPORTING, tmp_path, clock, open_dashboard=False) as service:
        director = person(service, tmp_path, scopes=["reporting:read"], name="director")
        doctor = person(service, tmp_path, scopes=["contracts:read"], name="doctor")
        async with service.client() as client:
            client.headers.pop("authorization")
            for path in ("/", "/reporting/dashboard/data"):
                assert (await client.get(path, headers=director.cookie)).status_code == 200, path
                assert (await client.get(path, headers=doctor.cookie)).status_code == 401, path
                assert (await client.get(path)).status_code == 401, path
            page = await client.get("/", headers=director.htmx)
            assert "测试director" in page.text
            assert director.csrf_token in page.text
