"""The route class of every router: answers are stored under their idempotency key in time.

FastAPI's request handler returns the response object before its function-scoped dependencies
exit (that is where ``Writes`` commits), and the response is sent after that. So what is written
here, after the handler and before the return, is part of the request's one transaction.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException

from shared.http.idempotency import Replay, settle_claim
from shared.http.problem import Problem
from shared.http.text import (
    TextNotStorable,
    may_hold_unstorable,
    refuse_unstorable,
    storable,
    unstorable_fault,
)

_BAD_REQUEST = 400


class YizhanRoute(APIRoute):
    """Use as ``APIRouter(route_class=YizhanRoute)``."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_and_keep(outer: Request) -> Response:
            request = _StrictRequest(outer.scope, outer.receive)
            request.state.stores_answers = True
            _refuse_unstorable_address(request)
            try:
                response = await handle(request)
            except Replay as replay:
                return replay.response()
            except _BodyRefused as refused:
                raise refused.problem from None
            await settle_claim(request, response)
            return response

        return handle_and_keep


class _BodyRefused(HTTPException):
    """Carries a problem through FastAPI, which turns other errors of body reading into a 400."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.status)
        self.problem = problem


class _StrictRequest(Request):
    """A request whose JSON is UTF-8, has only numbers that JSON knows, and storable texts."""

    async def json(self) -> Any:
        if not hasattr(self, "_json"):
            body = await self.body()
            if b"\x00" in body[:4]:
                raise HTTPException(_BAD_REQUEST, "send JSON in UTF-8")
            document = json.loads(body, parse_constant=_refuse_constant)
            if may_hold_unstorable(body):
                try:
                    refuse_unstorable(document)
                except TextNotStorable as problem:
                    raise _BodyRefused(problem) from None
            self._json = document
        return self._json

    async def _get_form(self, **limits: Any) -> FormData:
        form: FormData = await super()._get_form(**limits)
        faults = [
            unstorable_fault(name if storable(name) else "form")
            for name, value in form.multi_items()
            if not storable(name + (value if isinstance(value, str) else value.filename or ""))
        ]
        if faults:
            await form.close()
            raise _BodyRefused(TextNotStorable(errors=faults))
        return form


def _refuse_constant(_: str) -> NoReturn:
    raise HTTPException(_BAD_REQUEST, "JSON has no NaN and no Infinity; send a number or a string")


def _refuse_unstorable_address(request: Request) -> None:
    if not storable(request.scope["path"]):
        raise TextNotStorable("the address holds a character that cannot be stored")
    faults = [
        unstorable_fault(name if storable(name) else "query")
        for name, value in request.query_params.multi_items()
        if not storable(name + value)
    ]
    if faults:
        raise TextNotStorable(errors=faults)
