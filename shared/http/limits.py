"""The outermost layer of a host.

Size limits, request and trace ids, security headers, one log line per request, and an answer
even when something unforeseen happens.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import structlog
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.http.errors import AnswerBrokenOff, ServerStopping, problem_of, problem_path
from shared.http.problem import FieldFault, TooLarge
from shared.ids import new_id
from shared.observability.logging import log_request
from shared.observability.metrics import route_template
from shared.security.users import user_mark

log = structlog.get_logger(__name__)

_TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})")
_DRAIN_FACTOR = 4
_DRAIN_TIMEOUT_S = 10.0
_LENGTH_DIGITS = 30
"""Of an announced length as many are read: more is too much in any case."""
_QUIET = ("/healthz", "/readyz", "/metrics")
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
"""Pages load nothing from elsewhere and run no inline script; ECharts needs style attributes."""
API_POLICY = "default-src 'none'; frame-ancestors 'none'"
_API_HEADERS, _PAGE_HEADERS = (
    (
        (b"x-content-type-options", b"nosniff"),
        (b"x-frame-options", b"DENY"),
        (b"referrer-policy", b"no-referrer"),
        (b"cross-origin-opener-policy", b"same-origin"),
        (b"content-security-policy", policy.encode()),
        (b"cache-control", b"no-store"),
    )
    for policy in (API_POLICY, PAGE_POLICY)
)


class BodyTooLarge(HTTPException):
    """The streamed body passed the limit. An HTTPException, because FastAPI lets these through."""

    def __init__(self, advice: str) -> None:
        super().__init__(413, detail=advice)


@dataclass(frozen=True)
class BodyLimit:
    """How large a body may be, and what is said of a larger one."""

    most_bytes: int
    advice: str
    """Names the limit and the cure; shown to the caller."""
    faults: tuple[FieldFault, ...] = ()

    def refusal(self, headers: Mapping[str, str] | None = None) -> TooLarge:
        """The problem that a larger one is answered with."""
        return TooLarge(self.advice, errors=self.faults, headers=headers)


class EdgeMiddleware:
    """Wraps a host's whole application.

    One layer, because each layer costs every request: it gives the request an id and a W3C trace
    context, refuses a body that is larger than allowed (by its announced and by its counted size),
    adds the headers that keep browsers from guessing, framing, leaking and storing, answers what
    nobody handled, and logs one line at the end.

    Args:
        app: what is wrapped.
        max_body_bytes: for JSON and ordinary forms.
        max_upload_bytes: for ``multipart/form-data``.
        uploads: addresses whose uploads have a limit of their own.
        told: says problems in another form to who needs it; refusals of this layer among them.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        max_body_bytes: int,
        max_upload_bytes: int,
        uploads: Mapping[str, BodyLimit] | None = None,
        told: Callable[[Scope, Send], Send] | None = None,
    ) -> None:
        self._app = app
        self._told = told
        self._body = BodyLimit(max_body_bytes, _advice(max_body_bytes))
        self._upload = BodyLimit(max_upload_bytes, _advice(max_upload_bytes))
        self._uploads = uploads or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        # The client's own request id is not taken over: it could hold anything.
        request_id = str(new_id())
        given = _first_of(scope["headers"])
        traceparent = next_traceparent(given.get(b"traceparent", b"").decode("latin-1"))
        static = "/static/" in scope["path"]
        status = 0

        async def edge_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = _guarded(message.get("headers", ()), request_id, static=static)
            await send(message)

        answer = edge_send if self._told is None else self._told(scope, edge_send)
        marks = structlog.contextvars.bind_contextvars(
            request_id=request_id, traceparent=traceparent
        )
        try:
            await self._limited(scope, receive, answer, given)
        except AnswerBrokenOff:
            raise
        except Exception as error:  # noqa: BLE001 - the edge is where everything ends
            problem = problem_of(error)
            if status:
                raise AnswerBrokenOff(f"the answer broke off: {problem.code}") from None
            await problem.response(problem_path(scope))(scope, receive, answer)
        except asyncio.CancelledError:
            # The server cancels what its time of grace did not suffice for. The cancellation goes
            # on: a call from within the process may be what is being ended.
            if not status:
                await ServerStopping().response(problem_path(scope))(scope, receive, answer)
            raise
        finally:
            log_request(
                quiet=static or scope["path"].endswith(_QUIET),
                method=scope["method"],
                route=route_template(scope),
                status=status,
                client_id=_logged_as(scope.get("state", {}).get("principal")),
                elapsed_ms=round((time.perf_counter() - began) * 1000, 1),
                request_id=request_id,
                traceparent=traceparent,
            )
            structlog.contextvars.reset_contextvars(**marks)

    async def _limited(
        self, scope: Scope, receive: Receive, send: Send, given: Mapping[bytes, bytes]
    ) -> None:
        kind = given.get(b"content-type", b"").partition(b";")[0].strip().lower()
        multipart = kind == b"multipart/form-data"
        limit = self._uploads.get(scope["path"], self._upload) if multipart else self._body
        limit_bytes = limit.most_bytes
        announced = given.get(b"content-length", b"")
        announced_bytes = int(announced[:_LENGTH_DIGITS]) if announced.isdigit() else 0
        if announced_bytes > limit_bytes:
            # A client that is still sending reads no answer: take the rest of a body that is not
            # absurd. One that asks first ("Expect: 100-continue") is told at once.
            if b"expect" not in given and announced_bytes <= limit_bytes * _DRAIN_FACTOR:
                await _drain(receive, limit_bytes * _DRAIN_FACTOR)
            problem = limit.refusal({"Connection": "close"})
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
                    raise BodyTooLarge(limit.advice)
            return message

        await self._app(scope, counted_receive, send)


def _first_of(headers: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """The headers by their name; of several with one name the first."""
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        found.setdefault(name, value)
    return found


def _guarded(
    headers: Iterable[tuple[bytes, bytes]], request_id: str, *, static: bool
) -> list[tuple[bytes, bytes]]:
    """An answer's headers with ours; where the application has said one, its word stands."""
    found = [(name, value) for name, value in headers if name != b"x-request-id"]
    said = dict(found)
    page = said.get(b"content-type", b"").startswith(b"text/html")
    ours = _PAGE_HEADERS if page else _API_HEADERS
    found += [
        each
        for each in ours
        if each[0] not in said and not (static and each[0] == b"cache-control")
    ]
    found.append((b"x-request-id", request_id.encode()))
    return found


def _logged_as(principal: object) -> str | None:
    """A client by its id; a person by a mark: names of accounts may be names of people."""
    client_id: str | None = getattr(principal, "client_id", None)
    if client_id is None or not client_id.startswith("user:"):
        return client_id
    return f"user:{user_mark(client_id.removeprefix('user:'))}"


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
