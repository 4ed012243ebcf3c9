"""The screens of contracts, without a browser: what a doctor sees, does, and is told in words."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path
from uuid import UUID

import httpx
import openpyxl
from sqlalchemy import text

from shared.runtime.peers import Peers
from tests.integration.contracts.screens import DOCTOR, P1, P2, act, identity_says, load
from tests.integration.contracts.stories import (
    YONGHE,
    entered,
)
from tests.integration.contracts.test_plans import enrol
from tests.support.browsing import Screen, assert_private, screen, values, words
from tests.support.merges import merged
from tests.support.service import Running


async def test_a_form_sent_twice_is_carried_out_once(doctor: Screen, contracts: Running) -> None:
    """Goal: a double click without scripts records one visit; what is said to be another is a new one.
    Method: the form as its page brought it, twice at once, once later, then of another time."""
    form = f"/contracts/persons/{P1}/visits/hypertension"
    page = await doctor.get(form)
    keys = values(page, "form_key")
    assert len(set(keys)) == len(keys) >= 1
    visit = {
        "form_key": keys[-1], "performed_at": "2016-03-10T09:30", "way": "home",
        "outcome": "continue", "m-sbp": "128", "m-dbp": "80",
    }  # fmt: skip
    wrong = await doctor.post(form, visit | {"performed_at": ""})
    assert wrong.status_code == 422
    twins = await asyncio.gather(*(doctor.post(form, visit) for _ in range(2)))
    again = await doctor.post(form, visit)
    assert {one.headers["location"] for one in (*twins, again)} == {again.headers["location"]}
    assert again.headers["idempotency-replayed"] == "true"
    assert_private(again)
    assert "已记录 测*甲 的随访" in words(await doctor.follow(again))
    changed = await doctor.post(
        form, visit | {"performed_at": "2016-03-10T09:40", "again": "another"}
    )
    assert changed.headers["location"] != again.headers["location"]
    async with contracts.context.db.reading() as session:
        assert await session.scalar(text("SELECT count(*) FROM follow_ups")) == 2


async def test_a_discharge_becomes_a_line_and_a_follow_up_does_it(
    contracts: Running, doctor: Screen, tmp_path: Path
) -> None:
    """Goal: who, why and until when in one line, recorded on one form, nothing personal in an
    address. Method: sign, so that the follow-up is owed; read the list before, on the last day,
    after it; record; another township and a reader without the right see nothing of it."""
    assert "已签约" in await act(doctor, P1, "sign", signed_on="2016-03-01", package="basic")
    page = await doctor.get("/contracts/")
    said = words(page)
    assert "测*甲" in said
    assert "出院后随访 2016-03-15 前 · 2016-03-08 出院" in said
    assert_private(page, "测*甲")
    late = words(await doctor.get("/contracts/", date="2016-03-18"))
    assert "逾期 3 天（应于 2016-03-15 前）" in late

    (task,) = await contracts.rows("SELECT task_id FROM tasks WHERE rule LIKE 'post%'")
    form = f"/contracts/tasks/{task['task_id']}"
    assert "LP-33" in words(await doctor.get(form))
    typed = {"way": "home", "outcome": "stable", "performed_at": "2016-03-30T09:00"}
    refused = await doctor.post(form, typed)
    assert refused.status_code == 422
    assert 'aria-describedby="performed_at-fault"' in refused.text
    recorded = await doctor.post(form, typed | {"performed_at": "2016-03-10T09:00"})
    assert "已记录 测*甲 的随访" in words(await doctor.follow(recorded))
    assert "这一天没有要办的任务" in words(await doctor.get("/contracts/"))
    assert "此任务已办结" in words(await doctor.get(form))

    async with screen(
        contracts, tmp_path, *DOCTOR, name="other", organisation=f"township:{YONGHE}"
    ) as other:
        assert (await other.get(form)).status_code == 404
        assert (await other.get(f"/contracts/persons/{P1}")).status_code == 404
    async with screen(contracts, tmp_path, "contracts:read", name="reader") as reader:
        assert (await reader.post(f"/contracts/persons/{P2}/sign")).status_code == 403
        assert 'name="signed_on"' not in (await reader.get(f"/contracts/persons/{P2}")).text


async def test_what_presses_stands_before_what_has_months(
    contracts: Running, doctor: Screen
) -> None:
    """Goal: a list for today, not for the year; one way to a household. Method: P1 came home, P2 of
    his household and P3 elsewhere have a visit in three months: P3's is counted, folded, and found
    behind the count."""
    p3 = str(UUID(int=3))
    await contracts.deliver(entered(p3, village="柏林村"))
    async with contracts.context.db.writing() as session:
        await session.execute(
            text("UPDATE people SET household_id = 'H3' WHERE village = '柏林村'")
        )
    for person_id in (P2, p3):
        await enrol(contracts, person_id=person_id)
    page = await doctor.get("/contracts/")
    assert page.text.count("task-do") == 2
    said = words(page)
    assert "2 项任务，1 户" in said
    assert "测*乙" in said
    assert "不急的：2 项，2016-03-17 以后到期" in said
    assert "later=true" in page.text
    others = await doctor.get("/contracts/", village="柏林村", later="true")
    assert others.text.count("task-do") == 1
    assert f"/contracts/persons/{p3}" in others.text
    assert "回到今天的任务" in words(others)


async def test_a_measurement_is_asked_for_again_in_words(
    contracts: Running, doctor: Screen
) -> None:
    """Goal: impossible is refused, unlikely is asked for once more and kept when it is confirmed; the
    person's page shows the course. Method: a hypertension case under a plan, three visits."""
    assert "已登记疾病" in await act(
        doctor, P1, "found", disease="hypertension", found_on="2016-01-10"
    )
    (case,) = await contracts.rows("SELECT case_id FROM disease_cases")
    plan = f"manage/{case['case_id']}"
    assert "管理方案已保存" in await act(doctor, P1, plan, goal="降到140", measures="限盐\n服药")
    form = f"/contracts/persons/{P1}/visits/hypertension"
    typed = {"way": "clinic", "outcome": "continue", "performed_at": "2016-03-09T09:00"}
    empty = await doctor.post(form, typed)
    assert "请填写收缩压" in words(empty)
    impossible = await doctor.post(form, typed | {"m-sbp": "1400", "m-dbp": "84"})
    assert "收缩压不可能；可能范围 40-300" in words(impossible)
    unlikely = await doctor.post(form, typed | {"m-sbp": "226", "m-dbp": "84"})
    assert "收缩压少见(通常 80–220 mmHg)" in words(unlikely)
    assert 'name="confirm-sbp"' in unlikely.text
    kept = await doctor.post(form, typed | {"m-sbp": "226", "m-dbp": "84", "confirm-sbp": "yes"})
    said = words(await doctor.follow(kept))
    assert "控制不满意" in said
    assert "应建议转诊" in said
    later = typed | {"performed_at": "2016-03-10T09:00", "m-sbp": "132", "m-dbp": "80"}
    assert "控制满意" in words(await doctor.follow(await doctor.post(form, later)))

    page = await doctor.get(f"/contracts/persons/{P1}")
    assert page.text.count('<circle class="dot') == 4
    assert "收缩压 226 mmHg；舒张压 84 mmHg" in words(page)
    assert "降到140" in words(page)
    refused = await doctor.post(
        f"/contracts/persons/{P1}/close/{case['case_id']}", {"closed_on": "2016-03-10"}
    )
    assert refused.status_code == 422
    assert f'id="close-{case["case_id"]}-evidence-fault"' in refused.text


