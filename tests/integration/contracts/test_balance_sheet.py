"""The balance sheet and exempt reasons, on real PostgreSQL: always equal, at any month's end."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from services.contracts.balance.domain import MonthMalformed, MonthNotBegun, day_of
from shared.events.catalog import CategoryPeriod, PersonChanged, PersonEntered, PersonLeft
from tests.integration.contracts.stories import JINHE, JINHE_TEAM, YONGHE, entered
from tests.integration.contracts.test_contract_states import begin, get, post, told
from tests.support.merges import merged, unmerged
from tests.support.service import Running, envelope

API = "/contracts/v1"
VILLAGES = ((JINHE, "曙光村"), (YONGHE, "永乐村"))


async def sheet(service: Running, area: str = "", month: str = "") -> Any:
    query = {k: v for k, v in (("area", area), ("month", month)) if v}
    found = await get(service, "balance-sheet", **query)
    assert found["registry"] == found["signed"] + found["exempt_total"] + found["unresolved"]
    assert found["exempt_total"] == sum(each["count"] for each in found["exempt"])
    for name in ("registry", "signed", "unresolved"):
        assert sum(village[name] for village in found["villages"]) == found[name]
    return found


def numbers(found: Any) -> tuple[Any, ...]:
    exempt = {each["reason"]: each["count"] for each in found["exempt"]}
    return found["registry"], found["signed"], exempt, found["unresolved"]


async def exempt(
    service: Running, person: str, reason: str, expected: int = 201, **body: Any
) -> Any:
    values = {"valid_from": "2016-02-01", "evidence": "村委会证明", **body}
    return await post(service, "exemptions", expected, person_id=person, reason=reason, **values)


class TestSheet:
    async def test_the_worked_example(self, contracts: Running) -> None:
        """Goal: LP-32's own example: 100 listed, 20 away, 5 refuse, so 75 are to be contracted.

        Method: exactly these, 70 signed; the persons behind each number; the reading is logged.
        """
        await contracts.deliver(*(entered(f"P{i:03}") for i in range(100)))
        async with contracts.client() as client:
            for i in range(70):
                body = {"person_id": f"P{i:03}", "signed_on": "2016-01-05"}
                assert (await client.post(f"{API}/contracts", json=body)).status_code == 201
            for i in range(70, 95):
                reason = "long_absence" if i < 90 else "refused"
                body = {
                    "person_id": f"P{i:03}",
                    "reason": reason,
                    "valid_from": "2016-02-01",
                    "evidence": "村委会证明",
                }
                assert (await client.post(f"{API}/exemptions", json=body)).status_code == 201
        found = await sheet(contracts, f"{JINHE}/曙光村")
        assert numbers(found) == (100, 70, {"long_absence": 20, "refused": 5}, 5)
        assert (found["denominator"], found["contract_rate"]) == (75, "0.9333")
        listed = await get(contracts, "balance-sheet/persons", bucket="refused", limit=3)
        assert [item["person_id"] for item in listed["items"]] == ["P090", "P091", "P092"]
        assert listed["items"][0]["valid_to"] == "2017-01-30"
        rest = await get(
            contracts, "balance-sheet/persons", bucket="refused", cursor=listed["next_cursor"]
        )
        assert [item["person_id"] for item in rest["items"]] == ["P093", "P094"]
        logged = await contracts.rows(
            "SELECT detail FROM audit_log WHERE action = 'balance_sheet.persons_read'"
        )
        assert len(logged) == 2

    async def test_a_month_ends_as_it_was(self, contracts: Running) -> None:
        """Goal: a month's sheet stands for its last day: homes, contracts, reasons, registry.

        Method: P1 moves in March, P2's reason expires, P3 leaves, P4 signs and ends; months around.
        """
        await contracts.deliver(*(entered(f"P{i}") for i in (1, 2, 3, 4)))
        moved = PersonChanged(
            person_id="P1",
            township=YONGHE,
            village="永乐村",
            categories=(CategoryPeriod(code="registered_poor", valid_from=date(2015, 1, 1)),),
            effective_on=date(2016, 3, 5),
            recorded_at=datetime(2016, 3, 5, tzinfo=UTC),
        )
        await contracts.deliver(
            envelope(moved, sequence=2, at=datetime(2016, 3, 5, tzinfo=UTC)),
            told(PersonLeft, 2, until="2016-02-29", reason="died", person_id="P3"),
        )
        await exempt(contracts, "P2", "temporary_absence", valid_to="2016-03-04")
        signed = await begin(contracts, "P4")
        await post(
            contracts,
            f"contracts/{signed['contract_id']}/terminate",
            reason="own_request",
            ended_on="2016-03-01",
        )
        january, february = (
            await sheet(contracts, JINHE, "2016-01"),
            await sheet(contracts, JINHE, "2016-02"),
        )
        assert numbers(january) == (4, 1, {}, 3)
        assert numbers(february) == (4, 1, {"temporary_absence": 1}, 2)
        now = await sheet(contracts, month="2016-03")
        assert now["as_of"] == "2016-03-10"
        assert numbers(now) == (3, 0, {}, 3)
        assert numbers(await sheet(contracts, YONGHE, "2016-03")) == (1, 0, {}, 1)
        assert numbers(await sheet(contracts, YONGHE, "2016-02")) == (0, 0, {}, 0)

    async def test_whose_numbers_one_sees(self, contracts: Running) -> None:
        """Goal: a township its own, its hospital's team too, the county all; wrong input is told."""
        await contracts.deliver(entered("P1"), entered("P2", *VILLAGES[1]))
        for organisation in (f"township:{JINHE}", f"facility:{JINHE_TEAM}"):
            async with contracts.client(organisation) as client:
                own = (await client.get(f"{API}/balance-sheet")).json()
                assert (own["area"], own["registry"]) == (JINHE, 1)
                foreign = await client.get(f"{API}/balance-sheet", params={"area": YONGHE})
                assert (foreign.status_code, foreign.json()["code"]) == (403, "area_not_yours")
                persons = await client.get(f"{API}/balance-sheet/persons")
                assert [p["person_id"] for p in persons.json()["items"]] == ["P1"]
        async with contracts.client() as client:
            for query, field in (
                ({"month": "2016-13"}, "month"),
                ({"month": "2016-04"}, "month"),
                ({"area": "别处"}, "area"),
            ):
                answer = await client.get(f"{API}/balance-sheet", params=query)
                assert answer.json()["errors"][0]["field"] == field
            answer = await client.get(f"{API}/balance-sheet/persons", params={"bucket": "x"})
            assert answer.json()["errors"][0]["field"] == "bucket"

    def test_the_day_of_a_month(self) -> None:
        """Goal: last days, leap years, the running month. Method: dates around them."""
        today = date(2016, 3, 10)
        assert day_of(None, today) == day_of("2016-03", today) == today
        assert day_of("2016-02", today) == date(2016, 2, 29)
        assert day_of("2015-12", today) == date(2015, 12, 31)
        for wrong, fault in (("2016-3", MonthMalformed), ("2016-04", MonthNotBegun)):
            with pytest.raises(fault):
                day_of(wrong, today)


