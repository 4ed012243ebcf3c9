"""A month is closed in a real browser: two townships, the county, the director, and paper at the end."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest

from shared.security.users import UsersFile
from tests.e2e.chromium import Chromium
from tests.support.main_job import MainJob
from tests.support.paper import text_of
from tests.support.people import PATIENT
from tests.support.process import Yizhan, eventually
from tests.support.product import product

TOWNSHIPS = ("金河镇", "永和镇")


@pytest.fixture(scope="module")
def yizhan(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yizhan]:
    with product(tmp_path_factory.mktemp("reporting-screens") / "data") as running:
        running.start()
        yield running


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Chromium]:
    chromium = Chromium(tmp_path / "profile")
    try:
        yield chromium
    finally:
        chromium.close()


def sign_in(browser: Chromium, yizhan: Yizhan, user: str, password: str | None = None) -> None:
    drawn = json.loads((yizhan.data_dir / "users-initial.json").read_text())
    if browser.address().startswith("http") and browser.run("!!document.querySelector('.leave')"):
        browser.sign_out()
    browser.sign_in(yizhan.base_url, user, password or drawn[user])


def township_users(yizhan: Yizhan) -> dict[str, str]:
    """A desk in each of two townships; ``{user: password}``."""
    users = UsersFile(yizhan.data_dir / "users.json")
    drawn = {}
    for number, township in enumerate(TOWNSHIPS):
        name = f"town-{number}"
        drawn[name] = users.add(
            name, name_zh=f"{township}卫生院", organisation=f"township:{township}",
            scopes=("reporting:read", "reporting:close"),
        )  # fmt: skip
        users._renew(name, must_change=False)
    return drawn


def settled(yizhan: Yizhan, visit_no: str) -> None:
    """The main job's stay in March, under another number: 991.27 of 5,000.00 paid by the patient."""
    job = MainJob(yizhan, visit_no)
    if visit_no.endswith("1"):
        job.import_roster()
        job.apply_roster()
    job.recognise()
    job.await_encounter()
    job.charge()
    job.discharge()
    job.settle()


def total_of_march(yizhan: Yizhan) -> str:
    told = yizhan.get("/reporting/v1/indicators/personal_share?period=2016-03", client="director")
    return str(told["denominator"])


def fits(browser: Chromium) -> bool:
    """Nothing is cut off at a phone's width."""
    browser.size(390, 844)
    wide = browser.run("document.documentElement.scrollWidth")
    browser.size(1366, 768)
    return bool(wide == 390)


def test_from_two_townships_to_the_signed_paper(
    yizhan: Yizhan, browser: Chromium, tmp_path: Path
) -> None:
    """Goal: a county closes a month with what stands on the screens, and the paper says the same.
    Method: two townships submit by keyboard, the county submits for the rest and accepts, the
    director signs; a bill of March comes late and stands in April as an adjustment; the exported
    files are read. At a phone's width nothing is cut off; no script error, no identifier in an
    address."""
    settled(yizhan, "ZY2016-0001")
    eventually(lambda: total_of_march(yizhan) == "5000.00", what="March is told")
    drawn = township_users(yizhan)
    list_of = f"{yizhan.base_url}/reporting/closes"
    sign_in(browser, yizhan, "poverty-a")
    browser.open(list_of)
    browser.fill("#month", "2016-03")
    browser.key("Enter")
    browser.until("location.search === '?done=create'")
    here = browser.address().partition("?")[0]
    assert "暂定数据" in browser.text()
    assert fits(browser)

    for user, password in drawn.items():
        sign_in(browser, yizhan, user, password)
        browser.open(list_of)
        assert "轮到您：报送本乡镇数据" in browser.text()
        browser.open(here)
        browser.until("document.activeElement.id === 'do-submit'")
        browser.key("Enter")
        browser.until("location.search === '?done=submit'")

    sign_in(browser, yizhan, "poverty-a")
    browser.open(here)
    assert "等待乡镇报送" in browser.text()
    browser.click("#submit_for > summary")
    browser.click("#do-submit_for")
    browser.until("location.search === '?done=submit'")
    browser.until("document.activeElement.id === 'do-accept'")
    browser.key("Enter")
    browser.until("location.search === '?done=accept'")

    sign_in(browser, yizhan, "director")
    browser.open(here)
    browser.click("#do-sign")
    browser.until("!!document.querySelector('#sure-fault')")
    browser.click("#sure")
    browser.click("#do-sign")
    browser.until("location.search === '?done=sign'")
    said = browser.text()
    for part in ("已签发数据，不再改动", "19.83%", "▼未达标", "5,000.00"):
        assert part.replace(" ", "") in re.sub(r"\s", "", said), part
    assert fits(browser)
    browser.click("#do-verify")
    browser.until("document.body.innerText.includes('核验通过')")

    settled(yizhan, "ZY2016-0002")
    eventually(lambda: total_of_march(yizhan) == "10000.00", what="the late bill is told")
    browser.open(f"{here}/changes")
    assert "迟到补记" in browser.text()
    assert fits(browser)
    browser.open(list_of)
    browser.fill("#month", "2016-04")
    browser.key("Enter")
    browser.until("location.search === '?done=create'")
    adjusted = browser.run("document.querySelector('#adjustments').innerText")
    assert "2016-03" in adjusted
    assert "5,000.00" in adjusted
    browser.open(list_of)
    assert fits(browser)

    close_id = here.rpartition("/")[2]
    path = f"/reporting/v1/month-closes/{close_id}"
    told = yizhan.get(path, client="director")["figures"]["indicators"]
    book = openpyxl.load_workbook(
        io.BytesIO(yizhan.call("GET", f"{path}/report.xlsx", client="director").content)
    )
    values = [row[5] for row in book["indicators"].iter_rows(min_row=4, values_only=True)]
    assert [v if v is None else f"{v:.4f}" for v in values] == [each["value"] for each in told]
    printed = text_of(yizhan.call("GET", f"{path}/report.pdf", client="director").content, tmp_path)
    for each in told:
        if each["value"] is not None:
            assert f"{float(each['value']) * 100:.2f}%" in printed, each["code"]
    for part in ("第1页", "导出director", "个人支付991.27元"):
        assert part in printed, part
    assert PATIENT.number not in here
    assert browser.errors == []


