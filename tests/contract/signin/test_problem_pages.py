"""Goal: a browser is told of a problem on a page with the way back, a program in a document."""

import pytest

from tests.contract.signin.conftest import Browser
from tests.integration.http.driver import call

BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
JAVA = {"accept": "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"}
PROBLEM = "application/problem+json"


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/nowhere", 404, "没有这个地址"),
        ("/identity/nowhere", 404, "没有这个地址"),
        ("/claims/v1/nowhere", 404, "没有这个地址"),
        ("/signout", 405, "该地址不支持此请求方法"),
        ("/claims/v1/events", 401, "需要有效的访问令牌"),
    ],
)
async def test_a_browser_sees_a_page_and_a_program_a_document(
    browser: Browser, path: str, status: int, words: str
):
    """Method: the same address as a browser, as programs of several kinds, and as htmx ask it."""
    page = await browser.get(path, headers=BROWSER)

    assert (page.status_code, page.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert words in page.text
    assert 'href="/"' in page.text
    assert page.headers["cache-control"] == "no-store"
    assert "default-src 'self'" in page.headers["content-security-policy"]
    for headers in (
        {},
        {"accept": "application/json"},
        {"accept": "application/json, text/html"},
        JAVA,
        {**BROWSER, "hx-request": "true"},
        {**BROWSER, "authorization": "Bearer x"},
    ):
        answer = await browser.get(path, headers=headers)
        assert (answer.status_code, answer.headers["content-type"]) == (status, PROBLEM)


async def test_a_page_keeps_what_the_refusal_said(browser: Browser):
    """Goal: Allow, the user's language and the page before, without its query."""
    headers = {**BROWSER, "referer": "http://yizhan.test/claims/bills?page=2"}
    page = await browser.get("/signout?lang=en", headers=headers)

    assert page.headers["allow"] == "POST"
    assert "This address does not take that method" in page.text
    assert 'href="/claims/bills"' in page.text
    assert (
        "elsewhere"
        not in (
            await browser.get("/nowhere", headers={**BROWSER, "referer": "https://elsewhere/x"})
        ).text
    )


async def test_a_browser_that_sends_too_much_is_told_so(browser: Browser):
    """Goal: the outermost layer's own refusal is a page too. Method: an announced size."""
    headers = {**BROWSER, "content-length": "99999999999", "expect": "100-continue"}
    answer = await call(browser.host.app, "POST", "/signin", headers=headers)

    assert answer.status == 413
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "请求内容超过允许的大小" in answer.body.decode()


async def test_what_breaks_is_told_with_its_number(browser: Browser, monkeypatch):
    """Goal: a person can tell the operator a number, and sees nothing of the cause."""

    def broken(_link: object) -> None:
        raise KeyError("张小三")

    monkeypatch.setattr("shared.web.navigation.asdict", broken)
    page = await browser.get("/identity/screens.json", headers=BROWSER)

    assert page.status_code == 500
    assert "请把这个编号告诉管理员" in page.text
    assert "张小三" not in page.text
