"""The screens of contracts, without a browser: what a doctor sees, does, and is told in words."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import openpyxl
import pytest
from sqlalchemy import text

from shared.runtime.peers import Peers
from shared.security.default_users import DEFAULT_USERS
from tests.integration.contracts.stories import (
    DISTRICT_HOSPITAL,
    JINHE,
    JINHE_TEAM,
    YONGHE,
    discharged,
    entered,
)
from tests.integration.contracts.test_plans import enrol
from tests.support.browsing import Screen, assert_private, screen, values, words
from tests.support.merges import merged
from tests.support.service import Running

P1 = str(UUID(int=1))
P2 = str(UUID(int=2))
DOCTOR = DEFAULT_USERS["doctor"].scopes


def identity_says(names: dict[str, str] | None) -> httpx.AsyncClient:
    """Identity as contracts meets it; None: it does not answer."""

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/identity/v1/persons/names"
        if names is None:
            raise httpx.ConnectError("identity is away")
        asked = json.loads(request.content)["person_ids"]
        items = [{"person_id": each, "masked_name": names[each]} for each in asked if each in names]
        return httpx.Response(200, json={"items": items})

    return httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://identity")


@pytest.fixture
async def doctor(contracts: Running, tmp_path: Path) -> AsyncIterator[Screen]:
    """The township doctor; two persons of one household, the first came home on 8 March."""
    contracts.context.peers = Peers({"identity": identity_says({P1: "测*甲", P2: "测*乙"})})
    await contracts.deliver(entered(P1, birth_year=1960), entered(P2), discharged("E1", P1))
    async with screen(
        contracts, tmp_path, *DOCTOR, name="doctor", organisation=f"township:{JINHE}"
    ) as one:
        yield one


async def test_a_form_sent_twice_is_carried_out_once(doctor: Screen, contracts: Running) -> None:
    """Goal: a double click without scripts records one visit; what was changed is a new one. Method:
    the form as its page brought it, twice at once, once later, then with another reading."""
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
    changed = await doctor.post(form, visit | {"performed_at": "2016-03-10T09:40"})
    assert changed.headers["location"] != again.headers["location"]
    async with contracts.context.db.reading() as session:
        assert await session.scalar(text("SELECT count(*) FROM follow_ups")) == 2


async def act(doctor: Screen, person: str, form: str, **typed: str) -> str:
    """Send a form of the person's page; what it says after."""
    answer = await doctor.post(f"/contracts/persons/{person}/{form}", typed)
    return words(await doctor.follow(answer))


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


