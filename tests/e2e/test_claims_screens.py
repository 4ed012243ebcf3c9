"""The window of claims in a real browser, by keyboard: from the recognition to the printed statement."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.e2e.chromium import Chromium
from tests.support.main_job import BILL_A, MainJob
from tests.support.people import PATIENT
from tests.support.process import Yizhan, eventually
from tests.support.product import product


@pytest.fixture(scope="module")
def yizhan(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yizhan]:
    with product(tmp_path_factory.mktemp("claims-screens") / "data") as running:
        running.start()
        yield running


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Chromium]:
    chromium = Chromium(tmp_path / "profile")
    try:
        yield chromium
    finally:
        chromium.close()


def sign_in(browser: Chromium, yizhan: Yizhan, user: str) -> None:
    drawn = json.loads((yizhan.data_dir / "users-initial.json").read_text())
    browser.sign_in(yizhan.base_url, user, drawn[user])


def tab_to(browser: Chromium, element_id: str) -> None:
    """Press Tab until the cursor stands on an element."""
    for _ in range(60):
        if browser.run("document.activeElement && document.activeElement.id") == element_id:
            return
        browser.key("Tab")
    raise AssertionError(f"Tab does not reach {element_id}\n{browser.text()[:1000]}")


def focused(browser: Chromium) -> str:
    return str(browser.run("document.activeElement.id"))


def recognise(browser: Chromium, yizhan: Yizhan, visit_no: str) -> None:
    """At identity's window: an inpatient of the district hospital."""
    browser.open(f"{yizhan.base_url}/identity/")
    if browser.run("!!document.querySelector('#choose')"):
        browser.run("document.querySelector('#choose').value = 'H51111300101'")
        browser.click("form.ask .button")
        browser.until("!!document.querySelector('#box')")
    browser.run("document.querySelector('.visit').open = true")
    browser.run("document.querySelector('#type').value = 'inpatient'")
    browser.run("document.querySelector('#at').value = '2016-03-01T09:30'")
    browser.fill("#visit_no", visit_no)
    browser.fill("#box", PATIENT.number)
    browser.key("Enter")
    browser.until("!!document.querySelector('.answer')")


def test_from_recognition_to_the_printed_statement(yizhan: Yizhan, browser: Chromium) -> None:
    """Goal: a clerk with a queue before him settles with the keyboard alone, sees why, and prints.
    Method: recognise, go on to the case with Tab and Enter, charges from the hospital's system,
    discharge, read the preview, settle, print, each with Enter; the statement as the browser gets
    it. At a phone's width nothing is cut off; no script error, nothing stopped by the security
    policy, no identifier in an address."""
    job = MainJob(yizhan)
    job.import_roster()
    job.apply_roster()
    addresses: list[str] = []
    sign_in(browser, yizhan, "window")
    recognise(browser, yizhan, "ZY2016-0001")
    tab_to(browser, "to-bill")
    browser.key("Enter")
    browser.until("/^.claims.cases./.test(location.pathname) && document.readyState === 'complete'")
    addresses.append(browser.address())
    said = browser.text()
    for part in ("测*甲", "建档立卡", "免押金", "还没有费用"):
        assert part in said, part

    encounter_id = browser.address().rpartition("/")[2]
    charged = yizhan.call(
        "POST", f"/claims/v1/encounters/{encounter_id}/charges", key="c1",
        json={"batch_no": "HIS-1", "lines": BILL_A},
    )  # fmt: skip
    assert charged.status_code == httpx.codes.CREATED, charged.text
    browser.open(f"{yizhan.base_url}/claims/")
    assert focused(browser) == "visit_no"
    browser.type("ZY2016-0001")
    browser.key("Enter")
    browser.until("location.pathname.startsWith('/claims/cases/')")
    browser.until("document.activeElement.id === 'diagnoses'")
    browser.run("document.querySelector('#at').value = '2016-03-08T10:00'")
    browser.type("J18.900 I10")
    browser.key("Enter")
    browser.until("location.search === '?done=discharged'")
    browser.until("document.activeElement.id === 'settle'")
    said = browser.text()
    for part in (
        "试算(尚未结算)",
        "991.27",
        "基本医疗保险按83%支付4,030.00元中的3,344.90元",
        "JK-03",
    ):
        assert part in said, part
    browser.key("Enter")
    browser.until("location.search === '?done=settled'")
    browser.until("document.activeElement.id === 'print'")
    addresses.append(browser.address())
    assert "结算完成" in browser.text()

    browser.size(390, 844)
    assert browser.run("document.documentElement.scrollWidth") == 390
    browser.size(1366, 768)
    assert browser.run("document.querySelectorAll('svg.bar > rect').length") == 3
    statement = browser.run("document.querySelector('#print').href")
    addresses.append(statement)
    browser.key("Enter")
    eventually(
        lambda: [
            target
            for target in browser.call("Target.getTargets")["targetInfos"]
            if target["url"].endswith(".pdf")
        ],
        what="the statement in a tab of its own",
    )
    got = browser.run(
        f"fetch({json.dumps(statement)}).then(async a => [a.status, a.headers.get('content-type'),"
        " (await a.text()).slice(0, 5)])"
    )
    assert got == [200, "application/pdf", "%PDF-"]

    addresses += [browser.address()]
    for address in addresses:
        assert PATIENT.number not in address
        assert PATIENT.name not in address
    assert browser.errors == []