async def test_a_contract_goes_through_its_steps_on_the_page(
    contracts: Running, doctor: Screen
) -> None:
    """Goal: sign, renew, end with a reason, refuse with evidence, a second person stays untouched;
    without identity the page works without names. Method: each form, each refusal beside its field."""
    early = await doctor.post(f"/contracts/persons/{P2}/sign", {"signed_on": "2017-01-01"})
    assert early.status_code == 422
    assert 'id="sign-signed_on-fault"' in early.text
    for form, dates in (
        ("sign", {"signed_on": "2016-03-01", "valid_to": "2016-02-01"}),
        ("exempt", {"valid_from": "2016-03-01", "valid_to": "2016-02-01", "reason": "refused"}),
    ):
        turned = await doctor.post(
            f"/contracts/persons/{P2}/{form}", dates | {"evidence": "本人签字"}
        )
        assert turned.status_code == 422
        assert f'id="{form}-valid_to-fault"' in turned.text
    await act(doctor, P2, "sign", signed_on="2016-03-01")
    (contract,) = await contracts.rows("SELECT contract_id FROM contracts")
    one = contract["contract_id"]
    assert "已续签" in await act(doctor, P2, f"renew/{one}", renewed_on="2016-03-10")
    ended = await act(doctor, P2, f"terminate/{one}", reason="own_request", ended_on="2016-03-10")
    assert "已解约" in ended
    assert "其他签约(1)" in ended
    assert "有效期 2016-03-01 至 2016-03-09" in ended
    no_evidence = await doctor.post(f"/contracts/persons/{P2}/refuse", {"on": "2016-03-10"})
    assert no_evidence.status_code == 422
    refused = await act(doctor, P2, "refuse", on="2016-03-10", evidence="本人签字")
    assert "拒签 2016-03-10 起，到 2017-03-09 · 有效" in refused
    assert (await doctor.post(f"/contracts/persons/{P2}/fly")).status_code == 404
    contracts.context.peers = Peers({"identity": identity_says(None)})
    assert "姓名暂不可见" in words(await doctor.get(f"/contracts/persons/{P2}"))