async def test_the_sheet_and_the_fees_are_the_services_figures(
    contracts: Running, doctor: Screen, tmp_path: Path
) -> None:
    """Goal: every number opens the list behind it, files hold what the page shows, fees are submitted
    once. Method: one signed and served, one away; the pages, the workbooks, a second submission."""
    await act(doctor, P1, "sign", signed_on="2016-03-01")
    await act(doctor, P2, "exempt", reason="long_absence", valid_from="2016-03-01", evidence="务工")
    page = await doctor.get("/contracts/balance")
    said = words(page)
    assert "2 名册 = 1 已签约 + 1 长期外出 + 0 待签约" in said
    assert "bucket=long_absence" in page.text
    people = words(await doctor.get("/contracts/balance/persons", bucket="long_absence"))
    assert "测*乙" in people
    assert "测*甲" not in people
    ahead = await doctor.get("/contracts/balance", month="2016-04")
    assert ahead.status_code == 422
    assert 'id="month-fault"' in ahead.text
    sheet = load(await doctor.get("/contracts/balance/sheet.xlsx"))
    assert sheet[0][:5] == ("乡镇", "村", "名册人数", "已签约", "长期外出")
    assert sheet[-1][2:6] == (2, 1, 1, 0)

    waiting = words(await doctor.get(f"/contracts/fees/{JINHE_TEAM}", period="2016-03"))
    assert "无服务记录的签约 没有服务就不付费 服务对象 住处 有效期 测*甲 金河镇 曙光村" in waiting
    visit = {"way": "home", "outcome": "stable", "performed_at": "2016-03-09T09:00"}
    (task,) = await contracts.rows("SELECT task_id FROM tasks WHERE rule LIKE 'post%'")
    await doctor.follow(await doctor.post(f"/contracts/tasks/{task['task_id']}", visit))
    assert "1 8.00 0.00 8.00 0" in words(await doctor.get("/contracts/fees", period="2016-03"))
    team = f"/contracts/fees/{JINHE_TEAM}"
    before = await doctor.get(team, period="2016-03")
    assert "申报 8.00 元到清算" in words(before)
    lines = load(await doctor.get(f"{team}/statement.xlsx", period="2016-03"))
    assert [row[3] for row in lines[1:]] == [8, 8]
    for said in ("已申报 1 份", "没有新的可申报"):
        issued = await doctor.follow(await doctor.post(f"{team}/issue", {"period": "2016-03"}))
        assert said in words(issued)
    assert "第 1 号" in words(await doctor.get(team, period="2016-03"))
    exported = await contracts.rows("SELECT action FROM audit_log WHERE action LIKE '%.exported'")
    assert len(exported) == 2
    (away,) = await contracts.rows("SELECT exemption_id FROM exemptions")
    back = await act(
        doctor, P2, f"exempt-end/{away['exemption_id']}", reason="returned", ended_on="2016-03-05"
    )
    assert "长期外出 2016-03-01 起，到 2016-03-04 · 已结束" in back


def load(answer: httpx.Response) -> list[tuple[Any, ...]]:
    """The rows of a workbook."""
    assert answer.status_code == 200, words(answer)
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    return list(book.worksheets[0].iter_rows(values_only=True))


async def test_the_supervisor_sees_teams_registers_referrals_and_who_did_not_come(
    contracts: Running, doctor: Screen, tmp_path: Path
) -> None:
    """Goal: the supervisor's pages. Method: one task that is overdue since long, a disease that was
    found, a referral that the hospital at the other end takes, a call that ends in an agreed day."""
    await act(doctor, P2, "sign", signed_on="2016-01-20")
    await contracts.deliver(discharged("E9", P2, on=date(2016, 2, 1)))
    await act(doctor, P1, "found", disease="hypertension", found_on="2016-01-10")
    await act(doctor, P1, "refer", reason="treatment", to_facility=DISTRICT_HOSPITAL)
    assert "▼ 1" in words(await doctor.get("/contracts/teams"))
    assert "高血压 应签约 1 0 0" in words(await doctor.get("/contracts/registers"))
    cases = await doctor.get("/contracts/registers", disease="hypertension", status="found")
    assert "测*甲" in words(cases)

    async with screen(
        contracts, tmp_path, *DOCTOR, name="hospital", organisation=f"facility:{DISTRICT_HOSPITAL}"
    ) as hospital:
        asked = await hospital.get("/contracts/referrals")
        assert "等您答复" in words(asked)
        (row,) = await contracts.rows("SELECT referral_id FROM referrals")
        one = f"/contracts/referrals/{row['referral_id']}"
        silent = await hospital.post(f"{one}/refuse", {"status": "made"})
        assert "请写明拒绝原因" in words(silent)
        taken = await hospital.follow(await hospital.post(f"{one}/accept", {"status": "made"}))
        assert "已接收" in words(taken)
    assert "没有这样的转诊" in words(await doctor.get("/contracts/referrals"))
    assert (await doctor.post(f"{one}/jump")).status_code == 404

    assert "测*乙" in words(await doctor.get("/contracts/overdue"))
    call = f"/contracts/overdue/{P2}"
    typed = {"outcome": "agreed", "called_at": "2016-03-10T09:00", "consent": "given"}
    no_day = await doctor.post(call, typed)
    assert 'id="agreed_on-fault"' in no_day.text
    done = await doctor.follow(await doctor.post(call, typed | {"agreed_on": "2016-03-12"}))
    assert "已约定，等待返回" in words(done)
    assert "约定 2016-03-12" in words(done)


