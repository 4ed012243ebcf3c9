"""Monitoring over HTTP: flags once, two persons uphold, what is looked into is not cleared."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any

from shared.events.catalog import CategoryPeriod, FlagRaised, PersonChanged, PersonLeft
from tests.integration.claims.county import BILL_A, DISTRICT, TOWNSHIP, Claims, person

HALF = {"from": "2016-01-01", "to": "2016-06-30"}
NOTE = {"note": "核对病历"}
DEAR = {
    "line_no": 9, "name": "CT", "kind": "ct", "catalogue_class": "A", "amount": "120.00",
    "quantity": "1", "unit_price": "120.00", "price_limit": "100.00", "occurred_on": "2016-03-02",
}  # fmt: skip


async def irregular(claims: Claims) -> str:
    """A listed person's settled stay with one item twice a day above its limit; he died before it, as the register says later."""
    await claims.deliver(person())
    encounter = await claims.discharged(
        lines=[*BILL_A, DEAR, DEAR | {"line_no": 10}], person_id="p-1"
    )
    await claims.settled(encounter["encounter_id"])
    gone = CategoryPeriod(
        code="registered_poor", valid_from=date(2014, 1, 1), valid_to=date(2016, 2, 1)
    )
    left = person(PersonLeft, categories=(gone,), recorded_at="2016-03-09T09:00:00+08:00")
    await claims.deliver(left.model_copy(update={"reason": "died"}), sequence=2)
    return str(encounter["encounter_id"])


async def looked(claims: Claims) -> dict[str, tuple[int, int]]:
    answer = await claims.good("POST", "/monitoring-runs", HALF)
    return {r["rule"]: (r["found"], r["new"]) for r in answer["rules"] if r["found"]}


async def step(claims: Claims, flag_id: str, name: str, client: str) -> tuple[int, dict[str, Any]]:
    answer = await claims.call("POST", f"/flags/{flag_id}/{name}", NOTE, client=client)
    return answer.status_code, answer.json()


async def test_flags_are_raised_once_and_upheld_by_two(claims: Claims) -> None:
    """Goal: what the rules find becomes one flag each, with evidence and an event, however often
    and by how many at once it is looked for; two persons uphold; nobody is punished by it. Method:
    an irregular stay beside an honest one, four runs at once, then the case file's steps."""
    encounter_id = await irregular(claims)
    await claims.deliver(person(person_id="p-2"))
    honest = await claims.discharged(person_id="p-2")
    await claims.settled(honest["encounter_id"])
    runs = await asyncio.gather(*(looked(claims) for _ in range(4)))
    expected = {
        "visit_after_death": 1,
        "price_over_limit": 2,
        "repeated_item": 1,
    }
    for run in runs:
        assert {rule: found for rule, (found, _) in run.items()} == expected
    assert sum(new for run in runs for _, new in run.values()) == sum(expected.values())
    events = [e for e in await claims.events() if isinstance(e, FlagRaised)]
    assert len(events) == sum(expected.values())
    assert {e.encounter_ids for e in events} == {(encounter_id,)}
    (flag,) = (await claims.good("GET", "/flags", rule="visit_after_death"))["items"]
    assert flag["evidence"] == {"died_on": "2016-02-01", "days_after": 29}
    assert (flag["status"], flag["citation"], flag["steps"]) == ("open", "KZ-20", [])

    here = flag["flag_id"]
    explained = await claims.good(
        "POST", f"/flags/{here}/explain", NOTE, client="hospital",
        organisation=f"facility:{DISTRICT}",
    )  # fmt: skip
    assert explained["status"] == "explained"
    assert (await step(claims, here, "uphold", "insurer"))[1]["status"] == "uphold_proposed"
    status, refused = await step(claims, here, "uphold", "insurer")
    assert (status, refused["code"]) == (409, "same_person_twice")
    upheld = (await step(claims, here, "uphold", "director"))[1]
    assert (upheld["status"], [s["step"] for s in upheld["steps"]]) == (
        "upheld",
        ["explain", "propose", "uphold"],
    )
    assert (await step(claims, here, "dismiss", "director"))[1]["code"] == "flag_step_not_allowed"
    assert len(await claims.rows("SELECT 1 FROM settlements")) == 2
    other = f"facility:{TOWNSHIP}"
    assert (await claims.good("GET", "/flags", organisation=other))["items"] == []
    assert (await claims.call("GET", f"/flags/{here}", organisation=other)).status_code == 404
    own = await claims.call(
        "POST", f"/flags/{here}/dismiss", NOTE, organisation=f"facility:{DISTRICT}"
    )
    assert own.json()["code"] == "flag_step_not_allowed"


