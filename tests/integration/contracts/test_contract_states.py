"""The states of a contract over HTTP and by the registry's events, on real PostgreSQL."""

import random
from datetime import date
from typing import Any

import pytest

from services.contracts.contracts.domain import CLOSED, possible
from shared.events.base import Envelope
from shared.events.catalog import CategoryPeriod, PersonChanged, PersonEntered, PersonLeft
from tests.integration.contracts.stories import (
    JINHE,
    JINHE_TEAM,
    YONGHE,
    YONGHE_TEAM,
    entered,
)
from tests.support.merges import merged, unmerged
from tests.support.service import Running, envelope, shuffled

CONTRACTS = "/contracts/v1/contracts"


async def post(service: Running, path: str, expected: int = 200, **body: Any) -> Any:
    async with service.client() as client:
        answer = await client.post(f"/contracts/v1/{path}", json=body)
    assert answer.status_code == expected, answer.text
    return answer.json()


async def begin(service: Running, person_id: str = "P1", expected: int = 201, **body: Any) -> Any:
    return await post(
        service, "contracts", expected, person_id=person_id, **{"signed_on": "2016-01-05", **body}
    )


async def offer_to(service: Running, person_id: str = "P1", **body: Any) -> Any:
    return await post(service, "contracts", 201, person_id=person_id, status="invited", **body)


async def get(service: Running, path: str, **query: Any) -> Any:
    async with service.client() as client:
        answer = await client.get(f"/contracts/v1/{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def told(
    kind: type[PersonEntered | PersonChanged | PersonLeft],
    sequence: int,
    *,
    until: str | None = None,
    reason: str | None = None,
    person_id: str = "P1",
) -> Envelope[Any]:
    """The person on the registry, or off it since the day after ``until``."""
    known = entered(person_id, sequence=sequence)
    last = date.fromisoformat(until) if until else None
    period = CategoryPeriod(code="registered_poor", valid_from=date(2015, 1, 1), valid_to=last)
    data = kind(
        person_id=person_id,
        household_id="H1",
        township=JINHE,
        village="曙光村",
        categories=(period,),
        effective_on=date(2016, 3, 1),
        recorded_at=known.time,
        reason=reason,
    )
    return envelope(data, sequence=sequence, at=known.time)