async def test_a_person_is_referred_checked_and_given_drugs(
    contracts: Running, doctor: Screen
) -> None:
    """Goal: the rest of the page. Method: refer up and take it back, a check-up with what was done,
    drugs of 1,500 with 300 insured: the fund pays 1,000, the patient 200; taken back, once."""
    said = await act(
        doctor, P1, "refer", reason="treatment", to_facility="H51111300101", diagnoses="I10"
    )
    assert "等待接诊" in said
    (referral,) = await contracts.rows("SELECT referral_id FROM referrals")
    assert "已办结" in await act(doctor, P1, f"referral-close/{referral['referral_id']}")
    checked = {"performed_on": "2016-03-10", "item-ecg": "yes", "m-sbp": "230", "m-dbp": "86"}
    unlikely = await doctor.post(f"/contracts/persons/{P1}/check-up", checked)
    assert 'id="check-up-m-sbp-fault"' in unlikely.text
    assert 'name="confirm"' in unlikely.text
    said = await act(doctor, P1, "check-up", **checked, confirm="yes")
    assert "收缩压 230 mmHg" in said
    assert "完成 1/11 项 · 计费 150.00 元" in said
    said = await act(
        doctor, P1, "dispense",
        disease="hypertension", dispensed_on="2016-03-10", total="1,500", insurance_paid="300",
    )  # fmt: skip
    assert "1,500.00 300.00 1,000.00 200.00 待结算" in said
    (given,) = await contracts.rows("SELECT dispensing_id FROM dispensings")
    form = f"dispense-withdraw/{given['dispensing_id']}"
    assert "已撤销 没有来领" in await act(doctor, P1, form, reason="not_collected")
    assert (
        await doctor.post(f"/contracts/persons/{P1}/{form}", {"reason": "returned"})
    ).status_code == 409


async def test_two_contracts_of_a_merged_person_lead_to_the_page_where_one_is_ended(
    contracts: Running, doctor: Screen
) -> None:
    """Goal: a clerk sees what a merge left. Method: both ids signed, merged, one contract ended."""
    for person in (P1, P2):
        await act(doctor, person, "sign", signed_on="2016-03-01", package="basic")
    assert "重复签约" not in words(await doctor.get("/contracts/teams"))
    assert "没有重复签约的人" in words(await doctor.get("/contracts/doubles"))
    await contracts.deliver(merged(P1, P2, 1))
    assert "重复签约" in words(await doctor.get("/contracts/teams"))
    listed = await doctor.get("/contracts/doubles")
    assert f"/contracts/persons/{P1}#sign" in listed.text
    assert_private(listed)
    (second,) = await contracts.rows("SELECT contract_id FROM contracts WHERE person_id = :p", p=P2)
    form = f"terminate/{second['contract_id']}"
    await act(doctor, P1, form, reason="entered_in_error", ended_on="2016-03-10")
    assert "没有重复签约的人" in words(await doctor.get("/contracts/doubles"))


