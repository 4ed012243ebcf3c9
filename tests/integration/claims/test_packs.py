"""Packs over HTTP: the verdict on one that is sent, a pack in words, versions kept, production."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.claims.module import MODULE
from shared.policy.folders import BUNDLED_PACKS, yaml_files
from tests.integration.claims.county import BILL_A, Claims, pack_with

PACK = "jinkouhe-2016"
QUOTE: dict[str, Any] = {
    "pack": PACK,
    "visit": {
        "type": "inpatient",
        "facility_level": "secondary",
        "in_region": True,
        "designated": True,
        "referral": False,
        "admitted_on": "2016-03-01",
        "discharged_on": "2016-03-08",
        "diagnoses": ["J18.900"],
    },
    "person": {"categories": ["registered_poor"], "insurance_plan": "resident"},
    "year_to_date": {},
    "lines": BILL_A,
}

Start = Callable[..., Awaitable[Claims]]


def shipped() -> dict[str, str]:
    return {name: text.decode() for name, text in yaml_files(BUNDLED_PACKS / PACK).items()}


def confirmed_pack(folder: Path, *, but: str = "") -> Path:
    """An extra packs folder in which every assumption of the region's pack is confirmed."""
    packs = pack_with(folder, {})
    file = packs / PACK / "parameters.yaml"
    text = []
    name = ""
    for row in file.read_text(encoding="utf-8").splitlines():
        if row and not row.startswith((" ", "#")):
            name = row.rstrip(":")
        text.append(row)
        if row.strip() == "assumed: true" and name != but:
            text.append(
                "  confirmed: { by: 区医保局, date: 2016-07-01, document: 乐医保〔2016〕1号, article: 三 }"
            )
    file.write_text("\n".join(text) + "\n", encoding="utf-8")
    return packs


class TestValidate:
    async def test_a_sound_pack(self, claims: Claims) -> None:
        """Goal: the version is the content's, its cases are calculated. Method: the shipped files
        sent as texts, and the pack at hand by its name."""
        sent = await claims.good("POST", "/packs/validate", {"pack": PACK, "files": shipped()})
        assert sent["valid"]
        assert sent["errors"] == []
        count = len(yaml.safe_load(shipped()["cases.yaml"])["cases"])
        assert sent["cases"] == {"total": count, "passed": count, "failed": []}
        assert {warning["code"] for warning in sent["warnings"]} == {"assumption_unconfirmed"}
        at_hand = await claims.good("POST", "/packs/validate", {"pack": PACK})
        assert at_hand == sent
        (listed,) = [p for p in (await claims.good("GET", "/packs"))["items"] if p["pack"] == PACK]
        assert listed["pack_version"] == sent["pack_version"]

    async def test_every_fault_is_told_with_its_place_and_cure(self, claims: Claims) -> None:
        """Goal: one round of corrections. Method: faults of each kind in three files."""
        files = shipped()
        files["pack.yaml"] = files["pack.yaml"].replace(
            "    citation: { document: 金口河区卫计局2016年半年卫生计生专项扶贫工作总结, article: JK-03 }\n",
            "",
            1,
        )
        parameters = yaml.safe_load(files["parameters.yaml"])
        del parameters["medical_aid.floor"]
        parameters["implant.self_first_max"]["values"] = dict.fromkeys(
            parameters["implant.self_first_max"]["values"], "0.61"
        )
        parameters["outpatient.ratio"]["values"] = dict.fromkeys(
            parameters["outpatient.ratio"]["values"], "1.01"
        )
        files["parameters.yaml"] = yaml.safe_dump(parameters, allow_unicode=True)
        files["cases.yaml"] = 'cases:\n  - name: x\n    period: "2016"\n'
        told = await claims.good("POST", "/packs/validate", {"pack": PACK, "files": files})
        assert not told["valid"]
        assert told["cases"]["total"] == 0
        found = {(fault["file"], fault["key"], fault["code"]) for fault in told["errors"]}
        assert {
            ("pack.yaml", "tiers[0].citation", "missing_citation"),
            ("pack.yaml", "tiers[4].adjustments[0].parameter", "unknown_parameter"),
            ("parameters.yaml", "outpatient.ratio.values.2016-01-01", "ratio_outside_0_1"),
            (
                "parameters.yaml",
                "implant.self_first_max.values.2016-01-01",
                "implant_share_out_of_range",
            ),
            ("cases.yaml", "cases[0].period", "not_a_date"),
        } <= found
        for fault in told["errors"]:
            assert fault["message"]
            assert fault["message_zh"]
            assert fault["line"] > 0
            assert fault["field"] == f"{fault['file']}:{fault['key']}"

    async def test_a_case_that_fails_is_told_by_field(self, claims: Claims) -> None:
        """Goal: expected and got. Method: a fen too much."""
        files = shipped()
        files["cases.yaml"] = files["cases.yaml"].replace('"991.27"', '"991.28"')
        told = await claims.good("POST", "/packs/validate", {"pack": PACK, "files": files})
        assert told["valid"]
        (failed,) = told["cases"]["failed"]
        assert failed["differences"] == [
            {"field": "patient_pays", "expected": "991.28", "got": "991.27"}
        ]

    @pytest.mark.parametrize(
        "text",
        [
            "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n",
            "a: !!python/object/apply:os.system ['true']\n",
            "a: 1\na: 2\n",
            "[" * 20_000,
        ],
    )
    async def test_yaml_that_is_not_plain(self, claims: Claims, text: str) -> None:
        """Goal: no bomb, no foreign code, no silent last key. Method: one such file each."""
        body = {"pack": "some-county", "files": shipped() | {"parameters.yaml": text}}
        answer = await claims.call("POST", "/packs/validate", body)
        assert answer.status_code == 200
        codes = {f["code"] for f in answer.json()["errors"] if f["file"] == "parameters.yaml"}
        assert codes <= {"yaml_malformed", "not_utf8", "not_a_mapping"}
        assert codes

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ({"pack": "../x", "files": {}}, "validation_failed"),
            ({"pack": "some-county", "files": {"../pack.yaml": "a: 1"}}, "validation_failed"),
            ({"pack": "some-county", "files": {"/etc/pack.yaml": "a: 1"}}, "validation_failed"),
            (
                {"pack": "x1", "files": {f"f{n}.yaml": "" for n in range(17)}},
                "validation_failed",
            ),
            (
                {"pack": "x1", "files": {"a.yaml": "#" * 300_000, "b.yaml": "#" * 300_000}},
                "pack_too_large",
            ),
            ({"pack": "atlantis-1999"}, "unknown_pack"),
            ({"files": {}}, "validation_failed"),
        ],
    )
    async def test_a_request_that_cannot_be_judged(
        self, claims: Claims, body: dict[str, Any], code: str
    ) -> None:
        """Goal: limits, and no way to a file of the server. Method: one such request each."""
        answer = await claims.call("POST", "/packs/validate", body)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
        assert answer.json()["errors"]

    async def test_a_wrong_scope(self, claims: Claims) -> None:
        """Goal: only who may calculate. Method: as the director."""
        answer = await claims.call("POST", "/packs/validate", {"pack": PACK}, client="director")
        assert answer.status_code == 403

    async def test_an_empty_pack(self, claims: Claims) -> None:
        """Goal: what is missing is told. Method: no file at all."""
        told = await claims.good("POST", "/packs/validate", {"pack": "x1", "files": {}})
        assert ("pack.yaml", "file_missing") in {(f["file"], f["code"]) for f in told["errors"]}