class TestSteps:
    async def test_from_the_invitation_to_the_signature(self, contracts: Running) -> None:
        """Goal: each step dated and attributed. Method: invite, apply, sign; look at the history,
        the lists of each state and the events."""
        await contracts.deliver(entered())
        offer = await offer_to(contracts, on="2016-02-01")
        assert (offer["status"], offer["signed_on"]) == ("invited", None)
        assert offer["next_steps"] == ["apply", "refuse", "sign", "withdraw"]
        path = f"contracts/{offer['contract_id']}"
        assert (await post(contracts, f"{path}/apply", on="2016-02-03"))["status"] == "pending"
        (listed,) = (await get(contracts, "contracts", status="pending"))["items"]
        assert listed["contract_id"] == offer["contract_id"]
        assert await contracts.published() == []
        early = await post(contracts, f"{path}/sign", 422, signed_on="2016-02-02")
        assert early["errors"][0]["code"] == "before_last_step"
        signed = await post(contracts, f"{path}/sign", signed_on="2016-02-05")
        assert (signed["status"], signed["valid_to"]) == ("signed", "2017-02-04")
        steps = (await get(contracts, f"{path}/steps"))["items"]
        assert [(s["step"], s["on"], s["recorded_by"]) for s in steps] == [
            ("invite", "2016-02-01", "tester"),
            ("apply", "2016-02-03", "tester"),
            ("sign", "2016-02-05", "tester"),
        ]
        again = await post(contracts, f"{path}/sign", 409, signed_on="2016-02-06")
        assert again["code"] == "step_not_allowed"
        (event,) = await contracts.published()
        assert event["payload"]["signed_on"] == "2016-02-05"

    async def test_a_signature_takes_up_the_open_offer(self, contracts: Running) -> None:
        """Goal: no offer stays behind a signature. Method: invite twice, sign without its id."""
        await contracts.deliver(entered())
        offer = await offer_to(contracts, on="2016-01-02")
        second = await post(contracts, "contracts", 409, person_id="P1", status="invited")
        assert second["code"] == "offer_open_already"
        signed = await begin(contracts)
        assert signed["contract_id"] == offer["contract_id"]
        assert len((await get(contracts, "contracts"))["items"]) == 1

    async def test_a_refusal_is_an_exempt_reason_too(self, contracts: Running) -> None:
        """Goal: refused, dated, evidenced, expiring. Method: refuse an offer; look everywhere."""
        await contracts.deliver(entered())
        missing = await post(contracts, "contracts", 422, person_id="P1", status="refused")
        assert "evidence" in missing["errors"][0]["message"]
        offer = await offer_to(contracts, on="2016-02-01")
        refused = await post(
            contracts,
            f"contracts/{offer['contract_id']}/refuse",
            on="2016-02-10",
            evidence="本人签字拒签告知书",
        )
        assert (refused["status"], refused["next_steps"]) == ("refused", [])
        events = await contracts.published()
        assert [e["type"].split(".")[3] for e in events] == ["contract", "exemption"]
        told_of = events[1]["payload"]
        assert (told_of["reason"], told_of["valid_to"]) == ("refused", "2017-02-08")
        assert told_of["leaves_denominator"] is True
        (row,) = await contracts.rows("SELECT evidence FROM exemptions")
        assert "告知书".encode() not in row["evidence"]
        await begin(contracts, signed_on="2016-03-01")
        (row,) = await contracts.rows("SELECT ended_on, end_reason FROM exemptions")
        assert (row["ended_on"], row["end_reason"]) == (date(2016, 3, 1), "signed")

    async def test_a_renewal_makes_the_term_longer(self, contracts: Running) -> None:
        """Goal: at least another year, in the term only. Method: too short, too late, as asked."""
        await contracts.deliver(entered())
        contract = await begin(contracts)
        path = f"contracts/{contract['contract_id']}/renew"
        short = await post(contracts, path, 422, valid_to="2018-01-03")
        assert short["errors"][0]["code"] == "term_too_short"
        renewed = await post(contracts, path, renewed_on="2016-03-09")
        assert (renewed["status"], renewed["valid_to"]) == ("renewed", "2018-01-04")
        event = (await contracts.published())[-1]
        assert event["type"].endswith("contract.renewed.v1")
        assert event["payload"]["effective_on"] == "2017-01-05"
        old = await begin(contracts, "P1", 409, signed_on="2016-01-01")
        assert old["code"] == "contract_overlaps"
        await contracts.deliver(entered("P2"))
        over = await begin(contracts, "P2", signed_on="2015-01-05")
        late = await post(contracts, f"contracts/{over['contract_id']}/renew", 409)
        assert late["code"] == "contract_expired"

    async def test_a_transfer_goes_on_with_another_team(self, contracts: Running) -> None:
        """Goal: no day without and none with two. Method: transfer; both contracts, events."""
        await contracts.deliver(entered())
        contract = await begin(contracts)
        path = f"contracts/{contract['contract_id']}/transfer"
        same = await post(contracts, path, 422, team=JINHE_TEAM)
        assert same["errors"][0]["code"] == "same_team"
        following = await post(contracts, path, team=YONGHE_TEAM, on="2016-03-01")
        assert following["transferred_from"] == contract["contract_id"]
        assert (following["team"], following["valid_from"], following["valid_to"]) == (
            YONGHE_TEAM, "2016-03-01", "2017-01-04",
        )  # fmt: skip
        before = await get(contracts, f"contracts/{contract['contract_id']}")
        assert (before["status"], before["ended_on"]) == ("transferred", "2016-03-01")
        assert [e["type"].split(".")[4] for e in await contracts.published()] == [
            "signed", "transferred", "signed",
        ]  # fmt: skip
        again = await post(contracts, path, 409, team=YONGHE_TEAM)
        assert again["code"] == "step_not_allowed"
        (listed,) = (await get(contracts, "contracts", status="in_force"))["items"]
        assert listed["contract_id"] == following["contract_id"]


