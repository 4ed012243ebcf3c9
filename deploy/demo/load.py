"""Feeds the demonstration county to a running Yizhan through its HTTP interface.

A poverty office sends the roster, townships sign contracts and see home who was in hospital,
hospitals recognise, charge, discharge and settle. Every call carries a key made from the seed, so a load that was interrupted may simply
be started again: what was done is answered again and nothing doubles.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
from starlette.types import ASGIApp

from deploy.demo.client import Caller, eventually
from deploy.demo.county import ROSTER_DAY, SEED, build_county, chance, roster_csv, stream
from deploy.demo.homecare import see_home
from deploy.demo.institutions import institutions
from deploy.demo.teams import members
from deploy.demo.visits import OUTPATIENT_VISITS, Visit, build_visits
from shared.policy.region import RegionPack, load_region
from shared.runtime.settings import RuntimeSettings
from shared.security.clients import ClientsFile

Progress = Callable[[str, int, int], None]
"""Told of every step: stage, steps done, steps in all."""

ROSTER = "名册导入 roster"
INSTITUTIONS = "机构登记 institutions"
TEAMS = "团队成员 teams"
RECOGNITIONS = "就诊识别 recognitions"
CONTRACTS_OF_INPATIENTS = "住院患者签约 their contracts"
STAYS = "住院结算 inpatient stays"
OUTPATIENTS = "门诊结算 outpatient visits"
CONTRACTS = "家庭医生签约 contracts"
CATCHING_UP = "统计更新 figures"

CONCURRENCY = 12
"""Calls under way at once; more only lengthens the queue on two cores."""
CONTRACT_SHARE = 0.85
"""JK-40."""
_FOLLOWS_WITHIN_S = 600.0
"""Events reach the other services in milliseconds; behind a full load on a slow machine they queue."""
_RECOGNISED = frozenset({"certain", "probable"})
_PAGE = 500
_FIRST_SIGNING = date(2015, 8, 1)
_SIGNING_DAYS = 180
"""So that every contract of one year still holds at the end of the half-year."""

HOSPITAL = "hospital"
POVERTY_OFFICE = "poverty-office"
TOWNSHIP = "township"
DIRECTOR = "director"
CLIENTS = (HOSPITAL, POVERTY_OFFICE, TOWNSHIP, DIRECTOR)


class RosterRefused(RuntimeError):
    """The demonstration's own roster has rows that Yizhan does not accept."""


@dataclass(frozen=True)
class Recognised:
    """What identity answered at the window."""

    grade: str
    person_id: str | None


@dataclass(frozen=True)
class Signature:
    """A registered person's contract with the team of the township."""

    person_id: str
    signed_on: date


@dataclass(frozen=True)
class Callers:
    """The four offices and institutions that feed the county."""

    hospital: Caller
    poverty_office: Caller
    township: Caller
    director: Caller

    @classmethod
    def of(cls, http: httpx.AsyncClient, secrets: Mapping[str, str]) -> Callers:
        """Callers with the secrets of :data:`CLIENTS`."""
        return cls(*(Caller(http, client_id, secrets[client_id]) for client_id in CLIENTS))


async def load_county(
    callers: Callers,
    region: RegionPack,
    progress: Progress,
    *,
    seed: int = SEED,
    outpatient_visits: int = OUTPATIENT_VISITS,
) -> None:
    """The whole county: roster, visits, contracts, settlements; returns when the figures stand.

    Raises:
        DemoRefused: a call was refused.
        WaitedTooLong: an event did not arrive.
        RosterRefused: the roster was not accepted row by row.
    """
    county = build_county(region, seed=seed)
    visits = build_visits(region, county, seed=seed, outpatient_visits=outpatient_visits)
    prefix = f"demo-{seed}"
    await _import_roster(callers.poverty_office, roster_csv(county.persons), prefix, progress)
    progress(INSTITUTIONS, 0, 1)
    await callers.poverty_office.post(
        "/reporting/v1/standards/facts",
        f"{prefix}-institutions",
        institutions(region, seed=seed),
    )
    progress(INSTITUTIONS, 1, 1)
    await _fill_teams(callers.township, seed, prefix, progress)
    known: dict[str, Recognised] = {}

    async def ask(visit: Visit) -> None:
        known[visit.visit_no] = await recognise(callers.hospital, visit, prefix)

    async def close(visit: Visit) -> None:
        await settle(callers.hospital, visit, known[visit.visit_no], prefix)

    async def sign(signature: Signature) -> None:
        await _sign(callers.township, signature, prefix)

    await _each(RECOGNITIONS, [[visit] for visit in visits], ask, progress)
    signatures = await _signatures(callers.poverty_office, len(county.persons), seed)
    # The report's 49 stays come first, so that the page soon shows what it is about; their
    # patients sign before, and are followed up after, like any other.
    stays = [visit for visit in visits if visit.type == "inpatient"]
    patients = {known[visit.visit_no].person_id for visit in stays}
    early = [[signature] for signature in signatures if signature.person_id in patients]
    late = [[signature] for signature in signatures if signature.person_id not in patients]
    await _each(CONTRACTS_OF_INPATIENTS, early, sign, progress)
    await _each(STAYS, [[visit] for visit in stays], close, progress)
    outpatients = [visit for visit in visits if visit.type != "inpatient"]
    await _each(OUTPATIENTS, _by_person(outpatients), close, progress)
    await _each(CONTRACTS, late, sign, progress)
    home = sum(known[visit.visit_no].grade in _RECOGNISED for visit in stays)
    await see_home(callers.township, home, prefix, progress, within_s=_FOLLOWS_WITHIN_S)
    await _figures_stand(callers.director, len(visits), len(signatures), progress)


