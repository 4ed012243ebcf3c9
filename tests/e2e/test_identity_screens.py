"""Identity's screens in a real browser: roster, window, review by keyboard, merge and undo."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.chromium import Chromium
from tests.support.people import NEIGHBOUR, PATIENT, roster_csv
from tests.support.process import Yizhan, eventually
from tests.support.product import product

DOUBLE = NEIGHBOUR.but(sequence=24, household="H0078", village="新河村", phone="10000000009")


@pytest.fixture(scope="module")
def yizhan(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yizhan]:
    # One decision settles a review here; which ones are decided twice is drawn by chance.
    once = {"IDENTITY_DOUBLE_REVIEW_SHARE": "0"}
    with product(tmp_path_factory.mktemp("screens") / "data", once) as running:
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


def published(yizhan: Yizhan, ending: str) -> dict[str, Any]:
    """The payload of the one event of that kind, as any subscriber may pull it."""

    def look() -> list[dict[str, Any]]:
        page = yizhan.get("/identity/v1/events", client="operator", params={"limit": 100})
        return [event["data"] for event in page["items"] if event["type"].endswith(ending)]

    (payload,) = eventually(look, what=ending)
    return payload


def counted(yizhan: Yizhan, persons: int) -> None:
    """The county's figures count so many registered persons, after a moment."""
    path = "/reporting/v1/indicators/contract_rate"
    eventually(
        lambda: yizhan.get(path, client="director")["denominator"] == persons or None,
        what=f"{persons} registered persons in the figures",
    )


def ask(browser: Chromium, typed: str) -> str:
    """Type over what stands in the box, press Enter, read the answer."""
    browser.run("document.querySelector('.answer')?.remove()")
    browser.type(typed)
    browser.key("Enter")
    browser.until("!!document.querySelector('.answer, .fault')")
    return browser.text()


def test_from_roster_to_review_to_merge(yizhan: Yizhan, browser: Chromium, tmp_path: Path) -> None:
    """Goal: the screens do their work for the people they are made for, with the keyboard alone at
    window and review. Method: two of the poverty office bring a roster in; a clerk asks; a reviewer
    decides with a key; the clerk's next answer knows it, the events tell it; two records become one and two
    again, and the county's figures follow; the reviewer takes his word back. No script error, nothing stopped by the security policy, no identifier in an address."""
    roster = tmp_path / "roster.csv"
    roster.write_bytes(roster_csv(PATIENT, NEIGHBOUR, DOUBLE))
    addresses: list[str] = []

    sign_in(browser, yizhan, "poverty-a")
    browser.open(f"{yizhan.base_url}/identity/rosters")
    browser.choose_file("#file", roster)
    browser.click("input[value=full]")
    browser.click(".actions .button")
    browser.until("location.search === '?done=uploaded'")
    here = browser.address().partition("?")[0]
    assert "您是上传人" in browser.text()
    browser.sign_out()

    sign_in(browser, yizhan, "poverty-b")
    browser.open(here)
    browser.click("button[value=confirm]")
    browser.until("location.search === '?done=confirmed'")
    browser.click("input[name=sure]")
    browser.click("button[value=apply]")
    browser.until("location.search === '?done=applied'")
    browser.sign_out()

    sign_in(browser, yizhan, "window")
    browser.click(".ask .button")  # the first institution of the list stands chosen
    browser.until("document.activeElement.id === 'box'")
    certain = ask(browser, PATIENT.number)
    assert "确认" in certain
    assert "0 元" in certain
    assert (
        browser.run("getSelection().toString() || document.activeElement.value") == PATIENT.number
    )
    doubt = ask(browser, f"{PATIENT.number} 王大明")
    assert "存疑" in doubt
    visit_no = str(browser.run("document.querySelector('.refine [name=visit_no]').value"))
    addresses.append(browser.address())
    browser.picture(tmp_path / "window.png", whole=True)
    browser.sign_out()

    sign_in(browser, yizhan, "reviewer")
    browser.until("location.pathname === '/identity/reviews'")
    assert "王*明" in browser.text()
    browser.key("n")
    browser.type("电话核实为曾用名")
    browser.key("Escape")
    browser.key("1")
    browser.until("document.body.innerText.includes('已记录：是同一人')")
    addresses.append(browser.address())
    browser.sign_out()

    revised = published(yizhan, "recognition.revised.v1")
    assert revised["visit_no"] == visit_no
    assert revised["to_grade"] == "certain"
    opened = eventually(
        lambda: yizhan.get("/claims/v1/encounters", params={"visit_no": visit_no})["items"] or None,
        what="the case that claims opens on the review's word",
    )
    assert opened[0]["person_id"] == revised["to_person_id"]

    sign_in(browser, yizhan, "window")
    browser.until("document.activeElement.id === 'box'")  # the institution was kept
    assert "测*甲" in ask(browser, f"{PATIENT.number} 王大明")
    browser.sign_out()

    sign_in(browser, yizhan, "operator")
    browser.open(f"{yizhan.base_url}/identity/persons")
    browser.type(NEIGHBOUR.number)
    browser.key("Enter")
    browser.until("!!document.querySelector('td.n a')")
    browser.click("td.n a")
    browser.until("!!document.querySelector('#find')")
    browser.fill("#find", DOUBLE.number)
    browser.key("Enter")
    browser.until("!!document.querySelector('#merge table button')")
    browser.click("#merge table button")
    browser.until("document.activeElement.id === 'merge_reason'")
    browser.picture(tmp_path / "compare.png", whole=True)
    browser.type("核对户口簿为同一人")
    browser.key("Enter")
    browser.until("location.search.startsWith('?done=merged')")
    assert "此人合并了 1 条记录" in browser.text()
    counted(yizhan, 2)
    browser.click("form[action$='/undo'] button")
    browser.until("location.search === '?done=undone'")
    assert "此人合并了" not in browser.text()
    counted(yizhan, 3)
    addresses.append(browser.address())
    merged = published(yizhan, "person.merged.v1")
    assert published(yizhan, "person.unmerged.v1")["merge_id"] == merged["merge_id"]
    browser.sign_out()

    sign_in(browser, yizhan, "reviewer")
    browser.open(f"{yizhan.base_url}/identity/reviews?status=decided")
    browser.click("details.act summary")
    browser.fill("#reason", "家属到场说明并非本人")
    browser.picture(tmp_path / "take-back.png", whole=True)
    browser.key("Enter")
    browser.until("document.body.innerText.includes('结论已收回')")
    assert "此前的复核结论已收回" in browser.text()
    addresses.append(browser.address())
    browser.sign_out()
    sign_in(browser, yizhan, "window")
    browser.until("document.activeElement.id === 'box'")
    assert "存疑" in ask(browser, f"{PATIENT.number} 王大明")

    assert browser.errors == []
    for secret in (PATIENT.number, NEIGHBOUR.number, DOUBLE.number, "测试", "王大明"):
        assert not any(secret in address for address in addresses)


def test_the_pages_fit_a_telephone(yizhan: Yizhan, browser: Chromium) -> None:
    """Goal: nothing is cut off at 390 pixels. Method: every screen, empty; the page is no wider than
    the screen."""
    sign_in(browser, yizhan, "operator")
    browser.size(390, 844)
    for path in ("", "reviews", "reviews/figures", "rosters", "persons", "batch"):
        browser.open(f"{yizhan.base_url}/identity/{path}")
        wide = browser.run("document.documentElement.scrollWidth")
        assert wide <= 390, f"/identity/{path} is {wide} pixels wide"
    assert browser.errors == []