class TestRegistry:
    @pytest.mark.parametrize(
        ("reason", "ended"),
        [("died", "died"), ("moved", "moved_away"), ("not_listed", "left_roster")],
    )
    async def test_who_leaves_has_no_contract(
        self, contracts: Running, reason: str, ended: str
    ) -> None:
        """Goal: it ends by the event, on the day after the last one on the registry; nobody who
        left is signed. Method: leave for each reason."""
        await contracts.deliver(entered())
        contract = await begin(contracts)
        await contracts.deliver(told(PersonLeft, 2, until="2016-02-29", reason=reason))
        now = await get(contracts, f"contracts/{contract['contract_id']}")
        assert (now["status"], now["ended_on"], now["end_reason"]) == ("ended", "2016-03-01", ended)
        event = (await contracts.published())[-1]
        assert (event["payload"]["reason"], event["payload"]["effective_on"]) == (
            ended, "2016-03-01",
        )  # fmt: skip
        gone = await begin(contracts, expected=409, signed_on="2016-03-05")
        assert gone["code"] == "person_left_registry"

    async def test_a_slip_of_the_roster_costs_no_contract(self, contracts: Running) -> None:
        """Goal: back on the registry, the contract holds again, unless another one took its place;
        what people ended stays ended. Method: leave and return; with a new contract; after an end."""
        await contracts.deliver(entered())
        contract = await begin(contracts)
        path = f"contracts/{contract['contract_id']}"
        away = told(PersonLeft, 2, until="2016-02-29", reason="not_listed")
        await contracts.deliver(away, told(PersonEntered, 3))
        assert (await get(contracts, path))["status"] == "signed"
        assert (await contracts.published())[-1]["type"].endswith("contract.signed.v1")
        await contracts.deliver(away)
        assert (await get(contracts, path))["status"] == "signed"
        await post(contracts, f"{path}/terminate", reason="own_request", ended_on="2016-03-02")
        await contracts.deliver(told(PersonLeft, 4, until="2016-03-05"), told(PersonEntered, 5))
        assert (await get(contracts, path))["end_reason"] == "own_request"

    async def test_a_corrected_history_brings_nobody_back(self, contracts: Running) -> None:
        """Goal: "changed" of somebody who left moves the day only. Method: another last day."""
        await contracts.deliver(entered())
        contract = await begin(contracts)
        await contracts.deliver(
            told(PersonLeft, 2, until="2016-02-29", reason="died"),
            told(PersonChanged, 3, until="2016-02-15", reason="died"),
        )
        now = await get(contracts, f"contracts/{contract['contract_id']}")
        assert (now["ended_on"], now["end_reason"]) == ("2016-02-16", "died")

    async def test_merges_are_followed_in_any_order(self, contracts: Running) -> None:
        """Goal: whose registration counts is the kept one's, undone exactly, in any order.

        Method: A has a contract and leaves, K stays; merged, the contract holds again; undone, it
        ends again; shuffled across topics, each event three times.
        """
        await contracts.deliver(entered("K"), entered("A", YONGHE, "永乐村"))
        contract = await begin(contracts, "A")
        gone = told(PersonLeft, 2, until="2016-02-29", person_id="A")
        path = f"contracts/{contract['contract_id']}"
        for number in (1, 2, 3):
            news = [gone, merged(number=number)]
            await contracts.deliver(*shuffled(news, number), marked=False)
            assert (await get(contracts, path))["status"] == "signed"
            await contracts.deliver(unmerged(number=number))
            assert (await get(contracts, path))["status"] == "ended"


async def test_random_walks_over_http_follow_the_machine(contracts: Running) -> None:
    """Goal: the service does what the machine says, and never two contracts on a day.

    Method: 120 random steps on three persons; a step succeeds if and only if the machine has it;
    the database's days and the histories are compared with the walk.
    """
    choose = random.Random(20160310)
    people = ("P1", "P2", "P3")
    await contracts.deliver(*(entered(person) for person in people))
    stages: dict[str, str] = {}
    paths: dict[str, list[str]] = {}
    bodies: dict[str, dict[str, Any]] = {
        "sign": {"signed_on": "2016-03-10"},
        "apply": {},
        "refuse": {"evidence": "拒签告知书"},
        "withdraw": {},
        "renew": {},
        "terminate": {"reason": "own_request", "ended_on": "2016-03-10"},
    }
    async with contracts.client() as client:
        for _ in range(120):
            person = choose.choice(people)
            if not stages or choose.random() < 0.25:
                status = choose.choice(("invited", "pending", "signed"))
                body = {"person_id": person, "status": status}
                if status == "signed":
                    body["signed_on"] = "2016-03-10"
                answer = await client.post(CONTRACTS, json=body)
                if answer.status_code == 409:
                    continue
                assert answer.status_code == 201, answer.text
                contract = answer.json()["contract_id"]
                paths.setdefault(contract, []).append(
                    {"invited": "invite", "pending": "apply", "signed": "sign"}[status]
                )
            else:
                contract = choose.choice(list(stages))
                step = choose.choice(list(bodies))
                answer = await client.post(f"{CONTRACTS}/{contract}/{step}", json=bodies[step])
                # A signature may also meet another contract of the person.
                if step == "sign" and answer.json().get("code") == "contract_overlaps":
                    continue
                # Ended on its first day it held on none, which makes it no contract in the term.
                expected = 200 if step in possible(stages[contract]) else 409  # type: ignore[arg-type]
                assert answer.status_code == expected, (stages[contract], step, answer.text)
                if expected == 409:
                    continue
                paths[contract].append(step)
            (row,) = await contracts.rows(
                "SELECT stage FROM contracts WHERE contract_id = :id", id=contract
            )
            stages[contract] = row["stage"]
    assert set(stages.values()) & CLOSED
    twice = await contracts.rows(
        "SELECT 1 FROM contracts a JOIN contracts b ON a.person_id = b.person_id"
        " AND a.contract_id < b.contract_id AND a.in_force && b.in_force"
    )
    assert twice == []
    for contract, path in paths.items():
        steps = await contracts.rows(
            "SELECT step, stage FROM contract_steps WHERE contract_id = :id ORDER BY number",
            id=contract,
        )
        assert [step["step"] for step in steps] == path
        assert steps[-1]["stage"] == stages[contract]
