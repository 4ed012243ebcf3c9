"""The balance sheet while many change what it counts: equal at every moment."""

import asyncio
import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx

from shared.events.base import Envelope
from shared.events.catalog import CategoryPeriod, PersonChanged, PersonEntered, PersonLeft
from tests.integration.contracts.stories import entered
from tests.integration.contracts.test_balance_sheet import API, VILLAGES, numbers, sheet
from tests.integration.contracts.test_contract_states import get
from tests.support.service import Running, envelope


class Storm:
    """Sixteen workers that sign, end, exempt, move, remove and enter the same persons."""

    def __init__(self, service: Running, client: httpx.AsyncClient) -> None:
        self.service = service
        self.client = client
        self.people = [f"P{i:02}" for i in range(12)]
        self.sequence = dict.fromkeys(self.people, 1)
        self.order = {person: asyncio.Lock() for person in self.people}
        self.statuses: set[int] = set()

    async def work(self, seed: int) -> None:
        choose = random.Random(seed)
        acts = (self.sign, self.sign, self.end, self.refuse, self.exempt, self.move, self.leave)
        for _ in range(8):
            await choose.choice(acts)(choose, choose.choice(self.people))

    async def post(self, path: str, **body: Any) -> Any:
        answer = await self.client.post(f"{API}/{path}", json=body)
        self.statuses.add(answer.status_code)
        assert answer.status_code < 500, answer.text
        return answer.json()

    async def sign(self, choose: random.Random, person: str) -> None:
        day = f"2016-0{choose.choice((1, 2, 3))}-0{choose.randint(1, 9)}"
        await self.post("contracts", person_id=person, signed_on=day)

    async def end(self, choose: random.Random, person: str) -> None:
        query = {"person_id": person, "status": "in_force"}
        items = (await self.client.get(f"{API}/contracts", params=query)).json()["items"]
        for item in items:
            path = f"contracts/{item['contract_id']}/terminate"
            await self.post(path, reason="own_request", ended_on="2016-03-10")

    async def refuse(self, choose: random.Random, person: str) -> None:
        await self.post("contracts", person_id=person, status="refused", evidence="拒签告知书")

    async def exempt(self, choose: random.Random, person: str) -> None:
        reason = choose.choice(("died", "long_absence", "unreachable"))
        day = f"2016-0{choose.choice((2, 3))}-0{choose.randint(1, 9)}"
        await self.post(
            "exemptions", person_id=person, reason=reason, valid_from=day, evidence="证明"
        )

    async def move(self, choose: random.Random, person: str) -> None:
        await self._tell(PersonChanged, person, choose, until=None)

    async def leave(self, choose: random.Random, person: str) -> None:
        gone = choose.random() < 0.6
        kind = PersonLeft if gone else PersonEntered
        await self._tell(kind, person, choose, until=date(2016, 2, 20) if gone else None)

    async def _tell(
        self,
        kind: type[PersonEntered | PersonChanged | PersonLeft],
        person: str,
        choose: random.Random,
        *,
        until: date | None,
    ) -> None:
        """As the bus does: one person's events come one after the other."""
        async with self.order[person]:
            self.sequence[person] += 1
            at = datetime(2016, 2, 1, tzinfo=UTC) + timedelta(minutes=self.sequence[person])
            township, village = choose.choice(VILLAGES)
            period = CategoryPeriod(
                code="registered_poor", valid_from=date(2015, 1, 1), valid_to=until
            )
            data = kind(
                person_id=person,
                township=township,
                village=village,
                categories=(period,),
                effective_on=date(2016, choose.choice((2, 3)), choose.randint(1, 9)),
                recorded_at=at,
            )
            event: Envelope[Any] = envelope(data, sequence=self.sequence[person], at=at)
            await self.service.deliver(event)


async def recount(service: Running, day: date) -> tuple[Any, ...]:
    """The sheet once more, person by person in Python, from the rows."""
    people = await service.rows("SELECT person_id, categories FROM people")
    days = "SELECT person_id, valid_from, COALESCE(ended_on, valid_to + 1) AS ends"
    contracts = await service.rows(f"{days} FROM contracts WHERE valid_from IS NOT NULL")
    exemptions = await service.rows(f"{days}, reason FROM exemptions")

    def holding(rows: list[dict[str, Any]], person: str) -> list[dict[str, Any]]:
        return [
            row
            for row in rows
            if row["person_id"] == person
            and row["valid_from"] <= day
            and (row["ends"] is None or day < row["ends"])
        ]

    registry = signed = unresolved = 0
    reasons: dict[str, int] = {}
    for person in people:
        if not any(
            str(c["valid_from"]) <= str(day) <= (c["valid_to"] or "9") for c in person["categories"]
        ):
            continue
        registry += 1
        held, why = (holding(rows, person["person_id"]) for rows in (contracts, exemptions))
        assert len(held) <= 1
        assert len(why) <= 1
        assert not (held and why), "whoever is under contract is not exempt"
        if held:
            signed += 1
        elif why:
            reasons[why[0]["reason"]] = reasons.get(why[0]["reason"], 0) + 1
        else:
            unresolved += 1
    return registry, signed, dict(sorted(reasons.items())), unresolved


async def test_it_is_never_off_by_one(contracts: Running) -> None:
    """Goal: equal at every moment while sixteen workers sign, end, refuse, exempt, move, remove
    and enter the same twelve persons, and afterwards what a recount by person gives.

    Method: 128 acts at once on real PostgreSQL; the sheet is read all the while, live and for
    past months, each reading checked for equality in sum and by village.
    """
    async with contracts.client() as client:
        storm = Storm(contracts, client)
        await contracts.deliver(*(entered(person) for person in storm.people))
        workers = [asyncio.create_task(storm.work(seed)) for seed in range(16)]
        readings = 0
        while not all(worker.done() for worker in workers):
            for month in ("", "2016-02"):
                found = await sheet(contracts, month=month)
                assert found["registry"] <= len(storm.people)
                readings += 1
            listed = await get(contracts, "balance-sheet/persons", limit=200)
            seen = [item["person_id"] for item in listed["items"]]
            assert len(seen) == len(set(seen))
        await asyncio.gather(*workers)
    assert readings > 2
    assert {201, 409} <= storm.statuses
    for month, day in (
        ("", date(2016, 3, 10)),
        ("2016-02", date(2016, 2, 29)),
        ("2016-01", date(2016, 1, 31)),
    ):
        assert numbers(await sheet(contracts, month=month)) == await recount(contracts, day)