def test_a_problem_is_found_followed_and_closed(
    yizhan: Yizhan, browser: Chromium, tmp_path: Path
) -> None:
    """Goal: what fails is named, becomes an item of the register, and two persons close it. Method:
    facts from a file with a bad row, the county's map, the day's judgement, items for what fails;
    one of them gets evidence by one person and is closed by another; an assessment is begun and
    sampled, and is not published by its opener. At a phone's width nothing is cut off."""
    sign_in(browser, yizhan, "poverty-a")
    browser.open(f"{yizhan.base_url}/reporting/standards?as_of=2020-12-31")
    browser.click("details.act > summary")
    facts = tmp_path / "places.csv"
    facts.write_text(
        "乡镇,村,常住人口,起始日期\n永和镇,坪上村,801,2020-01-01\n永和镇,花溪村,多,2020-01-01\n"
    )
    browser.choose_file("#file", facts)
    browser.click("form[action$='/import'] .button")
    browser.until("document.body.innerText.includes('接收 1')")
    assert "第 3 行" in browser.text()
    ring = [[103.0, 29.0], [103.1, 29.0], [103.1, 29.1], [103.0, 29.0]]
    outline = tmp_path / "map.json"
    outline.write_text(
        json.dumps(
            {
                "type": "FeatureCollection",
                "features": [
                    {
                        "properties": {"township": "永和镇", "village": "坪上村"},
                        "geometry": {"type": "Polygon", "coordinates": [ring]},
                    }
                ],
            }
        )
    )
    browser.choose_file("#map", outline)
    browser.click("form[action$='/map'] .button")
    browser.until("location.search === '?done=map'")
    browser.open(f"{yizhan.base_url}/reporting/standards?as_of=2020-12-31")
    assert browser.run("document.querySelectorAll('svg.map path').length") == 1
    browser.click("details.long:has(#failing-LP-57) > summary")
    browser.click("details.long:has(#failing-LP-60) > summary")
    said = browser.text()
    for part in ("LP-60", "常住人口 801 人", "LP-57", "至少配备 1 名注册乡村医生"):
        assert part in said, part
    assert fits(browser)
    browser.click("form[action$='/open-items'] .button")
    browser.until("location.search.startsWith('?done=items')")

    browser.open(f"{yizhan.base_url}/reporting/register")
    assert fits(browser)
    browser.click("td.first a")
    browser.until(
        "location.pathname.startsWith('/reporting/register/') && document.readyState === 'complete'"
    )
    here = browser.address()
    browser.run("document.querySelector('#description').closest('details').open = true")
    browser.fill("#description", "电话13800138000")
    browser.key("Enter")
    browser.until("!!document.querySelector('#description-fault')")
    browser.fill("#description", "医院已批复建设")
    browser.key("Enter")
    browser.until("location.search === '?done=evidence'")
    assert "核查属实" not in browser.text()
    browser.click("form[action$='/submit'] .button")
    browser.until("location.search === '?done=submit'")
    sign_in(browser, yizhan, "director")
    browser.open(here)
    assert fits(browser)
    browser.click("form[action$='/close'] .button")
    browser.until("location.search === '?done=close'")
    assert "已销号" in browser.text()

    browser.open(f"{yizhan.base_url}/reporting/assessments")
    browser.fill("#period", "2016-H1")
    browser.key("Enter")
    browser.until("location.search === '?done=begun'")
    browser.fill("#checked", "20")
    browser.fill("#passed", "21")
    browser.key("Enter")
    browser.until("!!document.querySelector('#passed-fault')")
    browser.fill("#passed", "18")
    browser.key("Enter")
    browser.until("location.search === '?done=sampled'")
    assert "暂定" in browser.text()
    assert not browser.run("!!document.querySelector('form[action$=\"/publish\"] .button')")
    assert fits(browser)
    assert browser.errors == []