async def test_what_is_looked_into_is_not_cleared(claims: Claims) -> None:
    """Goal: a held visit stands in no run, its reversal neither, until it is released. Method: the
    irregular stay held, cleared beside nothing else; released by the dismissal, cleared."""
    encounter_id = await irregular(claims)
    await looked(claims)
    (flag,) = (await claims.good("GET", "/flags", rule="repeated_item"))["items"]
    status, held = await step(claims, flag["flag_id"], "hold", "insurer")
    assert (status, held["held"], held["status"]) == (200, True, "open")
    month = {"period": "2016-03"}
    refused = await claims.call("POST", "/clearing-runs", month)
    assert refused.json()["code"] == "nothing_to_clear"
    dismissed = (await step(claims, flag["flag_id"], "dismiss", "insurer"))[1]
    assert (dismissed["status"], dismissed["held"]) == ("dismissed", False)
    run = await claims.good("POST", "/clearing-runs", month)
    items = await claims.good("GET", f"/clearing-runs/{run['run_id']}/items")
    settled = await claims.good("GET", f"/encounters/{encounter_id}")
    assert {i["settlement_id"] for i in items["items"]} == {settled["settlement_id"]}
    assert (await looked(claims))["repeated_item"] == (1, 0)


async def test_what_the_roster_tells_of_sex_and_age_is_kept(claims: Claims) -> None:
    """Goal: a treatment of the other sex is asked about, by what the registry's events tell; the
    attending doctor stands on the visit, the same discharge again changes nothing, another doctor
    is refused. Method: entered with sex and year of birth, changed by a word without them."""
    told = person().model_copy(update={"sex": "M", "birth_year": 1950})
    await claims.deliver(told)
    later = person(PersonChanged, recorded_at="2016-01-06T09:00:00+08:00")
    await claims.deliver(later, sequence=2)
    born = DEAR | {"line_no": 9, "name": "剖宫产术", "kind": "surgery", "price_limit": "200.00"}
    encounter = await claims.opened(person_id="p-1")
    path = f"/encounters/{encounter['encounter_id']}"
    await claims.good("POST", f"{path}/charges", {"batch_no": "B1", "lines": [*BILL_A, born]})
    end = {
        "discharged_at": "2016-03-08T10:00:00+08:00", "diagnoses": ["J18.900"],
        "doctor_code": "D-07",
    }  # fmt: skip
    for _ in range(2):
        told_doctor = await claims.good("POST", f"{path}/discharge", end)
        assert told_doctor["doctor_code"] == "D-07"
    other = await claims.call("POST", f"{path}/discharge", end | {"doctor_code": "D-08"})
    assert other.status_code == 409
    number = await claims.call(
        "POST", f"{path}/discharge", end | {"doctor_code": "511302195001010019"}
    )
    assert number.json()["errors"][0]["field"] == "doctor_code"
    await claims.settled(encounter["encounter_id"])
    assert await looked(claims) == {"against_sex_or_age": (2, 2)}
    found = await claims.good("GET", "/flags", rule="against_sex_or_age")
    assert {flag["message_zh"] for flag in found["items"]} == {
        "第 9 行“剖宫产术”限于女性；名册登记此人为男性。",
        "第 9 行“剖宫产术”限于 10–60 岁的人；名册登记此人 1950 年出生。",
    }


async def test_bad_periods_and_notes(claims: Claims) -> None:
    """Goal: faults name their field. Method: a period that ends before it begins, too long, none;
    an empty note."""
    for body, field in (
        ({"from": "2016-02-01", "to": "2016-01-31"}, "to"),
        ({"from": "2014-01-01", "to": "2016-01-31"}, "to"),
        ({"from": "2016-02-01"}, "to"),
    ):
        answer = await claims.call("POST", "/monitoring-runs", body)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == field
    await irregular(claims)
    await looked(claims)
    flag = (await claims.good("GET", "/flags", limit=1))["items"][0]["flag_id"]
    silent = await claims.call("POST", f"/flags/{flag}/hold", {"note": " "})
    assert silent.status_code == 422
