"""The outermost layer of a host.

Size limits, request and trace ids, security headers, one log line per request, and an answer
even when something unforeseen happens.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import time

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.http.errors import CatchEverything, problem_path
from shared.http.problem import TooLarge
from shared.ids import new_id
from shared.observability.metrics import route_template
from shared.security.users import user_mark

log = structlog.get_logger(__name__)

_TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})")
_DRAIN_FACTOR = 4
_DRAIN_TIMEOUT_S = 10.0
_QUIET = ("/healthz", "/readyz", "/metrics")
_SECURITY_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
}
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
"""Pages load nothing from elsewhere and run no inline script; ECharts needs style attributes."""
API_POLICY = "default-src 'none'; frame-ancestors 'none'"


class BodyTooLarge(HTTPException):
    """The streamed body passed the limit. An HTTPException, because FastAPI lets these through."""

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(413, detail=_advice(limit_bytes))


class EdgeMiddleware:
    """Wraps a host's whole application."""

    def __init__(self, app: ASGIApp, *, max_body_bytes: int, max_upload_bytes: int) -> None:
        limited = BodyLimitMiddleware(
            app, max_body_bytes=max_body_bytes, max_upload_bytes=max_upload_bytes
        )
        self._app = RequestContextMiddleware(SecurityHeadersMiddleware(CatchEverything(limited)))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


class BodyLimitMiddleware:
    """Refuses a body that is larger than allowed, by its announced and by its counted size.

    Args:
        app: what is protected.
        max_body_bytes: for JSON and ordinary forms.
        max_upload_bytes: for ``multipart/form-data``.
    """

    def __init__(self, app: ASGIApp, *, max_body_bytes: int, max_upload_bytes: int) -> None:
        self._app = app
        self._max_body_bytes = max_body_bytes
        self._max_upload_bytes = max_upload_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        multipart = kind == "multipart/form-data"
        limit_bytes = self._max_upload_bytes if multipart else self._max_body_bytes
        announced = headers.get("content-length", "")
        if announced.isascii() and announced.isdigit() and int(announced) > limit_bytes:
            # A client that is still sending reads no answer: take the rest of a body that is not
            # absurd. One that asks first ("Expect: 100-continue") is told at once.
            if "expect" not in headers and int(announced) <= limit_bytes * _DRAIN_FACTOR:
                await _drain(receive, limit_bytes * _DRAIN_FACTOR)
            problem = TooLarge(_advice(limit_bytes), headers={"Connection": "close"})
            await problem.response(problem_path(scope))(scope, receive, send)
            return
        received_bytes = 0

        async def counted_receive() -> Message:
            nonlocal received_bytes
            message = await receive()
            if message["type"] == "http.request":
                received_bytes += len(message.get("body", b""))
                if received_bytes > limit_bytes:
                    if message.get("more_body", False):
                        await _drain(receive, limit_bytes * _DRAIN_FACTOR)
                    raise BodyTooLarge(limit_bytes)
            return message

        await self._app(scope, counted_receive, send)


class RequestContextMiddleware:
    """Gives each request an id and a W3C trace context, and logs one line at its end."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # The client's own request id is not taken over: it could hold anything.
        request_id = str(new_id())
        traceparent = next_traceparent(Headers(scope=scope).get("traceparent"))
        status = 0
        began = time.perf_counter()

        async def marked_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["x-request-id"] = request_id
            await send(message)

        with structlog.contextvars.bound_contextvars(
            request_id=request_id, traceparent=traceparent
        ):
            try:
                await self._app(scope, receive, marked_send)
            finally:
                principal = scope.get("state", {}).get("principal")
                quiet = scope["path"].endswith(_QUIET) or "/static/" in scope["path"]
                (log.debug if quiet else log.info)(
                    "request_finished",
                    method=scope["method"],
                    route=route_template(scope),
                    status=status,
                    client_id=_logged_as(principal),
                    elapsed_ms=round((time.perf_counter() - began) * 1000, 1),
                )


def _logged_as(principal: object) -> str | None:
    """A client by its id; a person by a mark: names of accounts may be names of people."""
    client_id: str | None = getattr(principal, "client_id", None)
    if client_id is None or not client_id.startswith("user:"):
        return client_id
    return f"user:{user_mark(client_id.removeprefix('user:'))}"


class SecurityHeadersMiddleware:
    """Headers that keep browsers from guessing, framing, leaking and storing."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        static = "/static/" in scope["path"]

        async def guarded_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                page = headers.get("content-type", "").startswith("text/html")
                headers.setdefault("content-security-policy", PAGE_POLICY if page else API_POLICY)
                if not static:
                    headers.setdefault("cache-control", "no-store")
            await send(message)

        await self._app(scope, receive, guarded_send)


def next_traceparent(received: str | None) -> str:
    """The trace context of this request: the caller's trace with a span of our own, or a new one.

    W3C Trace Context, version 00.
    """
    known = _TRACEPARENT.fullmatch(received or "")
    trace_id, flags = known.groups() if known else (secrets.token_hex(16), "01")
    return f"00-{trace_id}-{secrets.token_hex(8)}-{flags}"


async def _drain(receive: Receive, limit_bytes: int) -> None:
    left = limit_bytes
    try:
        async with asyncio.timeout(_DRAIN_TIMEOUT_S):
            while left > 0:
                message = await receive()
                left -= len(message.get("body", b""))
                if message["type"] != "http.request" or not message.get("more_body", False):
                    return
    except TimeoutError:
        log.info("oversized_body_not_drained")


def _advice(limit_bytes: int) -> str:
    return f"send at most {limit_bytes} bytes; split a large file or batch into several requests"
