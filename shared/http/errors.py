"""Every error leaves the house as a problem document with a cure, and without anybody's data."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, cast

import asyncpg
import structlog
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, ExceptionHandler, Message, Receive, Scope, Send

from shared.http.faults import field_faults
from shared.http.problem import (
    Forbidden,
    NotFound,
    Problem,
    ServiceUnavailable,
    TooLarge,
    Unauthorized,
    Unprocessable,
)
from shared.http.text import TextNotStorable
from shared.ids import new_id
from shared.observability.logging import describe_exception, redact_text

log = structlog.get_logger(__name__)

_RETRY_AFTER_S = "2"
_BACK_AFTER_S = "5"
"""A process that was stopped to be started again is seldom back before."""
_MAX_CHAIN = 10


class AddressUnknown(NotFound):
    title = "There is no such address"
    title_zh = "没有这个地址"


class MethodNotAllowed(Problem):
    status = 405
    code = "method_not_allowed"
    title = "This address does not take that method"
    title_zh = "该地址不支持此请求方法"


class InternalError(Problem):
    status = 500
    code = "internal_error"
    title = "Something went wrong on our side; nothing was changed"
    title_zh = "系统内部错误，本次请求未产生任何变更"


class ValueNotStorable(Unprocessable):
    code = "value_not_storable"
    title = "A value is too long, too large, or not a real date"
    title_zh = "有内容过长、数值过大或日期无效"


class AnswerBrokenOff(ConnectionError):
    """The error came after the first bytes: the connection is cut, so that the client notices."""


class RecordBusy(ServiceUnavailable):
    code = "busy"
    title = "The record is being changed by someone else; send the request again"
    title_zh = "记录正被其他操作占用，请稍后重试"


class ServerStopping(ServiceUnavailable):
    """The process ends. Whether the request's work was kept is not known to whoever says this."""

    code = "stopping"
    title = "The server is being stopped; send the request again shortly"
    title_zh = "系统正在停止，请稍后重试"

    def __init__(self) -> None:
        super().__init__(
            "send it again with the same Idempotency-Key: what was done already is not done twice",
            headers={"Retry-After": _BACK_AFTER_S, "Connection": "close"},
        )


# SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html
_TEXT_STATES = frozenset({"22021", "22P05"})
_VALUE_STATES = frozenset({"22001", "22003", "22007", "22008"})
_BUSY_STATES = frozenset({"40001", "40P01", "55P03"})
_AWAY_STATES = frozenset({"57P01", "57P02", "57P03", "57014", "53300"})
_AWAY_CLASSES = ("08",)
_CLIENT_SIDE_STATE = "22000"
"""What asyncpg's own complaints about an argument carry; their cause says which."""


def install(app: Starlette) -> None:
    """Give an application (FastAPI or Starlette) the house's error answers."""
    app.add_exception_handler(Problem, cast("ExceptionHandler", _on_problem))
    app.add_exception_handler(RequestValidationError, cast("ExceptionHandler", _on_invalid))
    app.add_exception_handler(HTTPException, cast("ExceptionHandler", _on_http))
    app.add_middleware(CatchEverything)


class CatchEverything:
    """Turns every exception that nobody handled into an answer, and logs it without values."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def watched_send(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watched_send)
        except AnswerBrokenOff:
            raise
        except Exception as error:  # noqa: BLE001 - the edge is where everything ends
            problem = problem_of(error)
            if started:
                raise AnswerBrokenOff(f"the answer broke off: {problem.code}") from None
            await problem.response(problem_path(scope))(scope, receive, send)


def problem_of(error: Exception) -> Problem:
    """The problem that tells of ``error``; logs what is not the client's doing."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, HTTPException):
        return _of_http(error)
    known = _of_database(error)
    if known is not None:
        if isinstance(known, ServiceUnavailable):
            log.warning("database_unavailable", error_type=type(error).__name__, code=known.code)
        return known
    error_id = str(new_id())
    log.error(
        "request_failed",
        error_id=error_id,
        sqlstate=_sqlstate(error),
        exception=describe_exception(error),
    )
    return InternalError(f"tell the operator this number: {error_id}", extra={"error_id": error_id})


def problem_path(scope: Scope) -> str:
    """The request's path for ``instance``, should someone have put an identifier into it."""
    path = str(scope.get("path", "")).encode("utf-8", "replace").decode()
    return redact_text(path)


async def _on_problem(request: Request, problem: Problem) -> Response:
    return problem.response(problem_path(request.scope))


async def _on_http(request: Request, error: HTTPException) -> Response:
    if error.status_code < 400 or error.status_code in {204, 304}:  # noqa: PLR2004
        return Response(status_code=error.status_code, headers=error.headers)
    return _of_http(error).response(problem_path(request.scope))


async def _on_invalid(request: Request, error: RequestValidationError) -> Response:
    problem = Unprocessable("see errors for each field", errors=field_faults(error.errors()))
    return problem.response(problem_path(request.scope))


def _of_http(error: HTTPException) -> Problem:
    status = error.status_code
    kind = _KINDS.get(status) or _kind_of_status(status)
    detail = ""
    if isinstance(error.detail, str) and status == 413:  # noqa: PLR2004
        detail = redact_text(error.detail)
    return kind(detail, headers=error.headers)


_KINDS: dict[int, type[Problem]] = {
    400: Problem,
    401: Unauthorized,
    403: Forbidden,
    404: AddressUnknown,
    405: MethodNotAllowed,
    413: TooLarge,
    422: Unprocessable,
    503: ServiceUnavailable,
}


@cache
def _kind_of_status(status: int) -> type[Problem]:
    return type("HttpProblem", (Problem,), {"status": status, "code": f"http_{status}"})


def _of_database(error: BaseException) -> Problem | None:
    again = {"Retry-After": _RETRY_AFTER_S}
    state = _sqlstate(error)
    if state is not None:
        if state in _TEXT_STATES:
            return TextNotStorable("take out NUL characters and unpaired surrogates")
        if state in _VALUE_STATES:
            return ValueNotStorable("shorten the text or correct the number or date")
        if state in _BUSY_STATES:
            return RecordBusy(headers=again)
        if state in _AWAY_STATES or state.startswith(_AWAY_CLASSES):
            return ServiceUnavailable(headers=again)
        if state != _CLIENT_SIDE_STATE:
            return None
    for each in _chain(error):
        if isinstance(each, UnicodeEncodeError):
            return TextNotStorable("take out NUL characters and unpaired surrogates")
        if isinstance(each, OverflowError):
            return ValueNotStorable("shorten the text or correct the number or date")
        if isinstance(
            each, PoolTimeout | ConnectionError | TimeoutError | asyncpg.InternalClientError
        ):
            return ServiceUnavailable(headers=again)
        if isinstance(each, DBAPIError) and each.connection_invalidated:
            return ServiceUnavailable(headers=again)
        if isinstance(each, asyncpg.InterfaceError) and "connection" in str(each):
            return ServiceUnavailable(headers=again)
    return None


def _sqlstate(error: BaseException) -> str | None:
    for each in _chain(error):
        state: Any = getattr(each, "sqlstate", None)
        if isinstance(state, str):
            return state
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, what it was raised from, and what SQLAlchemy wrapped."""
    current: BaseException | None = error
    for _ in range(_MAX_CHAIN):
        if current is None:
            return
        yield current
        wrapped: Any = getattr(current, "orig", None)
        current = wrapped if isinstance(wrapped, BaseException) else current.__cause__