class TestReading:
    async def test_a_pack_in_words(self, claims: Claims) -> None:
        """Goal: order, conditions, tilts and sources can be read without the files. Method: the
        shipped pack's medical aid and its history."""
        pack = await claims.good("GET", f"/packs/{PACK}")
        assert pack["documents"] == ["金口河区卫计局2016年半年卫生计生专项扶贫工作总结"]
        orders = [tier["order"] for tier in pack["tiers"] if tier["mode"] == "immediate"]
        assert orders == sorted(orders)
        aid = next(tier for tier in pack["tiers"] if tier["id"] == "medical_aid")
        assert (aid["payer_name_zh"], aid["kind"]) == ("医疗救助", "ratio_of_remainder")
        assert aid["conditions_zh"] == "就诊类型为住院；就诊之日属于任一救助对象类别"
        assert {"medical_aid.ratio.tertiary", "medical_aid.annual_cap"} <= set(aid["parameters"])
        (floor,) = aid["adjustments"]
        assert floor["text_zh"] == "支付比例不低于 「建档立卡贫困人口医疗救助最低比例」"
        assert floor["article"] == "JK-11"
        fund = next(tier for tier in pack["tiers"] if tier["id"] == "charity_fund")
        assert (fund["mode"], fund["otherwise_zh"]) == (
            "disabled",
            "医药爱心扶贫基金的减免标准尚未出台。",
        )
        cap = next(p for p in pack["parameters"] if p["name"] == "basic.annual_cap")
        assert (cap["assumed"], cap["unconfirmed"], cap["confirmed"]) == (True, True, None)
        assert pack["versions"] == []

    async def test_a_settlement_is_explained_after_the_pack_changed(
        self, start: Start, tmp_path: Path
    ) -> None:
        """Goal: years later the bill's own rules can be read. Method: settle, change the ratio on
        the same path, start again: the old settlement and its version say what they said."""
        before = await start()
        encounter = await before.discharged()
        settled = await before.settled(encounter["encounter_id"])
        after = await start(packs=str(pack_with(tmp_path, {"basic.ratio.secondary": "0.50"})))
        again = await after.good("GET", f"/settlements/{settled['settlement_id']}")
        assert again["explanation"] == settled["explanation"]
        (row,) = await after.rows("SELECT parameters FROM settlements")
        assert row["parameters"]["basic.ratio.secondary"] == "0.83"
        today = await after.good("GET", f"/packs/{PACK}")
        assert today["pack_version"] != settled["pack_version"]
        then = await after.good("GET", f"/packs/{PACK}", version=settled["pack_version"])
        assert then["pack_version"] == settled["pack_version"]
        for pack, value in ((today, "0.50"), (then, "0.83")):
            (ratio,) = [p for p in pack["parameters"] if p["name"] == "basic.ratio.secondary"]
            assert ratio["values"][0]["value"] == value
        assert [kept["pack_version"] for kept in today["versions"]] == [settled["pack_version"]]
        missing = await after.call("GET", f"/packs/{PACK}", version="0" * 64)
        assert (missing.status_code, missing.json()["code"]) == (404, "unknown_pack_version")

    async def test_a_version_is_kept_once(self, start: Start) -> None:
        """Goal: settlements at the same moment, on two processes, keep one row. Method: four bills
        settled together, then one more."""
        first, second = await start(), await start()
        encounters = [await first.discharged() for _ in range(5)]
        await asyncio.gather(
            *(
                (first if number % 2 else second).settled(encounter["encounter_id"])
                for number, encounter in enumerate(encounters[:4])
            )
        )
        await first.settled(encounters[4]["encounter_id"])
        (kept,) = await first.rows("SELECT pack, version, files FROM pack_versions")
        assert kept["files"] == shipped()
        rows = await first.rows("SELECT DISTINCT pack_version FROM settlements")
        assert [row["pack_version"] for row in rows] == [kept["version"]]


