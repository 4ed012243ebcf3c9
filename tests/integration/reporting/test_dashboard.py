"""The page's document: parts add up, nobody is in it, it may be closed."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from services.reporting.module import MODULE
from shared.clock import FixedClock
from tests.integration.reporting.county import DISTRICT, HOMES, JINHE, YONGHE
from tests.support.service import Running, running


async def document(service: Running, **query: str) -> Any:
    async with service.client() as client:
        client.headers.pop("authorization")
        answer = await client.get("/reporting/dashboard/data", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_an_empty_county_opens(reporting: Running) -> None:
    """Goal: the first start shows a page, not an error. Method: no event at all."""
    shown = await document(reporting)
    assert shown["as_of"] is None
    assert [card["status"] for card in shown["cards"][:3]] == ["not_applicable"] * 3
    assert shown["visits"] == {"total": 0, "inpatient": 0, "outpatient": 0, "settled": 0}
    assert len(shown["places"]) == 6
    assert shown["payers"] == [{"payer": "patient", "amount": "0.00"}]


async def test_the_parts_add_up(county: Running) -> None:
    """Goal: children sum to their parent, payers to the bills. Method: every place and period."""
    for area in ("county", JINHE, YONGHE, f"{JINHE}/曙光村", "unknown", DISTRICT):
        for period in ("all", "2016-03", "2016-05", "2017"):
            adds_up(await document(county, area=area, period=period))


def adds_up(shown: Any) -> None:
    by_card = {card["code"]: card for card in shown["cards"]}
    whole = {
        "visits": shown["visits"]["total"],
        "inpatient_visits": shown["visits"]["inpatient"],
        "outpatient_visits": shown["visits"]["outpatient"],
        "total": by_card["total"]["value"],
        "recognitions": by_card["recognition_rate"]["denominator"]["value"],
        "registered_persons": shown["people"]["persons"],
        "contracted_persons": shown["people"]["contracted"],
    }
    for parts in ("places", "facilities", "months"):
        for name, value in whole.items():
            people = name in ("registered_persons", "contracted_persons")
            if people and (parts != "places" or shown["area"]["level"] in ("village", "facility")):
                continue  # people have neither a facility nor a month
            total = sum(Decimal(row[name]) for row in shown[parts])
            assert total == Decimal(value), (shown["area"], shown["period"], parts, name)
    paid = sum(Decimal(share["amount"]) for share in shown["payers"])
    assert paid == Decimal(by_card["total"]["value"])


async def test_the_county_by_hand(county: Running) -> None:
    """Goal: the figures of the page. Method: the county's table by hand."""
    shown = await document(county)
    assert shown["visits"] == {"total": 7, "inpatient": 3, "outpatient": 4, "settled": 6}
    assert shown["people"] == {
        "day": "2016-06-28",
        "persons": 3,
        "households": 2,
        "contracted": 1,
    }
    assert shown["payers"] == [
        {"payer": "basic_insurance", "amount": "4474.90"},
        {"payer": "medical_aid", "amount": "763.83"},
        {"payer": "patient", "amount": "2061.27"},
    ]
    assert [month["month"] for month in shown["months"]] == [
        "2016-03", "2016-04", "2016-05", "2016-06",
    ]  # fmt: skip
    places = {place["code"]: place for place in shown["places"]}
    assert places[JINHE]["personal_share"] == "0.2022"
    assert places["unknown"]["visits"] == 2
    assert list(places)[-1] == "unknown"
    assert [choice["code"] for choice in shown["periods"][:3]] == ["all", "2016", "2016-H1"]
    assert shown["live"][0]["type"] == "encounter.opened"
    assert shown["lag_ms"] is not None


async def test_drilling_down(county: Running) -> None:
    """Goal: county → township → village → facility. Method: follow the codes."""
    township = await document(county, area=JINHE)
    assert [crumb["code"] for crumb in township["crumbs"]] == ["county", JINHE]
    villages = {place["code"]: place["visits"] for place in township["places"]}
    assert villages[f"{JINHE}/曙光村"] == 2
    village = await document(county, area=f"{JINHE}/曙光村")
    assert [place["code"] for place in village["places"]] == [DISTRICT]
    assert village["places"][0]["drillable"] is True
    facility = await document(county, area=DISTRICT)
    assert facility["area"]["name_zh"] == "金口河区人民医院"
    assert facility["places"][0]["drillable"] is False


async def test_it_contains_no_person(county: Running) -> None:
    """Goal: the page may stand open. Method: no person id, household or visit number anywhere."""
    text = json.dumps(await document(county), ensure_ascii=False)
    for hidden in (*(person for person in HOMES if person), "H-P3", "V-E1", "ZY"):
        assert f'"{hidden}"' not in text


async def test_it_may_be_closed(tmp_path: Path, clock: FixedClock) -> None:
    """Goal: open_dashboard=False asks for a token. Method: with and without one."""
    async with (
        running(MODULE, tmp_path, clock, open_dashboard=False) as service,
        service.client() as client,
    ):
        assert (await client.get("/reporting/v1/dashboard")).status_code == 200
        client.headers.pop("authorization")
        for path in ("/reporting/dashboard/data", "/reporting/v1/dashboard"):
            assert (await client.get(path)).status_code == 401
        assert (await client.get("/reporting/v1/live")).status_code == 401
