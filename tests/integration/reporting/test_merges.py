"""Two registered persons are one, or two again: who is counted, and whose rows they are."""

from datetime import date
from typing import Any

from tests.integration.reporting.county import (
    JINHE,
    JINHE_HOSPITAL,
    card,
    contract,
    person,
    recognised,
    visit,
)
from tests.integration.reporting.half_year import half_year
from tests.integration.reporting.test_projections import dump
from tests.support.merges import merged, unmerged
from tests.support.service import Running

_DAY = date(2016, 6, 3)
CODES = ("recognition_rate", "one_stop_rate", "contract_rate", "health_card_rate")


async def figures(service: Running) -> dict[str, tuple[int, int]]:
    async with service.client() as client:
        answer = await client.get("/reporting/v1/indicators")
    assert answer.status_code == 200, answer.text
    return {
        item["code"]: (item["numerator"], item["denominator"])
        for item in answer.json()["items"]
        if item["code"] in CODES
    }


async def listed(service: Running, code: str, **query: Any) -> list[str | None]:
    async with service.client() as client:
        answer = await client.get(f"/reporting/v1/indicators/{code}/records", params=query)
    assert answer.status_code == 200, answer.text
    return sorted(item["person_id"] or "" for item in answer.json()["items"])


async def test_one_person_is_counted_once_and_his_rows_are_his(reporting: Running) -> None:
    """Goal: no double count, lists show the kept person, undoing is exact.

    Method: P4 (no home, no contract) and P1 are merged late and again apart; figures, lists, rows.
    """
    await reporting.deliver(*half_year())
    before, rows = await figures(reporting), await dump(reporting)
    visits = await listed(reporting, "one_stop_rate")
    assert visits == ["P1", "P1", "P2", "P3", "P4"]
    await reporting.deliver(merged("P1", "P4", 3))
    assert await figures(reporting) == before | {
        "contract_rate": (1, 2),
        "health_card_rate": (1, 2),
    }
    assert await listed(reporting, "contract_rate") == ["P1", "P2"]
    assert await listed(reporting, "one_stop_rate") == ["P1", "P1", "P1", "P2", "P3"]
    # What nobody told of the visit's home is the kept person's.
    assert "P1" in await listed(reporting, "one_stop_rate", area=JINHE, period="2016-06")
    await reporting.deliver(unmerged("P1", "P4", 3))
    assert await figures(reporting) == before
    assert await listed(reporting, "one_stop_rate") == visits
    kept = await dump(reporting)
    for table in set(rows) - {"happenings", "person_merges"}:
        assert kept[table] == rows[table]


async def test_what_comes_later_under_the_absorbed_id_counts_for_the_kept(
    reporting: Running,
) -> None:
    """Goal: contract, card, visit and recognition by the absorbed id are the kept person's.

    Method: P4 is merged into P2; then all four are told of P4.
    """
    await reporting.deliver(person("P2"), person("P4"), merged("P2", "P4"))
    await reporting.deliver(
        *contract(7, "P4"),
        *card("C7", "P4"),
        *visit("E9", "P4", JINHE_HOSPITAL, "outpatient", *(2 * [_DAY])),
        recognised(9, "P4", JINHE_HOSPITAL, "certain", 6, 3),
    )
    assert await figures(reporting) == {
        "contract_rate": (1, 1),
        "health_card_rate": (1, 1),
        "one_stop_rate": (0, 1),
        "recognition_rate": (1, 1),
    }
    for code in CODES:
        assert await listed(reporting, code) == ["P2"]


async def test_cards_issued_later_do_not_change_an_earlier_half_year(reporting: Running) -> None:
    """Goal: a closed period keeps its figure. Method: cards of January, asked for 2015 and 2016."""
    await reporting.deliver(*half_year())
    async with reporting.client() as client:
        path = "/reporting/v1/indicators/health_card_rate"
        found = {
            period: (await client.get(path, params={"period": period})).json()["numerator"]
            for period in ("2015", "2016-Q1", "2016-H1", "all")
        }
    # In the first quarter P2's card was still good and P3 registered.
    assert found == {"2015": 0, "2016-Q1": 3, "2016-H1": 1, "all": 1}