def test_a_bill_is_taken_back_and_corrected(yizhan: Yizhan, browser: Chromium) -> None:
    """Goal: a mistake is undone at the window, with its reason. Method: register a visit by hand,
    write its charges, discharge, settle; reverse without and with a reason; withdraw the batch; the
    session's errors."""
    sign_in(browser, yizhan, "window")
    browser.open(f"{yizhan.base_url}/claims/")
    browser.click("#register > summary")
    browser.run("document.querySelector('#new_facility').value = 'H51111300101'")
    browser.run("document.querySelector('#register #at').value = '2016-04-01T09:00'")
    browser.fill("#new_visit_no", "ZY2016-0002")
    browser.run("document.querySelector('#type').value = 'inpatient'")
    browser.fill("#deposit", "500")
    browser.key("Enter")
    browser.until("location.search === '?done=registered'")
    assert "500.00" in browser.text()
    browser.fill("[name=name-0]", "床位费")
    browser.run("document.querySelector('[name=kind-0]').value = 'bed'")
    browser.fill("[name=amount-0]", "300x")
    browser.key("Enter")
    browser.until("!!document.querySelector('#amount-0-fault')")
    assert browser.run("document.activeElement.name") == "amount-0"
    browser.type("1,300.00")
    browser.key("Enter")
    browser.until("location.search === '?done=added'")
    browser.run("document.querySelector('#at').value = '2016-04-03T10:00'")
    browser.fill("#diagnoses", "J18.9")
    browser.key("Enter")
    browser.until("document.activeElement.id === 'settle'")
    browser.key("Enter")
    browser.until("location.search === '?done=settled'")
    browser.click(".reverse > summary")
    browser.fill("#reason", " ")
    browser.key("Enter")
    browser.until("!!document.querySelector('#reason-fault')")
    browser.type("床位费录错")
    browser.key("Enter")
    browser.until("location.search === '?done=reversed'")
    assert "床位费录错" in browser.text()
    browser.click(".batch > summary")
    browser.click(".batch .act > summary")
    browser.click(".batch .button-bad")
    browser.until("location.search === '?done=removed'")
    assert "还没有费用" in browser.text()
    assert browser.errors == []


def test_a_question_about_a_bill_by_keyboard(yizhan: Yizhan, browser: Chromium) -> None:
    """Goal: somebody looks at a period, opens what was found and holds it, with the keyboard alone;
    at a phone's width nothing is cut off. Method: a bill with a price over its limit, settled by the
    hospital's system; the insurance agency's account."""
    made = yizhan.call(
        "POST", "/claims/v1/encounters", key="m1",
        json={"facility_code": "H51111300101", "visit_no": "ZY2016-0003", "type": "inpatient",
              "admitted_at": "2016-05-01T09:00:00+08:00"},
    ).json()  # fmt: skip
    path = f"/claims/v1/encounters/{made['encounter_id']}"
    dear = {"line_no": 9, "name": "CT", "kind": "ct", "catalogue_class": "A", "amount": "120.00",
            "quantity": "1", "unit_price": "120.00", "price_limit": "100.00"}  # fmt: skip
    yizhan.call("POST", f"{path}/charges", key="m2", json={"batch_no": "B", "lines": [dear]})
    end = {"discharged_at": "2016-05-03T10:00:00+08:00", "diagnoses": ["J18.900"]}
    yizhan.call("POST", f"{path}/discharge", key="m3", json=end)
    settled = yizhan.call("POST", f"{path}/settlement", key="m4")
    assert settled.status_code == httpx.codes.CREATED, settled.text

    sign_in(browser, yizhan, "insurer")
    browser.open(f"{yizhan.base_url}/claims/flags")
    browser.run("document.querySelector('#from').value = '2016-05-01'")
    browser.run("document.querySelector('#to').value = '2016-05-31'")
    tab_to(browser, "look")
    browser.key("Enter")
    browser.until("document.body.innerText.includes('已检查 1 份费用')")
    assert "单价 120.00 元，超过限价 100.00 元" in browser.text()
    browser.run("document.querySelector('td.first a[href^=\"/claims/flags/\"]').focus()")
    browser.key("Enter")
    browser.until("/^.claims.flags.[0-9a-f-]{36}$/.test(location.pathname)")
    tab_to(browser, "step-uphold")
    for _ in range(2):
        browser.key("ArrowDown")
    assert focused(browser) == "step-hold"
    browser.key("Tab")
    browser.type("核查病历")
    browser.key("Enter")
    browser.until("location.search === '?done=hold'")
    assert "已暂停清算" in browser.text()
    browser.size(390, 844)
    assert browser.run("document.documentElement.scrollWidth") == 390
    assert browser.errors == []
