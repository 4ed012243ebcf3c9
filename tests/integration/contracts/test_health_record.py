"""The five information groups of a person (XB-44): over HTTP, on his page, and their gaps."""

from __future__ import annotations

import asyncio
import io
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import openpyxl
import pytest

from services.contracts.health_record import verifying
from shared.events.base import Envelope
from shared.events.catalog import PayerShare, SettlementMade, SettlementReversed
from shared.money import Fen
from shared.runtime.peers import Peers
from shared.security.default_users import DEFAULT_USERS
from tests.integration.contracts.screens import identity_says
from tests.integration.contracts.stories import (
    DISTRICT_HOSPITAL,
    JINHE,
    YONGHE,
    discharged,
    entered,
)
from tests.integration.contracts.test_contract_states import begin, get, post
from tests.integration.contracts.test_disease_register import PLAN, found
from tests.support.browsing import assert_private, screen, words
from tests.support.merges import merged
from tests.support.service import Running, envelope

P1 = str(UUID(int=1))
P2 = str(UUID(int=2))
AT = datetime(2016, 3, 9, tzinfo=UTC)


def record_of(person_id: str) -> str:
    return f"people/{person_id}/health-poverty-record"


def _amounts(sign: int) -> dict[str, Any]:
    return {
        "encounter_id": "E1",
        "total": Fen(sign * 500_000),
        "waived": Fen(0),
        "out_of_catalogue": Fen(sign * 50_000),
        "over_limit": Fen(0),
        "self_first": Fen(0),
        "in_scope": Fen(sign * 450_000),
        "payers": (
            PayerShare(payer="basic_insurance", amount=Fen(sign * 380_000)),
            PayerShare(payer="hospital", amount=Fen(sign * 20_000)),
            PayerShare(payer="special_fund", amount=Fen(0)),
        ),
        "patient_pays": Fen(sign * 100_000),
    }


def settled(settlement_id: str = "S1", person_id: str | None = P1) -> Envelope[Any]:
    made = SettlementMade(
        settlement_id=settlement_id,
        person_id=person_id,
        facility_code=DISTRICT_HOSPITAL,
        facility_level="secondary",
        in_region=True,
        visit_type="inpatient",
        admitted_on=date(2015, 12, 28),
        discharged_on=date(2016, 1, 2),
        pack="jinkouhe-2016",
        pack_version="1",
        **_amounts(1),
    )
    return envelope(made, sequence=3, at=AT)


def undone(reverses: str = "S1") -> Envelope[Any]:
    event = SettlementReversed(
        settlement_id=f"R-{reverses}", reverses=reverses, reason="test", **_amounts(-1)
    )
    return envelope(event, sequence=4, at=AT)