async def recognise(hospital: Caller, visit: Visit, prefix: str) -> Recognised:
    """Ask who the patient is.

    Raises:
        DemoRefused: the question was refused.
    """
    answer = await hospital.post(
        "/identity/v1/recognitions",
        f"{prefix}-{visit.visit_no}-recognise",
        visit.recognition_body(),
    )
    return Recognised(str(answer["grade"]), answer.get("person_id"))


async def settle(hospital: Caller, visit: Visit, known: Recognised, prefix: str) -> dict[str, Any]:
    """Charges, discharge and settlement of a visit; gives the breakdown.

    Raises:
        DemoRefused: a call was refused.
        WaitedTooLong: the recognition's event opened no encounter.
    """
    encounter_id = await _encounter(hospital, visit, known, prefix)
    path = f"/claims/v1/encounters/{encounter_id}"
    key = f"{prefix}-{visit.visit_no}"
    for batch in visit.charge_bodies():
        await hospital.post(f"{path}/charges", f"{key}-{batch['batch_no']}", batch)
    await hospital.post(f"{path}/discharge", f"{key}-discharge", visit.discharge_body())
    breakdown: dict[str, Any] = await hospital.post(f"{path}/settlement", f"{key}-settle")
    return breakdown


async def _encounter(hospital: Caller, visit: Visit, known: Recognised, prefix: str) -> str:
    """The visit's case: a recognised patient's opens by itself, another's the hospital opens."""
    path = "/claims/v1/encounters"
    if known.grade not in _RECOGNISED:
        key = f"{prefix}-{visit.visit_no}-register"
        registered = await hospital.post(path, key, visit.registration_body())
        return str(registered["encounter_id"])

    async def look() -> str | None:
        found = await hospital.get(path, visit_no=visit.visit_no, facility_code=visit.facility_code)
        return str(found["items"][0]["encounter_id"]) if found["items"] else None

    return await eventually(
        look, within_s=_FOLLOWS_WITHIN_S, what="the encounter opened by a recognition"
    )


async def _import_roster(office: Caller, roster: bytes, prefix: str, progress: Progress) -> None:
    progress(ROSTER, 0, 2)
    verdict = await office.upload(
        "/identity/v1/roster-imports",
        f"{prefix}-roster",
        roster,
        {"source": "poverty_office", "effective_on": ROSTER_DAY.isoformat(), "mode": "full"},
    )
    if verdict["rejected"]:
        raise RosterRefused(f"{verdict['rejected']} of {verdict['rows']} rows were rejected")
    progress(ROSTER, 1, 2)
    await office.post(
        f"/identity/v1/roster-imports/{verdict['import_id']}/apply", f"{prefix}-apply"
    )
    progress(ROSTER, 2, 2)


async def _fill_teams(township: Caller, seed: int, prefix: str, progress: Progress) -> None:
    teams = (await township.get("/contracts/v1/teams"))["items"]
    progress(TEAMS, 0, len(teams))
    for done, team in enumerate(teams, start=1):
        code = team["team"]
        for body in members(code, seed=seed):
            key = f"{prefix}-team-{code}-{body['role']}"
            await township.post(f"/contracts/v1/teams/{code}/members", key, body)
        progress(TEAMS, done, len(teams))


async def _signatures(office: Caller, expected: int, seed: int) -> list[Signature]:
    """Who signs and when: 85 of 100 registered people.

    The people are learned from identity's event feed, in the order in which they entered.
    """
    rng = stream(seed, "contracts")
    return [
        Signature(person_id, _FIRST_SIGNING + timedelta(days=rng.randrange(_SIGNING_DAYS)))
        for person_id in await _entered(office, expected)
        if chance(rng, CONTRACT_SHARE)
    ]


async def _sign(township: Caller, signature: Signature, prefix: str) -> None:
    """A person signs with the team of the own township."""
    await township.post(
        "/contracts/v1/contracts",
        f"{prefix}-sign-{signature.person_id}",
        {"person_id": signature.person_id, "signed_on": signature.signed_on.isoformat()},
    )


