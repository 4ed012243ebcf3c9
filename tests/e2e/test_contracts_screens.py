"""The family doctor in a real browser, by keyboard: from a discharge to a task that is done."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.chromium import Chromium
from tests.support.main_job import MainJob
from tests.support.people import PATIENT
from tests.support.process import Yizhan, eventually
from tests.support.product import product


@pytest.fixture
def yizhan(tmp_path: Path) -> Iterator[Yizhan]:
    with product(tmp_path / "data") as running:
        running.start()
        yield running


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Chromium]:
    chromium = Chromium(tmp_path / "profile", width=390, height=844)
    try:
        yield chromium
    finally:
        chromium.close()


def tab_to(browser: Chromium, selector: str) -> None:
    """Press Tab until the cursor stands on an element."""
    for _ in range(80):
        if browser.run(f"!!document.activeElement.matches({json.dumps(selector)})"):
            return
        browser.key("Tab")
    raise AssertionError(f"Tab does not reach {selector}\n{browser.text()[:1000]}")


def test_from_a_discharge_to_a_task_that_is_done(yizhan: Yizhan, browser: Chromium) -> None:
    """Goal: the hospital's discharge stands in the doctor's list, and is done from a
    phone with the keyboard alone, here and in the API; his name is shown for a reason only. Method:
    the main job up to the discharge while the doctor is signed in; Tab and Enter from the list to
    the form, a time in the future refused beside its field, saved; the person's page; reveal."""
    job = MainJob(yizhan)
    job.import_roster()
    job.apply_roster()
    job.recognise()
    job.await_encounter()
    eventually(job.sign_contract, what="contracts knows the person")
    job.charge()
    drawn = json.loads((yizhan.data_dir / "users-initial.json").read_text())
    browser.sign_in(yizhan.base_url, "doctor", drawn["doctor"])
    browser.open(f"{yizhan.base_url}/contracts/")
    assert "这一天没有要办的任务" in browser.text()

    job.discharge()
    eventually(lambda: job.tasks() or None, what="the discharge opens a task")
    browser.open(f"{yizhan.base_url}/contracts/")
    said = browser.text()
    for part in ("金河镇 测试村", "测*甲", "出院后随访", "2016-03-08 出院", "逾期"):
        assert part in said, part
    assert PATIENT.name not in said
    assert browser.run("document.documentElement.scrollWidth") == 390
    assert browser.run("document.querySelector('.task-do').offsetHeight") >= 44

    tab_to(browser, ".task-do")
    browser.key("Enter")
    browser.until("location.pathname.startsWith('/contracts/tasks/')")
    browser.until("document.readyState === 'complete'")
    tab_to(browser, "#performed_at")
    browser.run("document.activeElement.value = '2099-01-01T09:00'")
    tab_to(browser, "#save")
    browser.key("Enter")
    browser.until("!!document.querySelector('#performed_at-fault')")
    assert browser.run("document.activeElement.id") == "performed_at"
    browser.run("document.activeElement.value = '2016-03-10T09:00'")
    tab_to(browser, "#note")
    browser.type("恢复良好")
    tab_to(browser, "#save")
    browser.key("Enter")
    browser.until("location.pathname === '/contracts/' && location.search.startsWith('?done=')")
    said = browser.text()
    assert "已记录 测*甲 的随访" in said
    assert "这一天没有要办的任务" in said
    assert job.tasks() == []

    person = job.known["recognition"]["person_id"]
    browser.open(f"{yizhan.base_url}/contracts/persons/{person}")
    assert "已完成" in browser.text()
    tab_to(browser, ".reveal summary")
    browser.key("Enter")
    tab_to(browser, "#reason")
    browser.key("Enter")
    browser.until(f"document.body.innerText.includes({json.dumps(PATIENT.name)})")
    assert PATIENT.name not in browser.address()
    assert browser.errors == []
