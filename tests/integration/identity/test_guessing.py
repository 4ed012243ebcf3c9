"""Whoever tries number after number is stopped, in whichever of several processes he asks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import httpx
import pytest

from services.identity.cards.domain import luhn_digit
from services.identity.guessing.domain import CARDS, NUMBER_COST, PERSONS, REVEALS, GuessLimit
from services.identity.guessing.service import exchange, limiting_of
from shared.clock import FixedClock
from tests.integration.identity.desk import issue_card, person_id
from tests.integration.identity.office import HOSPITAL, Office
from tests.support.browsing import screen, words
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


def counted(
    office: Office, count: int, clock: FixedClock, *, place: str = HOSPITAL, client: str = CLIENT
) -> None:
    """As many guesses as ``count``, without asking them one by one."""
    limit = limiting_of(office.service.context).limit
    for _ in range(count):
        limit.charge(client, place, clock.now().timestamp(), NUMBER_COST)


def begin_anew(office: Office) -> None:
    """Forget what was counted; nothing was exchanged yet."""
    limiting_of(office.service.context).limit = GuessLimit()


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
        patched.setattr("services.identity.guessing.service.GuessRepository.charge", broken)
        with pytest.raises(ConnectionError):
            await exchange(processes.first.service.context)
    await exchange(processes.first.service.context)
    rows = await processes.first.service.rows("SELECT * FROM guess_budgets")
    assert {(row["client_id"], row["facility_code"]): row["spent"] for row in rows} == {
        (CLIENT, ""): 1_600,
        (CLIENT, HOSPITAL): 1_600,
        ("", HOSPITAL): 1_600,
    }


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


async def test_an_operator_is_alarmed_once_a_day(
    processes: Processes, clock: FixedClock, tmp_path: Path
) -> None:
    """Goal: who guesses is seen: audit, list and screen, until somebody has looked into it.

    Method: refused in two processes, and the day after; marked as looked into on the screen.
    """
    first = processes.first
    await guesses(processes.second, 1)
    counted(first, 1_600, clock)
    await processes.exchange()
    for office in (processes.second, first):
        assert (await guesses(office, 2))[0].status_code == 429
    await processes.exchange()
    rows = await first.service.rows(
        "SELECT action FROM audit_log WHERE action = 'guessing.alarmed'"
    )
    assert len(rows) == 1
    (alarm,) = (await first.http.get("/identity/v1/guess-alarms")).json()["items"]
    assert (alarm["client_id"], alarm["place"], alarm["refused"]) == (CLIENT, HOSPITAL, 4)
    clock.advance(timedelta(days=1))
    first.http.headers.update(first.service.bearer())
    counted(first, 1_600, clock)
    await guesses(first, 1)
    await processes.exchange()
    page = (await first.http.get("/identity/v1/guess-alarms", params={"limit": 1})).json()
    assert page["unseen"] == 2
    assert page["items"][0]["on_day"] > alarm["on_day"]
    query = {"limit": 1, "cursor": page["next_cursor"]}
    last = (await first.http.get("/identity/v1/guess-alarms", params=query)).json()
    assert [each["alarm_id"] for each in last["items"]] == [alarm["alarm_id"]]
    assert last["next_cursor"] is None
    async with screen(first.service, tmp_path, "identity:review", name="desk") as desk:
        assert "2 条待核实" in words(await desk.get("/identity/alarms"))
        await desk.post(f"/identity/alarms/{alarm['alarm_id']}/seen", {})
        assert "1 条待核实" in words(await desk.get("/identity/alarms"))
    async with first.service.client(f"facility:{HOSPITAL}") as hospital:
        refused = await hospital.get("/identity/v1/guess-alarms")
        assert refused.status_code == 403


async def test_cards_searches_and_reveals_are_limited_as_well(
    office: Office, clock: FixedClock
) -> None:
    """Goal: no other way to ask is free. Method: one guess is left at each place; the second of
    two guesses is refused: cards at the window alone and beside a known number, cards to verify,
    numbers to search, persons to reveal. What finds somebody costs nothing."""
    await office.register(PATIENT)
    whose = await person_id(office, PATIENT)
    known = (await issue_card(office, whose))["card_no"]

    def card(number: int) -> str:
        body = f"511113{number:09d}"
        return body + luhn_digit(body)

    async def twice(place: str, path: str, *bodies: dict[str, str]) -> list[int]:
        begin_anew(office)
        counted(office, 1_499, clock, place=place)
        return [
            (await office.http.post(f"/identity/v1/{path}", json=each)).status_code
            for each in bodies
        ]

    counted(office, 1_499, clock)
    answers = [await office.ask({"card_no": each}) for each in (known, card(1), card(2))]
    assert [answer.status_code for answer in answers] == [200, 422, 429]
    begin_anew(office)
    counted(office, 1_499, clock)
    own = {"id_number": PATIENT.number, "name": PATIENT.name}
    answers = [await office.ask(own | {"card_no": each}) for each in (known, card(1), card(2))]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    verified = await twice(CARDS, "cards/verify", {"qr": known}, {"qr": card(1)}, {"qr": card(2)})
    assert verified == [200, 200, 429]
    searched = await twice(
        PERSONS, "persons/search", {"id_number": PATIENT.number}, guess(1), guess(2)
    )
    assert searched == [200, 200, 429]
    reason = {"reason": "住院结算核对证件"}
    begin_anew(office)
    counted(office, 1_499, clock, place=REVEALS)
    shown = [
        await office.http.post(f"/identity/v1/persons/{whose}/reveal", json=reason)
        for _ in range(2)
    ]
    assert [answer.status_code for answer in shown] == [200, 429]
    assert shown[1].json()["code"] == "too_many_reveals"
