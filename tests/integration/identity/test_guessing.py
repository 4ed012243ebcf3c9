"""Whoever tries number after number is stopped, in whichever of several processes he asks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

import httpx
import pytest

from services.identity.recognition.guessing import (
    GuessLimit,
    TooManyGuesses,
    exchange,
    guess_limit_of,
)
from shared.clock import FixedClock
from tests.integration.identity.office import HOSPITAL, Office
from tests.support.people import PATIENT, id_number
from tests.support.service import Running

CLIENT = "tester"


@dataclass
class Processes:
    """Two processes of the service on one database, with a memory of their own each."""

    first: Office
    second: Office

    async def exchange(self) -> None:
        """What each does every second, and when much has come together."""
        for office in (self.first, self.second):
            await exchange(office.service.context)


@pytest.fixture
async def processes(office: Office) -> AsyncIterator[Processes]:
    context = replace(office.service.context, state={})
    twin = Running(context, office.service.signer, office.service.clock)
    async with twin.client() as http:
        yield Processes(office, Office(http=http, service=twin))


def guess(number: int) -> dict[str, str]:
    """A valid number that is nobody's."""
    return {"id_number": id_number(date(1950, 1, 1) + timedelta(days=number // 300), number % 300)}


async def guesses(office: Office, count: int, *, start: int = 0) -> list[httpx.Response]:
    return [await office.ask(guess(start + number)) for number in range(count)]


def counted(office: Office, count: int, clock: FixedClock) -> None:
    """As many guesses as ``count``, without asking them one by one."""
    limit = guess_limit_of(office.service.context)
    for _ in range(count):
        limit.found_nobody(CLIENT, HOSPITAL, clock.now().timestamp(), number_only=True)


async def test_two_processes_share_one_limit(processes: Processes, clock: FixedClock) -> None:
    """Goal: whoever divides his guesses has no more of them, and others go on.

    Method: 1,495 counted by two processes together; then asked at both.
    """
    await processes.first.register(PATIENT)
    counted(processes.first, 800, clock)
    counted(processes.second, 695, clock)
    await processes.exchange()
    await processes.exchange()
    first = await guesses(processes.first, 3)
    await processes.exchange()
    second = await guesses(processes.second, 10, start=100)
    assert [answer.status_code for answer in first] == [200] * 3
    assert [answer.status_code for answer in second] == [200] * 2 + [429] * 8
    assert second[-1].json()["code"] == "too_many_guesses"
    assert int(second[-1].headers["retry-after"]) >= 1
    service = processes.second.service
    scopes = ["identity:recognise"]
    token = service.signer.sign(client_id="other", organisation="region:511113", scopes=scopes)
    processes.second.http.headers["authorization"] = f"Bearer {token}"
    assert (await guesses(processes.second, 1))[0].status_code == 200


async def test_a_restart_fills_no_budget(processes: Processes, clock: FixedClock) -> None:
    """Goal: what was counted outlives the process. Method: a process that begins with nothing."""
    counted(processes.first, 1_600, clock)
    await exchange(processes.first.service.context)
    await guesses(processes.second, 1)
    await exchange(processes.second.service.context)
    assert (await guesses(processes.second, 1, start=5))[0].status_code == 429


async def test_time_gives_it_back(processes: Processes, clock: FixedClock) -> None:
    """Goal: a window that was stopped works again, in every process, after the time it was told."""
    counted(processes.first, 1_501, clock)
    await processes.exchange()
    refused = (await guesses(processes.first, 1))[0]
    clock.advance(timedelta(seconds=int(refused.headers["retry-after"])))
    await processes.exchange()
    for office in (processes.first, processes.second):
        assert (await guesses(office, 1, start=9))[0].status_code == 200


async def test_an_exchange_that_fails_loses_nothing(
    processes: Processes, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Goal: a moment without the database is no way around. Method: one exchange breaks."""

    async def broken(*_: object, **__: object) -> None:
        raise ConnectionError

    counted(processes.first, 1_600, clock)
    with monkeypatch.context() as patched:
        patched.setattr("services.identity.recognition.guessing.GuessRepository.charge", broken)
        with pytest.raises(ConnectionError):
            await exchange(processes.first.service.context)
    await exchange(processes.first.service.context)
    rows = await processes.first.service.rows("SELECT facility_code, spent FROM guess_budgets")
    assert {row["facility_code"]: row["spent"] for row in rows} == {"": 1_600, HOSPITAL: 1_600}


def test_ten_thousand_numbers_are_refused_and_a_busy_window_is_not() -> None:
    """Goal: the limit's two figures. Method: a guesser at 20 a second, a window at 1 in 10 s."""
    limit = GuessLimit()

    def allowed(client: str, every_s: float, count: int, *, miss_every: int) -> int:
        passed = 0
        for number in range(count):
            now = number * every_s
            try:
                limit.refuse_if_spent(client, HOSPITAL, now)
            except TooManyGuesses:
                continue
            passed += 1
            if number % miss_every == 0:
                limit.found_nobody(client, HOSPITAL, now, number_only=True)
        return passed

    assert allowed("guesser", 0.05, 10_000, miss_every=1) < 1_800
    assert allowed("window", 10.0, 4_000, miss_every=2) == 4_000


def test_one_client_at_many_institutions_is_limited_too() -> None:
    """Goal: changing the institution gives no new budget for ever. Method: sixty of them."""
    limit, refused = GuessLimit(), 0
    for number in range(9_000):
        try:
            limit.refuse_if_spent(CLIENT, f"H{number % 60}", 0.0)
        except TooManyGuesses:
            refused += 1
            continue
        limit.found_nobody(CLIENT, f"H{number % 60}", 0.0, number_only=True)
    assert refused == 4_500


async def test_numbers_that_nobody_can_have_count_as_well(
    office: Office, clock: FixedClock
) -> None:
    """Goal: a wrong check character is no way around. A registered number one slip away would be
    proposed, so each such guess tries many numbers at once. Method: one guess is left; then two
    mistyped numbers that are near nobody's."""
    await office.register(PATIENT)
    counted(office, 1_499, clock)
    number = id_number(date(1950, 1, 1), 7)
    wrong = number[:-1] + ("0" if number[-1] != "0" else "1")
    answers = [await office.ask({"id_number": wrong, "name": "欧阳无此人"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [422, 429]
    assert answers[0].json()["code"] == "id_number_invalid"