async def test_a_team_is_complete_and_its_card_is_printed(
    contracts: Running, doctor: Screen
) -> None:
    """Goal: who joins stands on the contact card, without a doctor it is not printed. Method: a
    contract, the card before and after a doctor joins, a wrong telephone, leaving."""
    await act(doctor, P1, "sign", signed_on="2016-03-01")
    (row,) = await contracts.rows("SELECT contract_id FROM contracts")
    card = f"/contracts/persons/{P1}/card/{row['contract_id']}.pdf"
    assert "联系卡缺少内容" in words(await doctor.get(card))
    team = f"/contracts/teams/{JINHE_TEAM}"
    assert "团队还缺：家庭医生" in words(await doctor.get(team)).replace("： ", "：")
    typed = {"role": "doctor", "name": "李医生", "joined_on": "2016-01-01"}
    wrong = await doctor.post(team, typed | {"phone": "没有"})
    assert 'id="phone-fault"' in wrong.text
    joined = await doctor.follow(await doctor.post(team, typed | {"phone": "0833-1234567"}))
    assert "李医生 家庭医生 · 0833-1234567" in words(joined)
    assert (await doctor.get(card)).content.startswith(b"%PDF-")
    (member,) = await contracts.rows("SELECT member_id FROM team_members")
    leaving = f"{team}/leave/{member['member_id']}"
    early = await doctor.post(leaving, {"left_on": "2015-12-31"})
    assert 'id="left_on-fault"' in early.text
    gone = await doctor.follow(await doctor.post(leaving, {"left_on": "2016-03-10"}))
    assert "还没有登记成员" in words(gone)
    assert (await doctor.get("/contracts/teams/H00000000000")).status_code == 404


async def test_a_visit_that_is_hard_to_believe_is_explained_and_decided(
    contracts: Running, doctor: Screen, tmp_path: Path
) -> None:
    """Goal: a finding reads as a sentence, the team explains, the bureau decides, neither the other's
    step. Method: three visits with the same values, one during a stay; look at the month, explain, dismiss."""
    form = f"/contracts/persons/{P1}/visits/hypertension"
    for day in ("2016-03-01", "2016-03-05", "2016-03-09"):
        typed = {"way": "home", "outcome": "continue", "performed_at": f"{day}T09:00"}
        answer = await doctor.post(form, typed | {"m-sbp": "138", "m-dbp": "84"})
        assert answer.status_code == 303, words(answer)
    async with screen(contracts, tmp_path, *DEFAULT_USERS["health-bureau"].scopes) as bureau:
        wrong = await bureau.post("/contracts/flags", {"from": "3月", "to": "2016-03-31"})
        assert 'id="from-fault"' in wrong.text
        looked = await bureau.post("/contracts/flags", {"from": "2016-03-01", "to": "2016-03-31"})
        assert "新疑点 2 个" in words(looked)
        assert "随访时正在住院" in words(looked)
        assert "测量值都是 收缩压 138, 舒张压 84" in words(looked)
        (row,) = await contracts.rows("SELECT flag_id FROM visit_flags WHERE rule LIKE 'copied%'")
        one = f"/contracts/flags/{row['flag_id']}"
        assert (await doctor.post(f"{one}/dismiss", {"note": "我说了算"})).status_code == 403
        assert (await bureau.post(f"{one}/explain", {"note": "不是我"})).status_code == 403
        silent = await doctor.post(f"{one}/explain", {"status": "open"})
        assert "请写明情况" in words(silent)
        told = await doctor.follow(await doctor.post(f"{one}/explain", {"note": "血压计已校准"}))
        assert "血压计已校准" in words(told)
        ended = await bureau.follow(await bureau.post(f"{one}/dismiss", {"note": "已核对"}))
        assert "已排除" in words(ended)
    assert (await doctor.post(f"{one}/explain", {"note": "再说"})).status_code == 409


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