class TestProduction:
    async def test_an_unconfirmed_assumption_keeps_a_pack_from_use(self, start: Start) -> None:
        """Goal: nobody is paid by a guess; the refusal names each value and the cure. Method: a
        quote, the pack and the list on a production host."""
        claims = await start(production=True)
        for method, path, body in (
            ("POST", "/settlements/quote", QUOTE),
            ("GET", f"/packs/{PACK}", None),
        ):
            refused = await claims.call(method, path, body)
            assert (refused.status_code, refused.json()["code"]) == (409, "assumption_unconfirmed")
            fields = {fault["field"] for fault in refused.json()["errors"]}
            assert {"parameters.basic.annual_cap", "parameters.outpatient.cap_basis"} <= fields
            assert all("确认" in fault["message_zh"] for fault in refused.json()["errors"])
        listed = await claims.good("GET", "/packs")
        assert PACK not in {pack["pack"] for pack in listed["items"]}
        assert {fault["code"] for fault in listed["faults"]} == {"assumption_unconfirmed"}

    async def test_the_rest_of_the_service_starts(self, start: Start) -> None:
        """Goal: what is to be confirmed keeps no hospital from registering its patients. Method:
        the service's own start on a production host, then a visit; only its bill is refused."""
        claims = await start(production=True)
        async with MODULE.lifespan(claims.context):
            encounter = await claims.discharged()
            path = f"/encounters/{encounter['encounter_id']}/settlement"
            refused = await claims.call("POST", path)
            assert (refused.status_code, refused.json()["code"]) == (409, "assumption_unconfirmed")
        assert await claims.rows("SELECT 1 FROM settlements") == []

    async def test_a_subsidy_too(self, start: Start) -> None:
        """Goal: every calculation by such a pack. Method: an enrolment on a production host."""
        claims = await start(production=True)
        body = {
            "pack": "liangping-2019",
            "person": {"categories": ["destitute"]},
            "insurance_tier": 1,
            "insurance_year": 2020,
        }
        refused = await claims.call("POST", "/subsidies/quote", body)
        assert (refused.status_code, refused.json()["code"]) == (409, "assumption_unconfirmed")

    async def test_one_assumption_left_is_enough(self, start: Start, tmp_path: Path) -> None:
        """Goal: all or nothing. Method: every value is confirmed but one."""
        packs = confirmed_pack(tmp_path, but="medical_aid.annual_cap")
        claims = await start(production=True, packs=str(packs))
        refused = await claims.call("POST", "/settlements/quote", QUOTE)
        assert [fault["field"] for fault in refused.json()["errors"]] == [
            "parameters.medical_aid.annual_cap"
        ]

    async def test_a_confirmed_pack_is_used(self, start: Start, tmp_path: Path) -> None:
        """Goal: the way into production. Method: every assumption is confirmed in the pack's
        files; the settlement lists none, the pack tells who confirmed what by which document."""
        claims = await start(production=True, packs=str(confirmed_pack(tmp_path)))
        encounter = await claims.discharged()
        settled = await claims.settled(encounter["encounter_id"])
        assert settled["assumptions"] == []
        pack = await claims.good("GET", f"/packs/{PACK}")
        assert pack["assumptions"] == []
        cap = next(p for p in pack["parameters"] if p["name"] == "basic.annual_cap")
        assert (cap["assumed"], cap["unconfirmed"]) == (True, False)
        assert cap["confirmed"] == {
            "by": "区医保局",
            "on": "2016-07-01",
            "document": "乐医保〔2016〕1号",
            "article": "三",
        }
