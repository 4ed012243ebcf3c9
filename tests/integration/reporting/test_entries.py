"""Entered figures: two persons, no day told twice, parts add up, a file whole or not at all."""

import asyncio
from typing import Any

import httpx

from tests.integration.reporting.county import JINHE, YONGHE
from tests.support.service import COUNTY, Running

PATH = "/reporting/v1/indicator-entries"
ENTRY = {
    "code": "insurance_coverage",
    "period": "2016-05",
    "area": JINHE,
    "numerator": "97",
    "denominator": "100",
    "evidence": "参保名册",
}
_keys = iter(range(10**6))


async def call(
    service: Running,
    path: str,
    body: Any = None,
    *,
    who: str = "a",
    organisation: str = COUNTY,
    **more: Any,
) -> httpx.Response:
    token = service.signer.sign(
        client_id=who,
        organisation=organisation,
        scopes=("reporting:read", "reporting:close", "reporting:accept"),
    )
    headers = {"authorization": f"Bearer {token}", "idempotency-key": f"k{next(_keys)}"}
    async with service.client() as client:
        return await client.post(PATH + path, json=body, headers=headers, **more)


async def value(service: Running, **query: str) -> Any:
    async with service.client() as client:
        answer = await client.get("/reporting/v1/indicators/insurance_coverage", params=query)
        listed = await client.get(
            "/reporting/v1/indicators/insurance_coverage/records", params=query
        )
    assert answer.status_code == listed.status_code == 200, (answer.text, listed.text)
    found = answer.json()
    assert found["records"] == len(listed.json()["items"])
    return found["numerator"], found["denominator"], found["value"], found["status"]


async def test_two_states_and_two_persons(reporting: Running) -> None:
    """Goal: a figure counts when another person confirmed it, until it is withdrawn. Method: each
    step, with the figure after it, by place and period."""
    made = await call(reporting, "", ENTRY, organisation=f"township:{JINHE}")
    assert made.status_code == 201, made.text
    entry = f"/{made.json()['entry_id']}"
    assert (await value(reporting))[2:] == (None, "not_applicable")
    refused = await call(reporting, f"{entry}/confirm")
    assert (refused.status_code, refused.json()["code"]) == (409, "same_person_twice")
    answers = await asyncio.gather(*(call(reporting, f"{entry}/confirm", who=w) for w in "bcd"))
    assert sorted(each.status_code for each in answers) == [200, 409, 409]
    other = await call(
        reporting, "", ENTRY | {"area": YONGHE, "numerator": "50", "denominator": "50"}
    )
    await call(reporting, f"/{other.json()['entry_id']}/confirm", who="b")
    assert await value(reporting, period="2016-05") == (147, 150, "0.9800", "missed")
    assert await value(reporting, area=JINHE, period="2016") == (97, 100, "0.9700", "missed")
    assert await value(reporting, area=YONGHE) == (50, 50, "1.0000", "met")
    assert (await value(reporting, period="2016-06"))[2] is None
    gone = await call(reporting, f"{entry}/withdraw", {"reason": "分母有误"})
    assert (gone.status_code, gone.json()["state"]) == (200, "withdrawn")
    assert await value(reporting) == (50, 50, "1.0000", "met")
    log = await reporting.rows("SELECT action FROM audit_log WHERE action LIKE 'indicator_entry%'")
    assert len(log) == 5


async def test_no_day_is_told_twice(reporting: Running) -> None:
    """Goal: nothing is added twice. Method: the same at once, a period around it, the county's
    beside a township's; a half-year is none of its last month's."""
    answers = await asyncio.gather(*(call(reporting, "", ENTRY) for _ in range(4)))
    assert sorted(each.status_code for each in answers) == [201, 409, 409, 409]
    for other in ({"period": "2016-H1"}, {"area": "county"}, {"area": "county", "period": "2016"}):
        refused = await call(reporting, "", ENTRY | other)
        assert (refused.status_code, refused.json()["code"]) == (409, "entry_overlaps"), other
    half = await call(reporting, "", ENTRY | {"area": YONGHE, "period": "2016-H1"})
    await call(reporting, f"/{half.json()['entry_id']}/confirm", who="b")
    assert (await value(reporting, period="2016-06"))[2] is None
    assert (await value(reporting, period="2016-H1"))[2] == "0.9700"


async def test_who_may_and_what_may_not(reporting: Running) -> None:
    """Goal: clear refusals. Method: a foreign township, a counted indicator, a village, an ID
    number in the evidence, no parts."""
    wrong: tuple[tuple[dict[str, str], str, int, str], ...] = (
        ({}, f"township:{YONGHE}", 403, "area_not_yours"),
        ({"area": "county"}, f"township:{JINHE}", 403, "area_not_yours"),
        ({"code": "personal_share"}, COUNTY, 422, "entry_invalid"),
        ({"area": f"{JINHE}/曙光村"}, COUNTY, 422, "entry_invalid"),
        ({"numerator": "101"}, COUNTY, 422, "entry_invalid"),
        ({"evidence": "510102199001011234"}, COUNTY, 422, "validation_failed"),
    )
    for change, organisation, status, code in wrong:
        refused = await call(reporting, "", ENTRY | change, organisation=organisation)
        assert (refused.status_code, refused.json()["code"]) == (status, code), refused.text
    assert await reporting.rows("SELECT 1 FROM indicator_entries") == []


async def test_a_file_whole_or_not_at_all(reporting: Running) -> None:
    """Goal: nothing half-written. Method: a file with two bad rows of three, then mended."""
    head = "指标,时段,乡镇,分子,分母,依据\n"
    good = f"insurance_coverage,2016-05,{JINHE},97,100,名册\n"
    bad = f"insurance_coverage,2016-05,{JINHE},1,2,名册\nfolic_acid_rate,2016-05,,9,1,总结\n"

    async def send(text: str) -> httpx.Response:
        return await call(reporting, "/imports", files={"file": ("a.csv", text.encode("gbk"))})

    refused = await send(head + good + bad)
    assert refused.status_code == 422
    fields = [(fault["field"], fault["code"]) for fault in refused.json()["errors"]]
    assert fields == [("rows.3.row", "entry_overlaps"), ("rows.4.numerator", "more_than_all")]
    assert await reporting.rows("SELECT 1 FROM indicator_entries") == []
    kept = await send(head + good)
    assert kept.status_code == 201, kept.text
    assert [each["state"] for each in kept.json()["items"]] == ["entered"]
