"""The screens of contracts, without a browser: what a doctor sees, does, and is told in words."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from shared.runtime.peers import Peers
from shared.security.default_users import DEFAULT_USERS
from tests.integration.contracts.stories import JINHE, YONGHE, discharged, entered
from tests.support.browsing import Screen, assert_private, screen, words
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
    assert "逾期 3 天(应于 2016-03-15 前)" in late

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
    assert "收缩压不可能;可能范围 40-300" in words(impossible)
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
    assert "收缩压 226 mmHg;舒张压 84 mmHg" in words(page)
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
    await act(doctor, P2, "sign", signed_on="2016-03-01")
    (contract,) = await contracts.rows("SELECT contract_id FROM contracts")
    one = contract["contract_id"]
    assert "已续签" in await act(doctor, P2, f"renew/{one}", renewed_on="2016-03-10")
    ended = await act(doctor, P2, f"terminate/{one}", reason="own_request", ended_on="2016-03-10")
    assert "已解约" in ended
    assert "以前的签约(1)" in ended
    no_evidence = await doctor.post(f"/contracts/persons/{P2}/refuse", {"on": "2016-03-10"})
    assert no_evidence.status_code == 422
    refused = await act(doctor, P2, "refuse", on="2016-03-10", evidence="本人签字")
    assert "拒签 2016-03-10 起,到 2017-03-09 · 有效" in refused
    assert (await doctor.post(f"/contracts/persons/{P2}/fly")).status_code == 404
    contracts.context.peers = Peers({"identity": identity_says(None)})
    assert "姓名暂不可见" in words(await doctor.get(f"/contracts/persons/{P2}"))


async def test_a_person_is_referred_checked_and_given_drugs(
    contracts: Running, doctor: Screen
) -> None:
    """Goal: the rest of the page. Method: refer up and take it back, a check-up with what was done,
    drugs of 1,500 with 300 insured: the fund pays 1,000, the patient 200."""
    said = await act(
        doctor, P1, "refer", reason="treatment", to_facility="H51111300101", diagnoses="I10"
    )
    assert "等待接诊" in said
    (referral,) = await contracts.rows("SELECT referral_id FROM referrals")
    assert "已办结" in await act(doctor, P1, f"referral-close/{referral['referral_id']}")
    said = await act(doctor, P1, "check-up", performed_on="2016-03-10", **{"item-ecg": "yes"})
    assert "完成 1/11 项 · 计费 150.00 元" in said
    said = await act(
        doctor, P1, "dispense",
        disease="hypertension", dispensed_on="2016-03-10", total="1,500", insurance_paid="300",
    )  # fmt: skip
    assert "1,500.00 300.00 1,000.00 200.00" in said
