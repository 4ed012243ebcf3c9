"""A shorter way to the few endpoints on which a window waits.

An endpoint marked with :func:`window_waits` is found by its address at once, and its parts (the
caller, the body, the transaction) are put together in one place instead of by the frameworks'
layers, which cost more than what the endpoint itself does. It stays an ordinary endpoint of its
router besides: the description of the interface is made from it there, and every request that is
not plainly good (no token, a wrong field, a query, another content type) goes the ordinary way,
untouched, and gets its answer there. So this way has no refusals of its own but the use case's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, TypeVar, get_type_hints
from uuid import UUID

from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.db.direct import Overtaken
from shared.http.bodies import BodyRefused, StrictRequest
from shared.http.errors import problem_path
from shared.http.idempotency import Replay, settle_claim
from shared.http.problem import Problem, Unauthorized
from shared.http.work import Work, Working
from shared.runtime import crashpoints, windows
from shared.runtime.context import Context, ServiceContext
from shared.security.principal import Principal, bearer_token, scope_of

_MARK = "window_waits"
_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_JSON = (b"application/json", b"application/json; charset=utf-8")
_OK = 200
_UNSAID = 0

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


def window_waits(endpoint: Endpoint) -> Endpoint:
    """Mark a POST endpoint whose parts are a body, ids in the path, a caller and its work."""
    setattr(endpoint, _MARK, True)
    return endpoint


@dataclass
class _Parts:
    """Which parameter of an endpoint takes what; empty where it has none of the kind."""

    work: str = ""
    caller: str = ""
    scope: str = ""
    """What the caller must hold."""
    context: str = ""
    response: str = ""
    body: str = ""
    shape: type[BaseModel] | None = None
    """Of the body."""


class _Unfit(Exception):
    """Not a request for the short way; nothing of it was done."""


class ShortWay:
    """One marked endpoint."""

    def __init__(self, route: APIRoute, prefix: str, context: ServiceContext) -> None:
        """Read the endpoint's signature.

        Args:
            prefix: of its address within the service.

        Raises:
            TypeError: it has a part that this way does not know.
        """
        self._route = route
        self._mount = f"/{context.name}{prefix}"
        self._context = context
        self._parts = _parts_of(route.endpoint)
        self._status = route.status_code or _OK
        self.address = _pattern(f"{self._mount}{route.path}")

    async def read(
        self, request: StrictRequest, ids: Mapping[str, str]
    ) -> tuple[dict[str, Any], Response]:
        """The endpoint's parameters, and the response that it may say something about.

        Raises:
            _Unfit: a part is missing or wrong.
        """
        parts = self._parts
        principal = self._caller(request.scope)
        given: dict[str, Any] = {name: UUID(value) for name, value in ids.items()}
        given[parts.caller] = principal
        if parts.shape is not None:
            if _header(request.scope, b"content-type") not in _JSON:
                raise _Unfit
            try:
                given[parts.body] = parts.shape.model_validate(await request.json())
            except (BodyRefused, ValidationError):
                raise _Unfit from None
        if parts.context:
            given[parts.context] = self._context
        said = Response(status_code=_UNSAID)
        said.raw_headers.clear()
        if parts.response:
            given[parts.response] = said
        request.state.principal = principal
        request.state.stores_answers = True
        return given, said

    async def answer(
        self, request: StrictRequest, given: dict[str, Any], said: Response
    ) -> Response:
        """Carry the request out in its one transaction, and give its answer."""
        request.scope["route"], request.scope["root_path"] = self._route, self._mount
        try:
            try:
                response = await self._carry_out(request, given, said, may_be_overtaken=True)
            except Overtaken:
                response = await self._carry_out(request, given, said, may_be_overtaken=False)
        except Replay as replay:
            return replay.response()
        except Problem as problem:
            return problem.response(problem_path(request.scope))
        crashpoints.reach("edge.after_commit")
        return response

    async def _carry_out(
        self,
        request: StrictRequest,
        given: dict[str, Any],
        said: Response,
        *,
        may_be_overtaken: bool,
    ) -> Response:
        async with AsyncExitStack() as stack:
            work = Work(request, self._context, stack, may_be_overtaken=may_be_overtaken)
            given[self._parts.work] = work
            try:
                found = await self._route.endpoint(**given)
            except Problem:
                stored = await work.stored()
                if stored is None:
                    raise
                raise stored from None
            response = self._response(found, said)
            await work.keep(response)
            await settle_claim(request, response)
        return response

    def _caller(self, scope: Scope) -> Principal:
        token = bearer_token(_header(scope, b"authorization").decode("latin-1"))
        if token is None:
            raise _Unfit
        try:
            principal = self._context.tokens.verify(token)
        except Unauthorized:
            raise _Unfit from None
        if self._parts.scope not in principal.scopes:
            raise _Unfit
        return principal

    def _response(self, found: BaseModel, said: Response) -> Response:
        content = found.__pydantic_serializer__.to_json(
            found, by_alias=True, exclude_unset=self._route.response_model_exclude_unset
        )
        status = said.status_code if said.status_code != _UNSAID else self._status
        response = Response(content, status, media_type="application/json")
        response.raw_headers.extend(said.raw_headers)
        return response


class ShortWays:
    """Sends good requests for marked endpoints the short way, all others to the application."""

    def __init__(self, app: ASGIApp, contexts: Iterable[ServiceContext]) -> None:
        self._app = app
        self._ways = [way for context in contexts for way in _ways_of(context)]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST" or scope["query_string"]:
            await self._app(scope, receive, send)
            return
        for way in self._ways:
            found = way.address.fullmatch(scope["path"])
            if found is not None:
                break
        else:
            await self._app(scope, receive, send)
            return
        request = StrictRequest(scope, receive)
        try:
            given, said = await way.read(request, found.groupdict())
        except _Unfit:
            await self._app(scope, await _again(request, receive), send)
            return
        with windows.waits():
            response = await way.answer(request, given, said)
            await response(scope, receive, send)


def _ways_of(context: ServiceContext) -> list[ShortWay]:
    return [
        ShortWay(route, "/v1", context)
        for router in context.module.routers
        for route in router.routes
        if isinstance(route, APIRoute) and getattr(route.endpoint, _MARK, False)
    ]


def _pattern(template: str) -> re.Pattern[str]:
    """An address with ids in braces as an expression; other text is taken as it is."""
    pieces = re.split(r"\{(\w+)\}", template)
    return re.compile(
        "".join(
            f"(?P<{piece}>{_UUID})" if number % 2 else re.escape(piece)
            for number, piece in enumerate(pieces)
        )
    )


def _parts_of(endpoint: Callable[..., Any]) -> _Parts:
    parts = _Parts()
    for name, hint in get_type_hints(endpoint, include_extras=True).items():
        scope = scope_of(hint)
        if name == "return":
            continue
        if hint is Working:
            parts.work = name
        elif hint is Context:
            parts.context = name
        elif scope is not None:
            parts.caller, parts.scope = name, scope
        elif hint is UUID:
            continue
        elif hint is Response:
            parts.response = name
        elif isinstance(hint, type) and issubclass(hint, BaseModel):
            parts.body, parts.shape = name, hint
        else:
            raise TypeError(f"{endpoint.__qualname__}: the short way knows no part like {name!r}")
    if not (parts.work and parts.caller):
        raise TypeError(f"{endpoint.__qualname__}: the short way needs a caller and his work")
    return parts


async def _again(request: StrictRequest, receive: Receive) -> Receive:
    """The body once more, for whoever reads it next; what was not read comes as it comes."""
    if not hasattr(request, "_body"):
        return receive
    waiting: list[Message] = [{"type": "http.request", "body": await request.body()}]

    async def first_the_body() -> Message:
        return waiting.pop() if waiting else await receive()

    return first_the_body


def _header(scope: Scope, name: bytes) -> bytes:
    for each, value in scope["headers"]:
        if each == name:
            found: bytes = value
            return found
    return b""
