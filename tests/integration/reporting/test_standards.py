"""Institution standards in a running service: facts in, a day's judgement out."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from tests.integration.reporting.county import JINHE, YONGHE
from tests.integration.reporting.test_month_closes import call, good
from tests.support.service import Running
from tests.unit.reporting.test_standards_files import collection, square

PATH = "/reporting/v1/standards"
CLINIC = "H51111300301"  # 坪上村卫生室, of the pack
FACTS: dict[str, Any] = {
    "places": [
        {"township": YONGHE, "residents": 10_000, "valid_from": "2020-01-01"},
        {"township": YONGHE, "village": "坪上村", "residents": 801, "valid_from": "2020-01-01"},
        {
            "township": YONGHE, "village": "花溪村", "residents": 799, "adjacent": ["坪上村"],
            "valid_from": "2020-01-01",
        },
        {"township": YONGHE, "village": "石门村", "residents": 800, "valid_from": "2020-01-01"},
    ],
    "facilities": [
        {
            "facility_code": CLINIC, "name_zh": "坪上村卫生室", "kind": "village_clinic",
            "township": YONGHE, "village": "坪上村", "serves": ["花溪村", "石门村"],
            "up_to_standard": True, "valid_from": "2020-01-01",
        },
        {
            "facility_code": "H-TCM", "name_zh": "中医医院", "kind": "county_hospital",
            "capability": "secondary", "valid_from": "2019-01-01",
        },
    ],
    "departments": [{"facility_code": "H-TCM", "department": "针灸科", "valid_from": "2019-01-01"}],
    "staff": [
        {
            "facility_code": "H-TCM", "staff_no": "1", "qualification": "assistant_doctor",
            "department": "针灸科", "valid_from": "2019-01-01",
        },
        {
            "facility_code": CLINIC, "staff_no": "7", "qualification": "village_doctor",
            "valid_from": "2020-01-01", "valid_to": "2020-12-30",
        },
    ],
}  # fmt: skip


async def on(reporting: Running, day: str) -> dict[str, Any]:
    """Code → rule → status on a day."""
    found = await good(reporting, "GET", f"{PATH}/facilities?as_of={day}&limit=200")
    assert found["as_of"] == day
    return {
        unit["code"]: {each["rule"]: each["status"] for each in unit["findings"]}
        for unit in found["items"]
    }


async def test_facts_are_judged_as_of_a_day(reporting: Running) -> None:
    """Goal: each unit by the facts of its day, with rule and cure; corrections are kept. Method:
    boundaries of LP-50 to LP-60 as facts, looked at before and after staff left; the same again;
    a correction; bad ones; another township; pages."""
    assert await good(reporting, "POST", f"{PATH}/facts", FACTS) == {"accepted": 9, "unchanged": 0}
    assert await good(reporting, "POST", f"{PATH}/facts", FACTS) == {"accepted": 0, "unchanged": 9}
    june = await on(reporting, "2020-06-01")
    assert june["county"]["LP-50"] == "met"
    assert june["H-TCM"]["LP-55"] == "missed"
    assert june[CLINIC]["LP-57"] == "met"
    assert (june[f"{YONGHE}/花溪村"]["LP-52"], june[f"{YONGHE}/石门村"]["LP-52"]) == (
        "met", "missed",
    )  # fmt: skip
    assert (june[f"{YONGHE}/坪上村"]["LP-60"], june[f"{YONGHE}/石门村"]["LP-60"]) == (
        "met", "not_required",
    )  # fmt: skip
    assert june["H51111300201"]["LP-59"] == "not_required"
    later = await on(reporting, "2020-12-31")
    assert later[CLINIC]["LP-57"] == "missed"
    assert later["county"]["LP-61"] == "missed"
    assert (await on(reporting, "2018-01-01"))["county"]["LP-50"] == "missed"

    fixed = {"staff": [FACTS["staff"][0] | {"qualification": "licensed_doctor"}]}
    assert (await good(reporting, "POST", f"{PATH}/facts", fixed))["accepted"] == 1
    assert (await on(reporting, "2020-06-01"))["H-TCM"]["LP-55"] == "met"
    kept = await reporting.rows("SELECT replaced_at FROM standard_facts WHERE key = 'H-TCM/1'")
    assert sorted(row["replaced_at"] is None for row in kept) == [False, True]
    shown = await good(reporting, "GET", f"{PATH}/facts?kind=staff&limit=1")
    rest = await good(
        reporting, "GET", f"{PATH}/facts?kind=staff&limit=1&cursor={shown['next_cursor']}"
    )
    assert [each["key"] for each in shown["items"] + rest["items"]] == ["H-TCM/1", f"{CLINIC}/7"]

    bad = {"staff": [FACTS["staff"][1] | {"facility_code": "H-NONE"}]}
    refused = await call(reporting, "POST", f"{PATH}/facts", bad)
    (fault,) = refused.json()["errors"]
    assert (refused.status_code, fault["field"]) == (422, "staff[0].facility_code")
    alien = await call(
        reporting, "POST", f"{PATH}/facts", {"places": FACTS["places"][:1]},
        organisation=f"township:{JINHE}",
    )  # fmt: skip
    assert alien.json()["errors"][0]["code"] == "area_not_yours"
    named = {"staff": [FACTS["staff"][1] | {"staff_no": "511132196203014539"}]}
    assert (await call(reporting, "POST", f"{PATH}/facts", named)).status_code == 422

    whole = await on(reporting, "2020-06-01")
    seen: dict[str, Any] = {}
    cursor = ""
    while cursor is not None:
        page = await good(reporting, "GET", f"{PATH}/facilities?as_of=2020-06-01&limit=20{cursor}")
        assert not seen.keys() & {each["code"] for each in page["items"]}
        seen |= {each["code"]: each for each in page["items"]}
        cursor = f"&cursor={page['next_cursor']}" if page["next_cursor"] else None
    assert seen.keys() == whole.keys()
    failing = [f for unit in seen.values() for f in unit["findings"] if f["status"] == "missed"]
    assert all(f["cure_zh"] and f["cure"] and f["rule"] in f["citation"] for f in failing)
    summed = {each["rule"]: each for each in page["summary"]}
    met = [
        u
        for u in seen.values()
        if any(f["rule"] == "LP-52" and f["status"] == "met" for f in u["findings"])
    ]
    assert summed["LP-52"]["met"] == len(met)

    opened = (await good(reporting, "POST", f"{PATH}/open-items?as_of=2020-06-01"))["opened"]
    assert len(opened) == len([f for f in failing if f["rule"] != "LP-61"]) + 1
    again = await good(reporting, "POST", f"{PATH}/open-items?as_of=2020-06-01")
    assert again["opened"] == []


async def test_a_file_is_judged_row_by_row_and_two_at_once_agree(reporting: Running) -> None:
    """Goal: verdict for each row; a dry run keeps nothing; two clerks with one file make one
    state. Method: a file of good and bad rows; the same twice at once."""
    text = (
        "乡镇,村,常住人口,面积较小,起始日期\n金河镇,河湾村,799,否,2020-01-01\n"
        "金河镇,金星村,多,否,2020-01-01\n金河镇,河湾村,700,否,2020-01-01\n永和镇,坪上村,1,否,2020-01-01\n"
    ).encode()

    async def send(dry_run: str) -> dict[str, Any]:
        async with reporting.client(f"township:{JINHE}") as client:
            answer = await client.post(
                f"{PATH}/imports",
                files={"file": ("a.csv", text)},
                data={"kind": "places", "dry_run": dry_run},
            )
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    tried = await send("true")
    assert (tried["rows"], tried["accepted"], tried["rejected"]) == (4, 1, 3)
    assert [(each["row"], each["column"], each["code"]) for each in tried["errors"]] == [
        (3, "residents", "int_parsing"), (4, "row", "told_twice"), (5, "township", "area_not_yours"),
    ]  # fmt: skip
    assert await reporting.rows("SELECT 1 FROM standard_facts") == []
    both = await asyncio.gather(send("false"), send("false"))
    assert sorted(each["accepted"] for each in both) == [0, 1]
    assert len(await reporting.rows("SELECT 1 FROM standard_facts")) == 1


async def test_the_countys_map(reporting: Running) -> None:
    """Goal: the map is the county's own file. Method: none yet, a bad one, a good one, read back."""
    assert (await call(reporting, "GET", f"{PATH}/map")).status_code == 404
    content = collection(square(103.0, {"name": "坪上村"}), square(103.2, {"name": "某林场"}))
    async with reporting.client() as client:
        bad = await client.post(f"{PATH}/map", files={"file": ("m.json", b"{}")})
        assert (bad.status_code, bad.json()["code"]) == (422, "map_invalid")
        kept = await client.post(f"{PATH}/map", files={"file": ("m.json", content)})
        again = await client.post(f"{PATH}/map", files={"file": ("m.json", content)})
    assert kept.json() == again.json() == {"villages": 1, "unplaced": ["某林场"]}
    assert (await call(reporting, "GET", f"{PATH}/map")).json() == json.loads(content)