async def _entered(office: Caller, expected: int) -> list[str]:
    """The first people who entered the registry, by the event feed."""
    people: list[str] = []
    after = 0

    async def look() -> list[str] | None:
        nonlocal after
        while len(people) < expected:
            page = await office.get("/identity/v1/events", after=after, limit=_PAGE)
            if not page["items"]:
                return None
            after = page["next_after"]
            people.extend(
                event["data"]["person_id"]
                for event in page["items"]
                if event["type"].endswith(".person.entered.v1")
            )
        return people[:expected]

    return await eventually(look, within_s=_FOLLOWS_WITHIN_S, what="the people's events")


async def _figures_stand(
    director: Caller, settled: int, contracted: int, progress: Progress
) -> None:
    """Waits until the county's page counts every settled visit and every contract."""
    expected = settled + contracted
    progress(CATCHING_UP, 0, expected)

    async def look() -> bool | None:
        page = await director.get("/reporting/v1/dashboard", period="2016-H1")
        counted = min(page["visits"]["settled"], settled)
        counted += min(page["people"]["contracted"], contracted)
        progress(CATCHING_UP, counted, expected)
        return True if counted == expected else None

    await eventually(look, within_s=_FOLLOWS_WITHIN_S, what="the figures of every settlement")


def _by_person(visits: Iterable[Visit]) -> list[list[Visit]]:
    """Visits of one person stay in order: a yearly base is used up visit by visit."""
    queues: dict[str, list[Visit]] = {}
    for visit in visits:
        queues.setdefault(visit.person_key, []).append(visit)
    return list(queues.values())


async def _each(
    stage: str, queues: Sequence[Sequence[Any]], do: Callable[[Any], Any], progress: Progress
) -> None:
    """Does every item: items of one queue in order, :data:`CONCURRENCY` queues at once."""
    total = sum(len(queue) for queue in queues)
    waiting = iter(queues)
    done = 0
    progress(stage, 0, total)

    async def work() -> None:
        nonlocal done
        for queue in waiting:
            for item in queue:
                await do(item)
                done += 1
                progress(stage, done, total)

    try:
        async with asyncio.TaskGroup() as workers:
            for _ in range(CONCURRENCY):
                workers.create_task(work())
    except ExceptionGroup as failures:
        # The first failure has cancelled the other workers; it alone says what is wrong.
        raise failures.exceptions[0] from None


class DemoLoader:
    """Loads the county once into the embedded host; carries on where an earlier start stopped."""

    def __init__(
        self,
        app: ASGIApp,
        settings: RuntimeSettings,
        data_dir: Path,
        *,
        seed: int = SEED,
        outpatient_visits: int = OUTPATIENT_VISITS,
    ) -> None:
        self._app = app
        self._settings = settings
        self._seed = seed
        self._outpatient_visits = outpatient_visits
        self._record = data_dir / "demo.json"

    async def needed(self) -> bool:
        """Whether the registry is empty, or an earlier load did not come to its end."""
        if self._record.exists():
            record = json.loads(self._record.read_text(encoding="utf-8"))
            return str(record["state"]) != "loaded"
        async with self._http() as http:
            office = Callers.of(http, self._secrets()).poverty_office
            page = await office.get("/identity/v1/events", after=0, limit=1)
        return not page["items"]

    async def load(self, progress: Progress) -> None:
        """Feed the county through the application's own HTTP interface.

        Raises:
            DemoRefused, WaitedTooLong, RosterRefused: as :func:`load_county`.
        """
        region = load_region(self._settings.pack, self._settings.pack_dirs)
        self._note("loading")
        async with self._http() as http:
            await load_county(
                Callers.of(http, self._secrets()),
                region,
                progress,
                seed=self._seed,
                outpatient_visits=self._outpatient_visits,
            )
        self._note("loaded")

    def _http(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self._app), base_url="http://yizhan", timeout=120
        )

    def _secrets(self) -> dict[str, str]:
        if self._settings.clients_file is None:
            raise ValueError("the host has no clients file to take the secrets from")
        return secrets_of(self._settings.clients_file)

    def _note(self, state: str) -> None:
        self._record.write_text(
            json.dumps({"state": state, "seed": self._seed}) + "\n", encoding="utf-8"
        )


def secrets_of(clients_file: Path) -> dict[str, str]:
    """The secrets of :data:`CLIENTS` from a clients file.

    Raises:
        LookupError: a client is missing, or keeps its secret elsewhere.
    """
    clients = ClientsFile(clients_file)
    secrets: dict[str, str] = {}
    for client_id in CLIENTS:
        secret = clients.secret_of(client_id)
        if secret is None:
            raise LookupError(f"client {client_id!r} has no secret in {clients_file}")
        secrets[client_id] = secret
    return secrets