class TestExemptions:
    async def test_a_death_ends_the_contract_and_absence_does_not(self, contracts: Running) -> None:
        """Goal: a contract stands against a reason unless the reason ends it. Method: both."""
        await contracts.deliver(entered())
        contract = await begin(contracts)
        against = await exempt(contracts, "P1", "long_absence", 409)
        assert against["code"] == "contract_in_force"
        died = await exempt(contracts, "P1", "died", valid_from="2016-03-02")
        assert (died["valid_to"], died["status"]) == (None, "in_force")
        ended = await get(contracts, f"contracts/{contract['contract_id']}")
        assert (ended["end_reason"], ended["ended_on"]) == ("died", "2016-03-02")
        assert numbers(await sheet(contracts)) == (1, 0, {"died": 1}, 0)
        assert numbers(await sheet(contracts, month="2016-02")) == (1, 1, {}, 0)

    async def test_a_new_reason_follows_the_old_one_and_both_end(self, contracts: Running) -> None:
        """Goal: one reason a day; ended once; evidence encrypted and its reading logged."""
        await contracts.deliver(entered())
        first = await exempt(contracts, "P1", "unreachable", valid_from="2016-02-20")
        second = await exempt(contracts, "P1", "refused", valid_from="2016-03-01")
        again = await exempt(contracts, "P1", "long_absence", 409, valid_from="2016-02-25")
        assert again["code"] == "exemption_overlaps"
        before = await get(contracts, f"exemptions/{first['exemption_id']}")
        assert (before["status"], before["end_reason"], before["ended_on"]) == (
            "ended", "replaced", "2016-03-01",
        )  # fmt: skip
        assert before["evidence"] == "村委会证明"
        path = f"exemptions/{second['exemption_id']}/end"
        ended = await post(contracts, path, ended_on="2016-03-08", reason="willing")
        assert ended["status"] == "ended"
        twice = await post(contracts, path, 409, ended_on="2016-03-08")
        assert twice["code"] == "exemption_ended_already"
        assert numbers(await sheet(contracts)) == (1, 0, {}, 1)
        events = [e for e in await contracts.published() if ".exemption." in e["type"]]
        assert [e["type"].split(".")[4] for e in events] == [
            "recorded", "ended", "recorded", "ended",
        ]  # fmt: skip
        assert "村委会" not in str(events)
        listed = await get(contracts, "exemptions", person_id="P1", status="ended")
        assert len(listed["items"]) == 2
        logged = await contracts.rows("SELECT 1 FROM audit_log WHERE action = 'exemption.read'")
        assert len(logged) == 1

    async def test_wrong_input_is_told(self, contracts: Running) -> None:
        """Goal: field, fault and cure; nothing is stored. Method: one wrong thing at a time."""
        await contracts.deliver(entered())
        for field, body in (
            ("reason", {"reason": "bored"}),
            ("valid_from", {"valid_from": "2016-03-11"}),
            ("valid_to", {"valid_to": "2030-01-01"}),
        ):
            values = {"reason": "refused", **body}
            wrong = await exempt(contracts, "P1", values.pop("reason"), 422, **values)
            assert wrong["errors"][0]["field"] == field
            assert wrong["errors"][0]["message_zh"]
        await exempt(contracts, "P1", "refused", 422, evidence=" ")
        async with contracts.client(f"township:{YONGHE}") as client:
            body = {
                "person_id": "P1",
                "reason": "refused",
                "valid_from": "2016-03-01",
                "evidence": "x",
            }
            foreign = await client.post(f"{API}/exemptions", json=body)
            assert foreign.status_code == 403
        assert await contracts.rows("SELECT 1 FROM exemptions") == []

    async def test_a_reason_recorded_meanwhile_stands_against_the_old_contract(
        self, contracts: Running
    ) -> None:
        """Goal: nobody is under contract and exempt. Method: off the registry, exempt, back on."""
        await contracts.deliver(entered())
        contract = await begin(contracts)
        await contracts.deliver(told(PersonLeft, 2, until="2016-02-20", reason="not_listed"))
        await exempt(contracts, "P1", "long_absence", valid_from="2016-03-01")
        await contracts.deliver(told(PersonEntered, 3))
        assert numbers(await sheet(contracts)) == (1, 0, {"long_absence": 1}, 0)
        still = await get(contracts, f"contracts/{contract['contract_id']}")
        assert still["status"] == "ended"

    async def test_the_list_of_reasons(self, contracts: Running) -> None:
        """Goal: the shipped defaults. Method: read them."""
        items = (await get(contracts, "exempt-reasons"))["items"]
        by_code = {item["reason"]: item for item in items}
        assert by_code["refused"]["leaves_denominator"] is True
        assert by_code["died"] == {
            "reason": "died",
            "name_zh": "死亡",
            "name_en": "Died",
            "days": None,
            "leaves_denominator": False,
            "ends_contract": True,
        }

    async def test_merged_persons_are_counted_once(self, contracts: Running) -> None:
        """Goal: one person, one place; undone exactly. Method: A refused, K signed; merged."""
        await contracts.deliver(entered("K"), entered("A"))
        await exempt(contracts, "A", "refused")
        assert numbers(await sheet(contracts)) == (2, 0, {"refused": 1}, 1)
        await contracts.deliver(merged())
        assert numbers(await sheet(contracts)) == (1, 0, {"refused": 1}, 0)
        signed = await begin(contracts, "K", signed_on="2016-03-01")
        assert numbers(await sheet(contracts)) == (1, 1, {}, 0)
        assert signed["person_id"] == "K"
        await contracts.deliver(unmerged())
        assert numbers(await sheet(contracts)) == (2, 1, {}, 1)
