"""The sign-in page: who gets in, what the browser is given, where he goes, and what guessers see."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from shared.observability.metrics import METRICS
from shared.security.guessing import FREE_PER_USER
from tests.contract.signin.conftest import GOOD, Browser, Host, hidden, make_host
from tests.contract.web.test_pages import Markup


def outcome(name: str) -> float:
    return METRICS.signins.labels(name)._value.get()


async def test_the_form_can_be_used_by_keyboard_and_ear(browser: Browser) -> None:
    """Goal: labels, focus, one button, Chinese first. Method: the page's markup."""
    page = await browser.get("/signin")
    markup = Markup(page.text)
    assert page.status_code == 200
    assert '<html lang="zh-CN"' in page.text
    labels = {a.get("for") for tag, a in markup.tags if tag == "label"}
    inputs = [a for tag, a in markup.tags if tag == "input" and a.get("type") != "hidden"]
    assert {a["id"] for a in inputs} == labels == {"user", "password"}
    assert [a["id"] for a in inputs if "autofocus" in a] == ["user"]
    assert {a["autocomplete"] for a in inputs} == {"username", "current-password"}
    assert [tag for tag, _ in markup.tags].count("h1") == 1
    assert "用户名" in markup.text
    assert "User name" in Markup((await browser.get("/signin?lang=en")).text).text


async def test_the_cookie_is_out_of_reach(host: Host) -> None:
    """Goal: no script, no other site, no plain line gets it. Method: flags over http and https."""
    for scheme in ("http", "https"):
        browser = host.browser(scheme=scheme)
        answer = await browser.sign_in("reviewer")
        assert answer.status_code == 303
        flags = answer.headers["set-cookie"].split("; ")
        assert flags[0].startswith("yizhan_session=")
        assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(flags)
        assert ("Secure" in flags) == (scheme == "https")
        assert not [
            flag for flag in flags if flag.lower().startswith(("max-age", "expires", "domain"))
        ]
        form_cookie = (await browser.http.get("/signin", headers={"cookie": ""})).headers
        assert "HttpOnly" in form_cookie.get("set-cookie", "HttpOnly")


async def test_an_operator_may_ask_for_https_alone(tmp_path: Path, first_start: Path) -> None:
    """Goal: TLS ends before a proxy that speaks http to us. Method: the setting, over http."""
    host = make_host(tmp_path, first_start, secure_cookies=True)
    page = await host.browser().get("/signin")
    assert "Secure" in page.headers["set-cookie"]


async def test_forwarded_headers_are_believed_of_nobody(host: Host) -> None:
    """Goal: a caller does not choose scheme or address. Method: the headers without a proxy."""
    browser = host.browser()
    page = await browser.get("/signin", headers={"x-forwarded-proto": "https"})
    assert "Secure" not in page.headers["set-cookie"]


async def test_wrong_and_unknown_look_the_same(browser: Browser) -> None:
    """Goal: nobody learns who exists. Method: wrong password, unknown user, closed account."""
    browser.host.users.disable("doctor")
    before = outcome("refused")
    texts = set()
    for user, password in (
        ("window", "wrong"), ("nobody", "wrong"), ("doctor", browser.host.drawn["doctor"]),
        ("Not A Name!", "wrong"),
    ):  # fmt: skip
        answer = await browser.sign_in(user, password)
        assert answer.status_code == 401
        assert (
            "set-cookie" not in answer.headers
            or "yizhan_session" not in answer.headers["set-cookie"]
        )
        markup = Markup(answer.text)
        field = next(a for t, a in markup.tags if a.get("id") == "password")
        assert (field["aria-invalid"], field["aria-describedby"]) == ("true", "password-fault")
        assert "autofocus" in field
        assert "wrong" not in answer.text
        texts.add(markup.text)
    assert len(texts) == 1
    assert outcome("refused") == before + 4


async def test_what_was_typed_is_kept_and_what_lacks_is_told(browser: Browser) -> None:
    """Goal: errors beside the field. Method: leave a field out."""
    answer = await browser.sign_in("window", "")
    assert answer.status_code == 422
    markup = Markup(answer.text)
    fields = {a["id"]: a for t, a in markup.tags if t == "input" and "id" in a}
    assert fields["user"]["value"] == "window"
    assert "aria-invalid" in fields["password"]
    assert "aria-invalid" not in fields["user"]
    assert "请填写密码" in markup.text


async def test_guessing_is_slow_and_says_so(browser: Browser) -> None:
    """Goal: a lock of minutes, the same for unknown names. Method: fail on; then the right one."""
    host = browser.host
    for user in ("window", "nobody"):
        fresh = host.browser(address=f"10.1.1.{len(user)}")
        for _ in range(FREE_PER_USER):
            assert (await fresh.sign_in(user, "wrong")).status_code == 401
        right = host.drawn.get(user, "wrong")
        locked = await fresh.sign_in(user, right)
        assert locked.status_code == 429
        assert int(locked.headers["retry-after"]) > 0
        assert "请等待" in Markup(locked.text).text
    host.clock.advance(dt.timedelta(minutes=16))
    assert (await host.browser().sign_in("window")).status_code == 303


