"""The loader and the traffic against a small stand-in for the HTTP interface."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from deploy.demo import load
from deploy.demo.client import Caller, DemoRefused, WaitedTooLong, eventually
from deploy.demo.county import PERSONS
from deploy.demo.homecare import FOLLOW_UPS
from deploy.demo.load import (
    CLIENTS,
    CONTRACTS,
    CONTRACTS_OF_INPATIENTS,
    OUTPATIENTS,
    RECOGNITIONS,
    STAYS,
    Callers,
    load_county,
)
from deploy.demo.traffic import Hospitals, Tally, play
from shared.clock import FixedClock
from shared.policy.region import load_region

SECRETS = dict.fromkeys(CLIENTS, "s3cret")
REGION = load_region("jinkouhe-2016")


class StandIn:
    """Answers the calls of the loader as Yizhan does, and keeps what it was told by key."""

    def __init__(self, *, stop_after: int | None = None) -> None:
        self.answers: dict[str, tuple[str, Any]] = {}
        self.encounters: dict[tuple[str, str], str] = {}
        self.settled: Counter[str] = Counter()
        self.effects: Counter[str] = Counter()
        self.stays: dict[tuple[str, str], str] = {}
        self.signed: set[str] = set()
        self.followed: set[str] = set()
        self.tokens = 0
        self.stop_after = stop_after

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=httpx.MockTransport(self._answer), base_url="http://stand-in"
        )

    def _answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path == "/oauth/token":
            self.tokens += 1
            return httpx.Response(200, json={"access_token": "t", "expires_in": 1800})
        if request.headers.get("authorization") != "Bearer t":
            return httpx.Response(401, json={"code": "unauthorized"})
        if request.method == "GET":
            return self._found(path, request.url.params)
        if self.stop_after is not None and sum(self.effects.values()) >= self.stop_after:
            return httpx.Response(500, json={"code": "internal"})
        key = request.headers["idempotency-key"]
        # Of a form Yizhan compares fields and files, not the boundary, which differs each time.
        boundary = request.headers.get("content-type", "").partition("boundary=")[2] or "-"
        body = request.content.decode().replace(boundary, "-")
        if key in self.answers:
            told, answer = self.answers[key]
            assert told == body, "the same key must carry the same body"
            return httpx.Response(200, json=answer)
        return self._effect(path, key, body)

    def _found(self, path: str, params: httpx.QueryParams) -> httpx.Response:
        if path.endswith("/events"):
            after, limit = int(params["after"]), int(params["limit"])
            numbers = range(after + 1, min(PERSONS, after + limit) + 1)
            items = [
                {"type": "cn.yizhan.identity.person.entered.v1", "data": {"person_id": f"p{n}"}}
                for n in numbers
            ]
            return httpx.Response(200, json={"items": items, "next_after": after + len(items)})
        if path.endswith("/worklist"):
            return httpx.Response(200, json={"items": self._tasks(params.get("status"))})
        if path.endswith("/teams"):
            return httpx.Response(200, json={"items": [{"team": "T1"}, {"team": "T2"}]})
        if path.endswith("/dashboard"):
            figures = {
                "visits": {"settled": len(self.settled)},
                "people": {"contracted": self.effects["contracts"]},
            }
            return httpx.Response(200, json=figures)
        known = self.encounters.get((params["facility_code"], params["visit_no"]))
        return httpx.Response(200, json={"items": [{"encounter_id": known}] if known else []})

    def _tasks(self, status: str | None) -> list[Any]:
        """A task for each stay, until it is done; every fifth patient has to sign before."""
        found = []
        for (_, visit), person in sorted(self.stays.items()):
            rules = ["post_discharge_follow_up"]
            if visit.endswith(("0", "5")):
                rules = ["contract_to_sign"] if person not in self.signed else rules
            for rule in rules:
                closed = f"t-{visit}" in self.followed
                if closed == (status == "closed"):
                    found.append(
                        {"task_id": f"t-{visit}", "encounter_id": f"e-{visit}", "rule": rule,
                         "person_id": person, "discharged_on": "2016-03-01"}
                    )  # fmt: skip
        return found

    def _effect(self, path: str, key: str, body: str) -> httpx.Response:
        noun = path.rsplit("/", 1)[-1]
        self.effects[noun] += 1
        answer: Any = {}
        if noun == "roster-imports":
            answer = {"import_id": "i1", "rejected": 0, "rows": PERSONS}
        elif noun == "recognitions":
            told = json.loads(body)
            visit = told["visit"]["visit_no"]
            known = visit.startswith("ZY") or int(visit[-1]) > 2
            if known:
                self.encounters[told["facility_code"], visit] = f"e-{visit}"
            person = f"p{self.effects[noun]}" if known else None
            if person is not None and visit.startswith("ZY"):
                self.stays[told["facility_code"], visit] = person
            answer = {"grade": "certain" if known else "none", "person_id": person}
        elif noun == "encounters":
            answer = {"encounter_id": f"e-{json.loads(body)['visit_no']}"}
        elif noun == "contracts":
            self.signed.add(json.loads(body)["person_id"])
        elif noun == "follow-ups":
            self.followed.add(json.loads(body)["task_id"])
        elif noun == "settlement":
            self.settled[path] += 1
            answer = {"total": "10.00", "patient_pays": "1.00"}
        self.answers[key] = (body, answer)
        return httpx.Response(201, json=answer)


@pytest.fixture(autouse=True)
def _few_contracts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of signatures would only make these tests slow."""
    assert load.CONTRACT_SHARE == 0.85, "JK-40"
    monkeypatch.setattr(load, "CONTRACT_SHARE", 0.04)


