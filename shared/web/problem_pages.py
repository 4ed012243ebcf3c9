"""A browser is told of a problem on a page with the way back; everybody else gets the document.

In one place for every service: whatever ended as ``application/problem+json`` becomes a page on
its way out when a person's browser asked. Screens that tell their own problems are not touched.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fastapi import Request
from starlette.applications import Starlette
from starlette.types import Message, Scope, Send

from shared.http.problem import MEDIA_TYPE, TooLarge
from shared.web.screens import Screens

TEXTS: dict[str, tuple[str, str]] = {
    "trouble.401": (
        "请登录后再打开此页。",
        "Sign in, then open this page again.",
    ),
    "trouble.403": (
        "您的账号没有此项权限。如工作需要，请联系管理员开通。",
        "Your account has no right to this. If your work needs it, ask the operator.",
    ),
    "trouble.404": (
        "网址可能有误，或内容已不在这里。请检查网址，或从首页重新进入。",
        "The address may be mistyped, or what was here has gone. Check it, or start from the first page.",
    ),
    "trouble.405": (
        "这个网址不能这样打开。请从页面上的按钮或链接进入。",
        "This address cannot be opened like this. Use the buttons and links of the pages.",
    ),
    "trouble.413": (
        "请把文件或内容分成几份，再分别提交。",
        "Split the file or the text and send the parts one by one.",
    ),
    "trouble.503": (
        "请稍等片刻再刷新。刚才的操作如未完成，可以再做一次。",
        "Wait a moment and reload. What was not done can be done again.",
    ),
    "trouble.other": (
        "请返回上一页检查后重试；仍不行请联系管理员。",
        "Go back, check and try again; if it still fails, call the operator.",
    ),
    "trouble.number": (
        "请把这个编号告诉管理员：{number}",
        "Tell the operator this number: {number}",
    ),
    "trouble.back": ("返回上一页", "Back to the page before"),
    "trouble.home": ("返回首页", "To the first page"),
    "trouble.signin": ("登录", "Sign in"),
}
_MOST_BYTES = 100_000
"""A larger document is no problem of ours; it is passed on as it is."""
_NOT_MEASURES = (b"content-type", b"content-length")

screens = Screens(Path(__file__).parent / "templates", TEXTS)


class ProblemPages:
    """Turns problem documents into pages for browsers."""

    def __init__(self, app: Starlette) -> None:
        """Take the application whose ``state`` knows the people and the menu."""
        self._app = app

    def __call__(self, scope: Scope, send: Send) -> Send:
        """``send`` itself, or one that tells a browser of problems on a page."""
        if not asks_for_a_page(scope["headers"]):
            return send
        start: Message | None = None
        body = b""

        async def page_send(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start" and _is_problem(message):
                start = message
                return
            if start is None:
                await send(message)
                return
            body += message.get("body", b"")
            if message.get("more_body", False) and len(body) <= _MOST_BYTES:
                return
            began, start = start, None
            if message.get("more_body", False):
                await send(began)
                await send({**message, "body": body})
                return
            page = self._page(scope, json.loads(body))
            kept = [each for each in began["headers"] if each[0] not in _NOT_MEASURES]
            await send({**began, "headers": [*kept, *page.raw_headers]})
            await send({"type": "http.response.body", "body": page.body})

        return page_send

    def _page(self, scope: Scope, problem: Mapping[str, Any]) -> Any:
        request = Request({**scope, "app": self._app})
        status = int(problem["status"])
        key = f"trouble.{status}"
        values = {
            "problem": {"text_zh": problem["title_zh"], "text_en": problem["title"]},
            # What was too large may have a cure of its own.
            "cures": [
                {"text_zh": fault["message_zh"], "text_en": fault["message"]}
                for fault in problem["errors"]
                if status == TooLarge.status
            ],
            "advice": key if key in TEXTS else "trouble.other",
            "number": problem.get("error_id"),
            "back": _page_before(request),
        }
        return screens.render(request, "trouble.html", values, status_code=status)


def asks_for_a_page(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether a person's browser opens an address or sends a form.

    Not a program: it sends a token, asks for JSON, or for anything. (Java's own client asks for
    ``text/html`` among pictures and never for XHTML, as every browser does.) Not htmx either,
    which puts pieces into a page.
    """
    said = {name: value for name, value in headers if name in _TELLING}
    if b"authorization" in said or b"hx-request" in said:
        return False
    kinds = {
        each.partition(b";")[0].strip().lower() for each in said.get(b"accept", b"").split(b",")
    }
    if b"text/html" not in kinds or any(each.endswith(b"json") for each in kinds):
        return False
    return b"application/xhtml+xml" in kinds or kinds <= {b"text/html", b"*/*"}


_TELLING = frozenset({b"accept", b"authorization", b"hx-request"})


def _is_problem(start: Message) -> bool:
    kinds = (value for name, value in start["headers"] if name.lower() == b"content-type")
    return next(kinds, b"").startswith(MEDIA_TYPE.encode())


def _page_before(request: Request) -> str | None:
    """The page of ours that led here, without its query."""
    came_from = urlsplit(request.headers.get("referer", ""))
    ours = came_from.netloc == request.url.netloc
    return came_from.path if ours and came_from.path != request.url.path else None
