"""The window ``/claims/``: a bill from the visit's number to the settlement and back."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from shared.clock import FixedClock
from shared.runtime.peers import Peers
from tests.integration.claims.county import BILL_A, DISTRICT, REGION, TOWNSHIP, Claims, recognition
from tests.support.browsing import Screen, assert_private, screen, values, words
from tests.support.service import Running

CLERK = ("claims:encounters", "claims:settle", "claims:ledger")
DISCHARGE = {"at": "2016-03-08T10:00", "diagnoses": "J18.900 I10"}


def identity_says(name: str | None) -> httpx.AsyncClient:
    """Identity as claims meets it; None: it does not answer."""

    def answer(request: httpx.Request) -> httpx.Response:
        assert re.fullmatch(r"/identity/v1/persons/[\w-]+", request.url.path)
        if name is None:
            raise httpx.ConnectError("identity is away")
        return httpx.Response(200, json={"masked_name": name})

    return httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://identity")


@pytest.fixture
def running(claims: Claims, clock: FixedClock) -> Running:
    claims.context.peers = Peers({"identity": identity_says("测*甲")})
    return Running(claims.context, claims.signer, clock)


@pytest.fixture
async def clerk(running: Running, tmp_path: Path) -> AsyncIterator[Screen]:
    async with screen(running, tmp_path, *CLERK) as one:
        yield one


async def recognised(claims: Claims, visit_no: str = "ZY1") -> str:
    """The case that a recognition opened."""
    await claims.deliver(recognition(visit_no))
    found = await claims.good("GET", "/encounters", visit_no=visit_no)
    return str(found["items"][0]["encounter_id"])


async def charged(claims: Claims, visit_no: str = "ZY1") -> str:
    encounter_id = await recognised(claims, visit_no)
    await claims.good(
        "POST", f"/encounters/{encounter_id}/charges", {"batch_no": "B1", "lines": BILL_A}
    )
    return encounter_id


async def test_from_the_number_to_the_settlement_and_back(claims: Claims, clerk: Screen) -> None:
    """Goal: the clerk settles with one button per state, reads why, and can undo it. Method: worked
    example A through the forms; the words and figures of each page; the ledger at the end."""
    encounter_id = await charged(claims)
    here = f"/claims/cases/{encounter_id}"
    found = await clerk.follow(await clerk.post("/claims/", {"visit_no": " zy1 ".upper()}))
    assert found.url.path == here
    assert_private(found, "测试甲")
    said = words(found)
    for part in ("测*甲", "建档立卡", "免押金", "植入材料", "5,000.00", "登记出院并试算"):
        assert part in said, part
    shown = await clerk.follow(await clerk.post(f"{here}/discharge", DISCHARGE))
    said = words(shown)
    for part in (
        "试算(尚未结算)", "患者应付 991.27 元", "基本医保 3,344.90", "医疗救助 663.83",
        "基本医疗保险按83%支付4,030.00元中的3,344.90元", "JK-03", "按假定计算", "确认结算",
    ):  # fmt: skip
        assert part in said, part
    seen = {name: values(shown, name)[0] for name in ("total", "patient_pays")}
    settled = await clerk.follow(await clerk.post(f"{here}/settle", seen))
    assert "结算完成" in words(settled)
    assert "确认结算" not in words(settled)
    (settlement_id,) = values(settled, "settlement_id")
    silent = await clerk.post(f"{here}/reverse", {"settlement_id": settlement_id, "reason": "  "})
    assert silent.status_code == 422
    assert "请写明冲销原因" in words(silent)
    undone = await clerk.follow(
        await clerk.post(f"{here}/reverse", {"settlement_id": settlement_id, "reason": "重复收费"})
    )
    said = words(undone)
    for part in ("已冲销", "冲销单 重复收费 -5,000.00 -991.27", "确认结算"):
        assert part in said, part
    assert set((await claims.balances()).values()) == {"0.00"}


async def test_what_was_not_shown_is_not_settled(claims: Claims, clerk: Screen) -> None:
    """Goal: nobody confirms a bill he has not seen. Method: charges arrive between preview and
    click; the same click on the new preview settles."""
    encounter_id = await charged(claims)
    here = f"/claims/cases/{encounter_id}"
    shown = await clerk.follow(await clerk.post(f"{here}/discharge", DISCHARGE))
    seen = {name: values(shown, name)[0] for name in ("total", "patient_pays")}
    line = {"line_no": 9, "name": "补记", "kind": "lab", "catalogue_class": "A", "amount": "10.00"}
    await claims.good(
        "POST", f"/encounters/{encounter_id}/charges", {"batch_no": "B2", "lines": [line]}
    )
    stale = await clerk.post(f"{here}/settle", seen)
    assert stale.status_code == 409
    assert "刚才账单有变化" in words(stale)
    assert await claims.rows("SELECT 1 FROM settlements") == []
    seen = {name: values(stale, name)[0] for name in ("total", "patient_pays")}
    assert seen["total"] == "5010.00"
    assert (await clerk.post(f"{here}/settle", seen)).status_code == 303
    assert (await clerk.post(f"{here}/settle", seen)).status_code == 303  # a double click
    assert len(await claims.rows("SELECT 1 FROM settlements")) == 1


async def test_a_batch_by_hand_keeps_what_was_typed(claims: Claims, clerk: Screen) -> None:
    """Goal: faults stand at their cells, nothing is typed twice, sending twice adds once. Method:
    a form with faults in rows 1 and 3, the corrected form twice, then the batch withdrawn."""
    encounter_id = await recognised(claims)
    here = f"/claims/cases/{encounter_id}"
    (batch_no,) = values(await clerk.get(here), "batch_no")
    form = {
        "batch_no": batch_no, "rows": "5", "do": "add",
        "name-0": "骨科钢板", "kind-0": "implant", "class-0": "A", "amount-0": "1,234.5x",
        "first-0": "18%", "kind-1": "drug", "class-1": "A",
        "name-2": "", "kind-2": "drug", "class-2": "B", "amount-2": "12.00",
    }  # fmt: skip
    refused = await clerk.post(f"{here}/charges", form)
    assert refused.status_code == 422
    assert 'id="amount-0-fault"' in refused.text
    assert 'id="name-2-fault"' in refused.text
    assert 'value="1,234.5x"' in refused.text
    assert await claims.rows("SELECT 1 FROM charge_lines") == []
    form |= {"amount-0": "1,234.50 元", "name-2": "乙类药"}
    for _ in range(2):
        assert (await clerk.post(f"{here}/charges", form)).status_code == 303
    lines = await claims.rows("SELECT name, amount_fen, self_first_ratio FROM charge_lines")
    assert sorted((line["name"], line["amount_fen"]) for line in lines) == [
        ("乙类药", 1_200),
        ("骨科钢板", 123_450),
    ]
    assert {str(line["self_first_ratio"]) for line in lines} == {"0.180000", "None"}
    assert (await clerk.post(f"{here}/charges/withdraw", {"batch_no": batch_no})).status_code == 303
    assert await claims.rows("SELECT 1 FROM charge_lines") == []


async def test_a_bill_that_cannot_be_settled_says_why(claims: Claims, clerk: Screen) -> None:
    """Goal: the reason in words instead of a button. Method: an implant without its share."""
    encounter_id = await recognised(claims)
    line = BILL_A[2] | {"self_first_ratio": None}
    await claims.good(
        "POST", f"/encounters/{encounter_id}/charges", {"batch_no": "B1", "lines": [line]}
    )
    shown = await clerk.follow(
        await clerk.post(f"/claims/cases/{encounter_id}/discharge", DISCHARGE)
    )
    assert "还不能结算" in words(shown)
    assert "植入材料须注明先行自付比例" in words(shown)
    assert "确认结算" not in words(shown)


async def test_a_visit_that_nobody_recognised_is_registered(claims: Claims, clerk: Screen) -> None:
    """Goal: the window works for any patient. Method: register, twice the same, then as another."""
    form = {
        "new_facility": TOWNSHIP, "new_visit_no": "MZ-7", "type": "outpatient",
        "at": "2016-03-09T08:00", "deposit": "20",
    }  # fmt: skip
    opened = await clerk.follow(await clerk.post("/claims/cases", form))
    assert "未识别身份" in words(opened)
    assert "20.00 元" in words(opened)
    assert (await clerk.post("/claims/cases", form)).status_code == 303
    other = await clerk.post("/claims/cases", form | {"deposit": "30"})
    assert other.status_code == 409
    wrong = await clerk.post("/claims/cases", form | {"new_visit_no": "张三", "deposit": "x"})
    assert wrong.status_code == 422
    assert 'id="new_visit_no-fault"' in wrong.text
    assert 'id="deposit-fault"' in wrong.text
    assert len(await claims.rows("SELECT 1 FROM encounters")) == 1


async def test_a_facilitys_clerk_sees_his_own_visits_alone(
    claims: Claims, running: Running, tmp_path: Path
) -> None:
    """Goal: another hospital's case does not exist here. Method: list, number, address, recognition
    and every form of a township's clerk for a district's visit."""
    encounter_id = await charged(claims)
    recognised_as = (await claims.rows("SELECT recognition_id FROM encounter_recognitions"))[0]
    own = f"facility:{TOWNSHIP}"
    async with screen(running, tmp_path, *CLERK, organisation=own) as other:
        assert "ZY1" not in words(await other.get("/claims/"))
        asked = await other.post("/claims/", {"visit_no": "ZY1", "facility": DISTRICT})
        assert asked.status_code == 404
        here = f"/claims/cases/{encounter_id}"
        assert (await other.get(here)).status_code == 404
        waits = await other.get(f"/claims/recognitions/{recognised_as['recognition_id']}")
        assert "正在等待" in words(waits)
        for form in ("discharge", "charges/withdraw", "settle", "cancel", "evidence", "reverse"):
            fields = DISCHARGE | {
                "cancel_reason": "重复",
                "settlement_id": encounter_id,
                "reason": "x",
            }
            assert (await other.post(f"{here}/{form}", fields)).status_code == 404, form
    rows = await claims.rows("SELECT status FROM encounters")
    assert [row["status"] for row in rows] == ["charging"]


async def test_rights_and_tokens_of_the_forms(
    claims: Claims, running: Running, tmp_path: Path
) -> None:
    """Goal: each form has its right and its token. Method: nobody; a reader; a clerk who may not
    settle; a form of another page."""
    encounter_id = await charged(claims)
    here = f"/claims/cases/{encounter_id}"
    async with screen(running, tmp_path, "claims:ledger", name="reader") as reader:
        assert (await reader.get("/claims/")).status_code == 403
        nobody = await reader.http.get(here)
        assert nobody.headers["location"] == f"/signin?next={here}"
    async with screen(running, tmp_path, "claims:encounters", name="ward") as ward:
        shown = await ward.follow(await ward.post(f"{here}/discharge", DISCHARGE))
        assert "确认结算" not in words(shown)
        assert (await ward.post(f"{here}/settle", {})).status_code == 403
        forged = await ward.post(f"{here}/cancel", {"cancel_reason": "x"}, token=False)
        assert forged.status_code == 403


async def test_a_late_recognition_waits_and_then_opens(claims: Claims, clerk: Screen) -> None:
    """Goal: from identity's window straight to the case, however the events travel. Method: the
    address before and after the event; the line that the page polls."""
    made = recognition("ZY1", recognition_id="01890a5d-ac96-774b-bcce-b302099a8060")
    address = f"/claims/recognitions/{made.recognition_id}"
    assert "正在等待" in words(await clerk.get(address))
    assert (await clerk.get(f"{address}/waiting")).text.strip() != ""
    await claims.deliver(made)
    assert (await clerk.get(f"{address}/waiting")).text.strip() == ""
    assert "测*甲" in words(await clerk.follow(await clerk.get(address)))


async def test_without_identity_the_work_goes_on(
    claims: Claims, running: Running, clerk: Screen
) -> None:
    """Goal: a name is a courtesy. Method: identity away; the page says so and settles."""
    running.context.peers = Peers({"identity": identity_says(None)})
    encounter_id = await charged(claims)
    shown = await clerk.get(f"/claims/cases/{encounter_id}")
    assert shown.status_code == 200
    assert "姓名暂时无法显示" in words(shown)


async def test_each_look_is_logged(claims: Claims, clerk: Screen) -> None:
    """Goal: who looked at whose case is known. Method: the audit log after a list and a case."""
    encounter_id = await charged(claims)
    await clerk.get("/claims/")
    await clerk.get(f"/claims/cases/{encounter_id}")
    looks = await claims.rows(
        "SELECT action, subject, actor FROM audit_log WHERE action IN"
        " ('encounter.read', 'encounters.listed') AND actor = 'user:tester' ORDER BY id"
    )
    assert [(row["action"], row["subject"]) for row in looks] == [
        ("encounters.listed", f"region:{REGION}"),
        ("encounter.read", encounter_id),
    ]


async def test_each_look_through_the_interface_is_logged(claims: Claims) -> None:
    """Goal: a program's looks are known as a clerk's are, and the log holds no number that was
    asked for. Method: a case, a list by a number that is an ID number, a bill; the audit log."""
    encounter_id = await charged(claims)  # its last step lists the visits
    asked = "519901196203040119"
    await claims.good("GET", f"/encounters/{encounter_id}")
    await claims.good("GET", "/encounters", visit_no=asked)
    await claims.good(
        "POST",
        f"/encounters/{encounter_id}/discharge",
        {"discharged_at": "2016-03-08T10:00:00+08:00", "diagnoses": ["J18.900"]},
    )
    settled = await claims.good("POST", f"/encounters/{encounter_id}/settlement")
    await claims.good("GET", f"/settlements/{settled['settlement_id']}")
    looks = await claims.rows("SELECT action, subject, detail FROM audit_log ORDER BY id")
    read = [row["action"] for row in looks if row["action"].endswith((".read", ".listed"))]
    assert read[-3:] == ["encounter.read", "encounters.listed", "settlement.read"]
    assert asked not in str([tuple(row) for row in looks])


async def test_a_visit_is_cancelled_with_a_reason(claims: Claims, clerk: Screen) -> None:
    """Goal: a double registration is taken out of the list, for good. Method: without a reason,
    then with one; the page offers nothing more."""
    encounter_id = await charged(claims)
    here = f"/claims/cases/{encounter_id}"
    assert (await clerk.post(f"{here}/cancel", {})).status_code == 422
    done = await clerk.follow(await clerk.post(f"{here}/cancel", {"cancel_reason": "重复登记"}))
    assert "已取消" in words(done)
    assert "登记出院" not in words(done)
    assert "ZY1" not in words(await clerk.get("/claims/"))


async def test_recognised_late_the_bill_is_settled_anew_with_one_button(
    claims: Claims, clerk: Screen
) -> None:
    """Goal: the clerk sees that a settled bill waits, what would change, and does it at once.
    Method: an ordinary resident's bill, the recognition, the list, the page, the button."""
    encounter = await claims.discharged(visit_no="ZY8")
    await claims.settled(encounter["encounter_id"])
    here = f"/claims/cases/{encounter['encounter_id']}"
    assert "打印结算单" in words(await clerk.get(here))
    await claims.deliver(recognition("ZY8"))
    assert "需重新结算" in words(await clerk.get("/claims/"))
    page = await clerk.get(here)
    said = words(page)
    for part in ("应重新结算", "应退还患者 663.83 元", "医疗救助 0.00 663.83 663.83"):
        assert part in said, part
    assert len(await claims.rows("SELECT 1 FROM settlements")) == 1  # the preview kept nothing
    form = {"settlement_id": values(page, "settlement_id")[0], "do": "pending"}
    done = await clerk.follow(await clerk.post(f"{here}/revise", form))
    said = words(done)
    for part in ("已重新结算", "与上一次结算的差额", "个人支付 1,655.10 991.27 -663.83"):
        assert part in said, part
    assert "需重新结算" not in words(await clerk.get("/claims/"))
    again = await clerk.post(f"{here}/revise", form)
    assert again.status_code == 409
    assert len(await claims.rows("SELECT 1 FROM settlements")) == 3


async def test_a_visit_of_several_programmes_shows_each_in_words(
    claims: Claims, clerk: Screen
) -> None:
    """Goal: no code without its word, nothing lost. Method: two programmes chosen at discharge."""
    encounter_id = await charged(claims)
    chosen = {"programme-serious_34": "1", "programme-national_94": "1"}
    done = await clerk.follow(
        await clerk.post(f"/claims/cases/{encounter_id}/discharge", DISCHARGE | chosen)
    )
    said = words(done)
    assert "34种重病" in said
    assert "94种大病专项救治" in said
    kept = await claims.good("GET", f"/encounters/{encounter_id}")
    assert set(kept["disease_programme"]) == {"serious_34", "national_94"}
