"""A patient tells the village by the name that it had before it was merged."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from services.identity.module import MODULE
from shared.clock import FixedClock
from shared.policy.mergers import PlaceMerger
from shared.policy.reading import Citation
from shared.policy.region import load_region
from tests.integration.identity.office import Office
from tests.support.people import PATIENT
from tests.support.service import running

BEFORE, AFTER = "2016-03-01", "2016-05-01"
MERGER = PlaceMerger(
    date(2016, 4, 1), "新街乡", "石桥村", "永和镇", "坪上村", Citation("撤并批复", "二")
)
PERSON = PATIENT.but(township="永和镇", village="坪上村")


@pytest.fixture
async def office(
    tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Office]:
    region = replace(load_region("jinkouhe-2016"), mergers=(MERGER,))
    monkeypatch.setattr("tests.support.service.load_region", lambda _pack: region)
    async with running(MODULE, tmp_path, clock) as service, service.client() as http:
        yield Office(http=http, service=service)


async def test_the_old_village_is_the_new_one_from_the_merger_on(office: Office) -> None:
    """Goal: the pack's mergers reach the window. Method: name, birth date and the old address at a
    visit before the merger and at one after it; a township that was never merged."""
    await office.register(PERSON)
    told = {"name": PERSON.name, "birth_date": PERSON.birth.isoformat()}

    async def asked(address: str, on: str) -> tuple[str, str]:
        found = await office.recognise(told | {"address": address}, on=on)
        levels = {item["field"]: item["level"] for item in found["evidence"]}
        return found["grade"], levels["village"]

    assert await asked("新街乡石桥村2组", AFTER) == ("probable", "merged_village")
    assert await asked("新街乡石桥村2组", BEFORE) == ("possible", "elsewhere")
    assert await asked("别处乡石桥村2组", AFTER) == ("possible", "elsewhere")