async def test_a_file_is_tried_imported_and_taken_back(contracts: Running, doctor: Screen) -> None:
    """Goal: a verdict for each row, nothing written by a trial, taken back by one button. Method: a
    good row and one of nobody, tried, imported, undone; a file that is none."""
    book = openpyxl.Workbook()
    for row in (("人员编号", "签约日期"), (P1, "2016-03-01"), (str(UUID(int=9)), "2016-03-01")):
        book.active.append(row)
    content = io.BytesIO()
    book.save(content)

    async def send(trial: str) -> httpx.Response:
        files = {"file": ("a.xlsx", content.getvalue())}
        return await doctor.post("/contracts/imports", {"dry_run": trial}, files=files)

    tried = words(await doctor.follow(await send("yes")))
    assert "试导入，未写入" in tried
    assert "2 行数 = 1 通过 + 0 已有 + 1 退回" in tried
    assert "没有此登记人员" in tried
    assert await contracts.rows("SELECT * FROM contracts") == []
    applied = await send("no")
    assert "已导入" in words(await doctor.follow(applied))
    here = applied.headers["location"].partition("?")[0]
    assert len(load(await doctor.get(f"{here}/verdicts.xlsx"))) == 3
    assert "已撤销" in words(await doctor.follow(await doctor.post(f"{here}/undo")))
    assert (await doctor.post(f"{here}/undo")).status_code == 409
    assert "已撤销" in words(await doctor.get("/contracts/imports"))
    nothing = await doctor.post("/contracts/imports", files={"file": ("a.xlsx", b"no workbook")})
    assert nothing.status_code == 422
    assert 'id="file-fault"' in nothing.text
    missing = await doctor.post("/contracts/imports", {"dry_run": "yes"})
    assert "请选择文件" in words(missing)


async def test_who_was_not_met_is_reported_on_the_page(
    contracts: Running, doctor: Screen, tmp_path: Path
) -> None:
    """Goal: 1.4: the doctor's list leads to the form, the supervisor sees who waits and to whom it
    was reported. Method: two home visits in vain told by the forms, a wrong time, the report."""
    await enrol(contracts, P1, "tuberculosis")
    (task,) = await contracts.rows("SELECT task_id FROM tasks WHERE programme = 'tuberculosis'")
    for minute in ("10", "40"):
        typed = {
            "performed_at": f"2016-03-10T09:{minute}",
            "way": "home",
            "outcome": "not_reached",
        }
        await doctor.post(f"/contracts/tasks/{task['task_id']}", typed)
    page = await doctor.get("/contracts/")
    assert "72小时内2次未见到患者，向上级专业机构报告" in words(page)
    assert f"/contracts/persons/{P1}?form=report#report" in page.text
    (owed,) = await contracts.rows(
        "SELECT task_id FROM tasks WHERE programme = 'tuberculosis_not_met'"
    )
    form = f"/contracts/persons/{P1}/report/{owed['task_id']}"
    opened = await doctor.get(f"/contracts/persons/{P1}", form="report")
    assert f'action="{form}"' in opened.text
    body = {"reported_to": "county_cdc", "reported_at": "2016-03-01T09:00"}
    refused = await doctor.post(form, body)
    assert refused.status_code == 422
    assert f'id="report-{owed["task_id"]}-reported_at-fault"' in refused.text
    async with screen(contracts, tmp_path, "contracts:read", name="director") as director:
        waits = words(await director.get("/contracts/teams"))
        assert "未见到、须向上级报告的患者" in waits
        assert "测*甲 肺结核患者未见到，向上级报告" in waits
        said = await act(
            doctor, P1, f"report/{owed['task_id']}", **body | {"reported_at": "2016-03-10T09:50"}
        )
        assert "已登记向上级报告" in said
        assert "2016-03-10 已报告县(区)疾控中心" in said
        assert "2016-03-10 已报告县(区)疾控中心" in words(await director.get("/contracts/teams"))
    looks = await contracts.rows("SELECT detail FROM audit_log WHERE action = 'not_met.listed'")
    assert [each["detail"] for each in looks] == [{"persons": [P1]}] * 2
