"""Indicators over HTTP: areas, periods, records, who may see what."""

from datetime import date
from decimal import Decimal
from typing import Any

from services.reporting.indicators.county import catalogue_of
from shared.events.catalog import FollowUpRecorded
from tests.integration.reporting.county import (
    DISTRICT,
    JINHE,
    OUTSIDE,
    YONGHE,
    cancelled,
    contract,
    tasks,
    visit,
)
from tests.integration.reporting.half_year import half_year
from tests.support.service import Running

AREAS = ("county", JINHE, f"{JINHE}/曙光村", YONGHE, "unknown", DISTRICT, OUTSIDE, "永胜乡")


async def figure(service: Running, code: str, **query: str) -> Any:
    async with service.client() as client:
        answer = await client.get(f"/reporting/v1/indicators/{code}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


CASES = (
    ("personal_share", JINHE, "all", "0.2022"),  # (991.27 + 40) of 5,100
    ("personal_share", f"{JINHE}/曙光村", "all", "0.1983"),
    ("personal_share", YONGHE, "all", "0.4500"),  # E3, whose home only the registry knows
    ("personal_share", "unknown", "all", "0.4000"),
    ("personal_share", DISTRICT, "all", "0.1983"),
    ("personal_share", "county", "2016-03", "0.2022"),
    ("personal_share", "county", "2016-05", None),  # E4 not registered, E5 reversed
    ("one_stop_rate", "county", "2016-05", "0.0000"),  # E5
    ("recognition_rate", DISTRICT, "2016", "0.3333"),
    ("contract_rate", "county", "2016-05", "0.6667"),  # P1, P2 of P1, P2, P4
    ("contract_rate", "county", "2016-04", "0.5000"),  # P3 still registered on the 30th
    ("contract_rate", "county", "2015", "0.0000"),
    ("personal_share", "county", "2017", None),
    ("contract_performance_rate", "county", "2016-05", "1.0000"),  # P2: drugs told of as P5's
    ("contract_performance_rate", "county", "2016-04", "0.5000"),
    ("serious_illness_treatment_rate", "county", "2016-02", None),  # nobody was known to be ill
    ("chronic_contract_rate", "county", "2016-03", "1.0000"),
    ("check_up_rate", "county", "2015", "0.2500"),  # P3 of P1, P2, P3, P4
)
"""Indicator, area, period, and the value worked out by hand."""


async def test_areas_and_periods(county: Running) -> None:
    """Goal: the right rows by place and month. Method: values by hand for chosen scopes."""
    for code, area, period, value in CASES:
        found = await figure(county, code, area=area, period=period)
        assert found["value"] == value, (code, area, period)
        assert (found["area"], found["period"]) == (area, period)
        assert (found["status"] == "not_applicable") == (value is None)
        assert found["as_of"] is not None


async def test_a_teams_work_after_the_last_visit_counts(reporting: Running) -> None:
    """Goal: who signed or was served since the last visit is in the figures at once. Method: a
    roster of January, then a contract of 5 January and a visit at home in March, no hospital."""
    visited = next(each for each in tasks() if isinstance(each.data, FollowUpRecorded))
    await reporting.deliver_together(*half_year()[:2], *contract(1, "P1"))
    assert (await figure(reporting, "contract_rate"))["numerator"] == 1
    await reporting.deliver_together(visited)
    assert (await figure(reporting, "contract_performance_rate"))["value"] == "1.0000"


async def test_the_list_is_as_long_as_the_number_says(county: Running) -> None:
    """Goal: every number has its persons. Method: each indicator, area and period; the whole
    county's list in pages of two. The list's parts also sum to numerator and denominator.
    """
    async with county.client() as client:
        for code in catalogue_of(county.context).indicators:
            for area in ("county", JINHE, "unknown", DISTRICT):
                for period in ("all", "2016-05") if area == "county" else ("all",):
                    query = {"area": area, "period": period}
                    limit = 2 if (area, period) == ("county", "all") else 200
                    found = (
                        await client.get(f"/reporting/v1/indicators/{code}", params=query)
                    ).json()
                    items: list[Any] = []
                    cursor: str | None = ""
                    while cursor is not None:
                        page = await client.get(
                            f"/reporting/v1/indicators/{code}/records",
                            params={
                                **query,
                                "limit": limit,
                                **({"cursor": cursor} if cursor else {}),
                            },
                        )
                        assert page.status_code == 200, page.text
                        items += page.json()["items"]
                        cursor = page.json()["next_cursor"]
                    assert len(items) == len({i["record_id"] for i in items}) == found["records"]
                    for part in ("numerator", "denominator"):
                        total = sum((Decimal(i[part]) for i in items), Decimal(0))
                        assert total == Decimal(found[part]), (code, area, period, part)


async def test_what_the_county_leaves_out(county: Running) -> None:
    """Goal: a figure that the county's documents do not ask for is told of, counted nowhere and not
    entered. Method: the list, the figure itself, its entry; whose targets the others are."""
    async with county.client() as client:
        told = (await client.get("/reporting/v1/indicators")).json()
        left_out = {each["code"]: each for each in told["left_out"]}
        assert "XB-50" in left_out["leaflet_rate"]["reason_zh"]
        assert not left_out.keys() & {each["code"] for each in told["items"]}
        gone = await client.get("/reporting/v1/indicators/leaflet_rate")
        assert (gone.status_code, gone.json()["code"]) == (404, "indicator_unknown")
        entry = {
            "code": "leaflet_rate", "period": "2016-05", "area": "county",
            "numerator": "1", "denominator": "2", "evidence": "名册",
        }  # fmt: skip
        refused = await client.post("/reporting/v1/indicator-entries", json=entry)
        assert refused.json()["errors"][0]["code"] == "not_entered", refused.text
    whose = {each["code"]: (each["target_own"], each["target_set_by_zh"]) for each in told["items"]}
    assert whose["personal_share"] == (True, "金口河区")
    assert whose["out_of_catalogue_share"] == (False, "梁平区 2019")
    assert whose["recognition_rate"] == (None, None)


async def test_readmitted_under_another_id(county: Running) -> None:
    """Goal: one person's stays are his under each id, and one cancelled is none. Method: P2 left
    on 06-05; P5, who is P2, came on 07-05, the last day that counts, and again on 08-05."""
    stays = (
        ("E20", "P2", date(2016, 6, 1), date(2016, 6, 5)),
        ("E21", "P5", date(2016, 7, 5), date(2016, 7, 5)),
        ("E22", "P2", date(2016, 8, 5), date(2016, 8, 9)),
    )
    for number, person_id, came, left in stays:
        await county.deliver_together(*visit(number, person_id, DISTRICT, "inpatient", came, left))
    found = await figure(county, "readmission_rate", period="2016-H2")
    assert (found["numerator"], found["denominator"]) == (1, 2)
    await county.deliver_together(cancelled("E20", "P2", DISTRICT, "inpatient", date(2016, 6, 1)))
    assert (await figure(county, "readmission_rate", period="2016-H2"))["numerator"] == 0


async def test_a_look_at_records_is_logged(county: Running) -> None:
    """Goal: who saw which list. Method: one look; the audit row names no person."""
    async with county.client() as client:
        await client.get("/reporting/v1/indicators/personal_share/records?period=2016-03")
    (row,) = await county.rows("SELECT actor, action, subject, detail FROM audit_log")
    assert (row["actor"], row["action"]) == ("tester", "indicator_records.listed")
    assert row["detail"] == {"area": "county", "period": "2016-03", "after": None, "rows": 2}


async def test_records_by_organisation(county: Running) -> None:
    """Goal: a township lists its people, a hospital its visits. Method: own and other areas."""
    path = "/reporting/v1/indicators/one_stop_rate/records"
    allowed = {
        f"township:{JINHE}": (JINHE, f"{JINHE}/曙光村"),
        f"facility:{DISTRICT}": (DISTRICT,),
        "region:511113": AREAS,
    }
    for organisation, areas in allowed.items():
        async with county.client(organisation) as client:
            for area in AREAS:
                answer = await client.get(path, params={"area": area})
                assert answer.status_code == (200 if area in areas else 403), (organisation, area)


async def test_what_cannot_be_read_is_refused(county: Running) -> None:
    """Goal: clear errors. Method: unknown indicator, area, period, cursor, scope, token."""
    async with county.client() as client:
        wrong = {
            "/reporting/v1/indicators/nonsense": (404, "indicator_unknown"),
            "/reporting/v1/indicators/personal_share?area=别处": (404, "area_unknown"),
            f"/reporting/v1/indicators/personal_share?area={JINHE}/别村": (404, "area_unknown"),
            "/reporting/v1/indicators/personal_share?period=2016-13": (422, "period_malformed"),
            "/reporting/v1/indicators/one_stop_rate/records?cursor=x": (422, "cursor_malformed"),
        }
        for path, expected in wrong.items():
            answer = await client.get(path)
            assert (answer.status_code, answer.json()["code"]) == expected, path
        client.headers.pop("authorization")
        assert (await client.get("/reporting/v1/indicators")).status_code == 401
    async with county.client(scopes=["contracts:read"]) as client:
        assert (await client.get("/reporting/v1/indicators")).status_code == 403