async def test_what_nobody_has_told_is_not_recorded(contracts: Running) -> None:
    """Goal: nothing is invented, each group follows its source, every look is logged. Method: a
    person of whom only the registry tells; then each group's facts, one after the other."""
    await contracts.deliver(entered(P1), entered(P2, township=YONGHE, village="永和村"))
    bare = await get(contracts, record_of(P1))
    assert bare["missing"] == ["verification", "diseases", "services", "costs"]
    assert bare["treatment"] == {"state": "not_applicable", "classes": []}
    assert (bare["verification"]["cause"], bare["services"]["contract"]) == (None, None)
    assert [each["category"] for each in bare["verification"]["categories"]] == ["registered_poor"]

    await contracts.deliver(entered(P1, sequence=2, poverty_cause="illness"))
    case = await found(contracts, "tuberculosis", P1)
    untreated = await get(contracts, record_of(P1))
    assert untreated["verification"]["cause_zh"] == "因病"
    assert untreated["missing"] == ["treatment", "services", "costs"]
    await post(contracts, f"disease-cases/{case['case_id']}/manage", **PLAN, on="2016-01-20")
    await contracts.deliver(discharged("E1", P1), settled(), settled())
    await contracts.deliver(entered(P1, sequence=3))  # tells no cause: the one told stands
    contract = await begin(contracts, P1)

    whole = await get(contracts, record_of(P1))
    assert whole["missing"] == []
    assert [
        (each["batch"], each["found"], each["managed"]) for each in whole["treatment"]["classes"]
    ] == [("serious_34", 0, 1), ("chronic_4", 0, 1)]
    assert whole["services"]["contract"]["valid_to"] == contract["valid_to"]
    assert {
        each["service"]: (each["count"], each["last_on"])
        for each in whole["services"]["items"]
        if each["count"]
    } == {"hospital_stay": (1, "2016-03-08")}
    (year,) = whole["costs"]["years"]
    assert (year["year"], year["visits"]) == (2016, 1)
    assert [year[name] for name in ("total", "in_scope", "paid", "patient_pays")] == [
        "5000.00", "4500.00", "4000.00", "1000.00",
    ]  # fmt: skip
    assert [(each["payer"], each["amount"]) for each in year["payers"]] == [
        ("basic_insurance", "3800.00"), ("hospital", "200.00"),
    ]  # fmt: skip

    looks = await contracts.rows(
        "SELECT subject FROM audit_log WHERE action = 'health_poverty_record.read'"
    )
    assert [each["subject"] for each in looks] == [P1] * 3
    async with contracts.client(f"township:{YONGHE}") as client:
        foreign = await client.get(f"/contracts/v1/{record_of(P1)}")
        assert (foreign.status_code, foreign.json()["code"]) == (404, "person_unknown")
        mine = (await client.get("/contracts/v1/health-poverty-gaps")).json()
        assert [each["village"] for each in mine["villages"]] == ["永和村"]
    async with contracts.client(f"facility:{DISTRICT_HOSPITAL}") as client:
        hospital = (await client.get("/contracts/v1/health-poverty-gaps")).json()
        assert (hospital["persons"], hospital["villages"]) == (0, [])


async def test_a_reversed_settlement_counts_no_more(contracts: Running) -> None:
    """Goal: one visit's costs once, in whatever order and however often it is told. Method: the
    reversal before and after, both at once, then the settlement in its place; nobody's visit."""
    await contracts.deliver(entered(P1), undone("S1"), settled("S1"), settled("S2", None))
    assert (await get(contracts, record_of(P1)))["costs"]["years"] == []
    await asyncio.gather(*(contracts.deliver(each) for each in (settled("S3"), undone("S3"))))
    assert (await get(contracts, record_of(P1)))["costs"]["years"] == []
    await contracts.deliver(settled("S4"))
    (year,) = (await get(contracts, record_of(P1)))["costs"]["years"]
    assert (year["visits"], year["total"]) == (1, "5000.00")


async def test_the_page_tells_the_five_groups_and_where_they_are_missing(
    contracts: Running, tmp_path: Path
) -> None:
    """Goal: Chinese first, English on demand, no name in clear or in an address; a merge makes one
    person of two. Method: the person's page and the gaps of his village, before the merge and
    after it."""
    contracts.context.peers = Peers({"identity": identity_says({P1: "测*甲", P2: "测*乙"})})
    await contracts.deliver(
        entered(P1), entered(P2, poverty_cause="illness"), settled("S1", P2), discharged("E1", P2)
    )
    await found(contracts, "hypertension", P1)
    async with screen(
        contracts,
        tmp_path,
        *DEFAULT_USERS["doctor"].scopes,
        name="doctor",
        organisation=f"township:{JINHE}",
    ) as doctor:
        page = await doctor.get(f"/contracts/persons/{P1}")
        assert "健康扶贫五类信息" in words(page)
        assert "因病致贫返贫核实 未登记 建档立卡 2015-01-01 起" in words(page)
        assert "有疾病尚未制定方案" in words(page)
        assert "医疗费用与报销 未登记" in words(page)
        assert_private(page, "测*甲")
        gaps = await doctor.get("/contracts/health-record-gaps")
        assert "金河镇 曙光村 2 1 1 1 1 1" in words(gaps)
        assert "/contracts/health-record-gaps" in (await doctor.get("/contracts/registers")).text
        await contracts.deliver(merged(P1, P2, 1))
        page = await doctor.get(f"/contracts/persons/{P1}", lang="en")
        assert "Cause of poverty: Illness" in words(page)
        assert "2016 1 5,000.00 4,500.00 4,000.00 1,000.00" in words(page)
        assert "Basic insurance 3,800.00" in words(page)
        assert "Hospital stays 1, last on 2016-03-08" in words(page)
        gaps = await doctor.get("/contracts/health-record-gaps", lang="zh")
        assert "金河镇 曙光村 1 0 0 1 0 0" in words(gaps)