def quiet(_stage: str, _done: int, _total: int) -> None:
    """Progress that nobody looks at."""


async def test_the_whole_county_goes_through_the_interface() -> None:
    """Goal: every stage runs to its end. Method: load into the stand-in, count its effects."""
    stand_in, seen = StandIn(), {}
    async with stand_in.client() as http:
        await load_county(
            Callers.of(http, SECRETS),
            REGION,
            lambda stage, done, total: seen.__setitem__(stage, (done, total)),
            outpatient_visits=60,
        )
    assert stand_in.effects["recognitions"] == 109
    assert stand_in.effects["settlement"] == stand_in.effects["discharge"] == 109
    assert stand_in.effects["encounters"] == 18, "who is not recognised is registered by hand"
    assert stand_in.effects["charges"] == 60 + 2 * 49
    assert 0.03 * PERSONS < stand_in.effects["contracts"] < 0.05 * PERSONS
    assert stand_in.effects["members"] == 2 * 3, "doctor, nurse and public health of two teams"
    assert seen[RECOGNITIONS] == (109, 109)
    assert (seen[STAYS], seen[OUTPATIENTS]) == ((49, 49), (60, 60))
    assert all(done == total for done, total in seen.values())
    signed = seen[CONTRACTS][1] + seen[CONTRACTS_OF_INPATIENTS][1]
    at_home = stand_in.effects["contracts"] - signed
    assert signed > seen[CONTRACTS][1]
    assert 0 < at_home < 49
    assert stand_in.effects["follow-ups"] == len(stand_in.followed) == 49
    assert seen[FOLLOW_UPS] == (49, 49)
    assert stand_in.tokens == len(CLIENTS)


async def test_an_interrupted_load_carries_on_without_doubling() -> None:
    """Goal: same end state. Method: refuse in the middle, load again, compare with one clean run."""
    clean, broken = StandIn(), StandIn(stop_after=400)
    async with clean.client() as http:
        await load_county(Callers.of(http, SECRETS), REGION, quiet, outpatient_visits=40)
    async with broken.client() as http:
        with pytest.raises(DemoRefused, match="500 internal"):
            await load_county(Callers.of(http, SECRETS), REGION, quiet, outpatient_visits=40)
        broken.stop_after = None
        await load_county(Callers.of(http, SECRETS), REGION, quiet, outpatient_visits=40)
    assert broken.answers == clean.answers
    assert set(broken.settled.values()) == {1}


async def test_a_busy_service_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Goal: a 503 is no end. Method: two 503 answers, then a 200; and one that never mends."""
    monkeypatch.setattr("deploy.demo.client._FIRST_WAIT_S", 0.001)
    answers = [503, 503, 200]

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/oauth/token":
            return httpx.Response(200, json={"access_token": "t", "expires_in": 1800})
        return httpx.Response(answers.pop(0) if answers else 503, json={"code": "unavailable"})

    async with httpx.AsyncClient(
        transport=httpx.MockTransport(answer), base_url="http://x"
    ) as http:
        caller = Caller(http, "hospital", "s")
        assert await caller.get("/claims/v1/facilities") == {"code": "unavailable"}
        with pytest.raises(DemoRefused, match="503 unavailable"):
            await caller.get("/claims/v1/facilities")


async def test_a_refusal_repeats_nothing_of_what_was_sent() -> None:
    """Goal: no identifier in an error. Method: refuse a body with a name, look at the message."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/oauth/token":
            return httpx.Response(200, json={"access_token": "t", "expires_in": 1800})
        errors = [{"field": "credentials.name", "code": "too_long", "message": "阿苏·木呷"}]
        return httpx.Response(422, json={"code": "validation_failed", "errors": errors})

    async with httpx.AsyncClient(
        transport=httpx.MockTransport(answer), base_url="http://x"
    ) as http:
        with pytest.raises(DemoRefused) as refused:
            await Caller(http, "hospital", "s").post("/x", "k", {"name": "阿苏·木呷"})
    assert "阿苏" not in str(refused.value)
    assert "credentials.name: too_long" in str(refused.value)


async def test_waiting_has_an_end() -> None:
    """Goal: a missing event is told. Method: look for something that never comes."""

    async def nothing() -> None:
        await asyncio.sleep(0)

    with pytest.raises(WaitedTooLong, match="an encounter"):
        await eventually(nothing, within_s=0.05, what="an encounter")


async def test_traffic_makes_visits_that_end_now() -> None:
    """Goal: hospitals at work today. Method: play a moment against the stand-in at a fixed clock."""
    stand_in = StandIn()
    clock = FixedClock(datetime(2016, 7, 4, 3, 0, tzinfo=UTC))
    hospitals = Hospitals(REGION, clock)
    seen: list[int] = []

    def watch(tally: Tally) -> None:
        seen.append(tally.settled)

    async with stand_in.client() as http:
        tally = await play(http, SECRETS, hospitals, watch, rate_per_s=200, duration_s=0.2)
    assert tally.arrived == tally.settled == len(stand_in.settled) == len(seen) > 3
    assert tally.refused == 0
    for _ in range(50):
        visit = hospitals.next_visit()
        assert visit.occurred_at < visit.discharged_at <= clock.now()