async def test_a_form_of_another_site_signs_nobody_in(browser: Browser) -> None:
    """Goal: nobody is signed in as someone else by a foreign page. Method: no mark, a wrong one."""
    fields = {"user": "window", "password": browser.host.drawn["window"]}
    for token in ({}, {"form_token": "0" * 64}):
        answer = await browser.post("/signin", data={**fields, **token})
        assert answer.status_code == 403
        assert "yizhan_session" not in answer.headers.get("set-cookie", "")
    await browser.get("/signin")
    assert (await browser.post("/signin", data=fields)).status_code == 403
    json_body = await browser.post("/signin", json=fields)
    assert json_body.status_code == 400


@pytest.mark.parametrize(
    "asked",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "/\t/evil.example", "evil",
     "javascript:alert(1)", "/%0d%0aset-cookie:x", "///evil.example", "/signin", "/signout",
     "/x\r\ny", "http:/evil.example", "/" + "a" * 2_000],
)  # fmt: skip
async def test_next_leads_nowhere_else(browser: Browser, asked: str) -> None:
    """Goal: the way back stays in this house. Method: each spelling a browser might follow."""
    answer = await browser.sign_in("reviewer", next=asked)
    assert answer.status_code == 303
    where = answer.headers["location"]
    assert where in ("/identity/reviews", "/%0d%0aset-cookie:x")
    again = await browser.get("/signin", params={"next": asked})
    assert again.headers["location"] == where


async def test_next_leads_back(browser: Browser) -> None:
    """Goal: after signing in he is where he wanted to go, query and Chinese too."""
    sent = await browser.get("/identity/reviews?township=金河镇&page=2")
    assert sent.status_code == 303
    page = await browser.get(sent.headers["location"])
    wanted = hidden(page, "next").replace("&amp;", "&")
    answer = await browser.sign_in("reviewer", next=wanted)
    assert answer.headers["location"] == (
        "/identity/reviews?township=%E9%87%91%E6%B2%B3%E9%95%87&page=2"
    )
    assert (await browser.get(answer.headers["location"])).status_code == 200


async def test_everybody_begins_at_his_own_screen(host: Host) -> None:
    """Goal: a clerk lands at his desk, a director at the county's page. Method: three people."""
    for user, home in (
        ("reviewer", "/identity/reviews"), ("window", "/claims/desk"), ("director", "/"),
    ):  # fmt: skip
        answer = await host.browser().sign_in(user)
        assert answer.headers["location"] == home


async def test_a_first_password_is_changed_before_anything_else(browser: Browser) -> None:
    """Goal: what others have seen opens nothing. Method: a user just added, at page, form, htmx."""
    host = browser.host
    drawn = host.users.add(
        "reviewer-2", name_zh="复核二", scopes=["identity:review"], organisation="region:511113"
    )
    answer = await browser.sign_in("reviewer-2", drawn, next="/identity/reviews")
    assert answer.headers["location"] == "/account"
    page = await browser.get("/account")
    assert "初始密码" in Markup(page.text).text
    assert "/identity/reviews" not in page.text, "the menu waits too"
    assert (await browser.get("/identity/reviews")).headers["location"] == "/account"
    token = hidden(page, "csrf_token")
    sent = await browser.post("/identity/reviews", data={"csrf_token": token})
    assert (sent.status_code, sent.headers["location"]) == (303, "/account")
    changed = await browser.post(
        "/account",
        data={"current": drawn, "new": GOOD, "again": GOOD, "csrf_token": token},
    )
    assert changed.headers["location"] == "/account?done=1"
    assert "密码已修改" in Markup((await browser.get("/account?done=1")).text).text
    assert (await browser.get("/identity/reviews")).status_code == 200


async def test_logs_name_nobody(browser: Browser) -> None:
    """Goal: no user name and no password in a log. Method: capture all while signing in and out."""
    host = browser.host
    drawn = host.users.add(
        "zhang.sanfeng", name_zh="张三丰", scopes=["identity:review"], organisation="region:511113"
    )
    with capture_logs() as lines:
        await browser.sign_in("zhang.sanfeng", "wrong-password")
        await browser.sign_in("zhang.sanfeng", drawn)
        token = await browser.csrf()
        await browser.post("/signout", data={"csrf_token": token})
    text = json.dumps(lines, ensure_ascii=False)
    for secret in ("zhang", "张三丰", drawn, "wrong-password", token):
        assert secret not in text, secret
    events = [line["event"] for line in lines]
    assert {"sign_in_refused", "signed_in", "signed_out"} <= set(events)
    assert len({line["user_mark"] for line in lines if "user_mark" in line}) == 1


async def test_a_broken_users_file_is_told_and_opens_nothing(browser: Browser) -> None:
    """Goal: fail closed. Method: break the file while someone is signed in."""
    assert (await browser.sign_in("reviewer")).status_code == 303
    browser.host.users.path.write_text("{")
    assert (await browser.get("/identity/reviews")).status_code == 303
    answer = await browser.sign_in("reviewer")
    assert answer.status_code == 503
    assert "账号文件不可用" in Markup(answer.text).text