async def test_a_visit_at_home_is_recorded_on_the_page_and_given_out(
    contracts: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Goal: XB-44's first group: form, refusals beside their field, the record, the gaps and the
    workbook of the own places, whole or not at all. Method: a day in the future, illness with another cause; by page and
    by interface; two persons merged; another township."""
    await contracts.deliver(entered(P1), entered(P2))
    contracts.context.peers = Peers({"identity": identity_says({P1: "测*甲"})})
    assert (await get(contracts, "health-poverty-gaps"))["verification"] == 2
    form = f"/contracts/persons/{P1}/verify"
    doctor_may = DEFAULT_USERS["doctor"].scopes
    async with screen(
        contracts, tmp_path, *doctor_may, name="doctor", organisation=f"township:{JINHE}"
    ) as doctor:
        typed = {"verified_on": "2016-03-11", "result": "by_illness", "note": "户主住院"}
        early = await doctor.post(form, typed)
        assert early.status_code == 422
        assert 'id="verify-verified_on-fault"' in early.text
        typed["verified_on"] = "2016-03-09"
        wrong = await doctor.post(form, {**typed, "cause": "labour"})
        assert 'id="verify-cause-fault"' in wrong.text
        said = words(await doctor.follow(await doctor.post(form, {**typed, "cause": "illness"})))
        assert "入户核实已登记" in said
        assert "2016-03-09 入户核实：因病致贫属实" in said
        missing = await post(
            contracts, f"people/{P2}/home-verifications", 422,
            verified_on="2016-03-10", result="other_cause",
        )  # fmt: skip
        assert missing["errors"][0]["field"] == "cause"
        other = {"verified_on": "2016-03-10", "result": "other_cause", "cause": "labour"}
        await post(contracts, f"people/{P2}/home-verifications", 201, **other)
        assert (await get(contracts, "health-poverty-gaps"))["verification"] == 0
        file = await doctor.get("/contracts/home-verifications.xlsx", first="2016-03-10")
        sheet = openpyxl.load_workbook(io.BytesIO(file.content)).active
        told = [[str(cell.value) for cell in row][2:7] for row in sheet.iter_rows(min_row=2)]
        assert told == [[P2, "H1", "2016-03-10 00:00:00", "非因病，属其他原因", "缺劳力"]]
        monkeypatch.setattr(verifying, "MOST_ROWS", 1)
        cut = await doctor.get("/contracts/home-verifications.xlsx")
        assert (cut.status_code, "超过一次导出的上限" in words(cut)) == (413, True)
    await contracts.deliver(merged(P1, P2))
    record = (await get(contracts, record_of(P1)))["verification"]
    assert [one["result"] for one in record["visits"]] == ["other_cause", "by_illness"]
    assert record["cause"] == "labour"
    (logged,) = await contracts.rows(
        "SELECT detail FROM audit_log WHERE action = 'home_verifications.exported'"
    )
    assert logged["detail"] == {"rows": 1}
    (note,) = await contracts.rows("SELECT note FROM home_verifications WHERE note IS NOT NULL")
    assert "户主住院".encode() not in note["note"]
    async with screen(
        contracts, tmp_path, *doctor_may, name="other", organisation=f"township:{YONGHE}"
    ) as elsewhere:
        assert (await elsewhere.post(form, typed)).status_code == 404
        file = await elsewhere.get("/contracts/home-verifications.xlsx")
        assert openpyxl.load_workbook(io.BytesIO(file.content)).active.max_row == 1
