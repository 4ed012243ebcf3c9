"""The route class of every router: answers are stored under their idempotency key in time.

FastAPI's request handler returns the response object before its function-scoped dependencies
exit (that is where ``Writes`` commits), and the response is sent after that. So what is written
here, after the handler and before the return, is part of the request's one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from shared.http.bodies import BodyRefused, StrictRequest
from shared.http.idempotency import Replay, settle_claim
from shared.http.problem import Problem
from shared.http.text import TextNotStorable, storable, unstorable_fault
from shared.http.work import Work


class YizhanRoute(APIRoute):
    """Use as ``APIRouter(route_class=YizhanRoute)``."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_and_keep(outer: Request) -> Response:
            request = StrictRequest(outer.scope, outer.receive)
            request.state.stores_answers = True
            _refuse_unstorable_address(request)
            try:
                response = await _answered(handle, request)
            except Replay as replay:
                return replay.response()
            except BodyRefused as refused:
                raise refused.problem from None
            return response

        return handle_and_keep


async def _answered(
    handle: Callable[[Request], Coroutine[Any, Any, Response]], request: Request
) -> Response:
    try:
        response = await handle(request)
    except Problem:
        work: Work | None = getattr(request.state, "work", None)
        stored = await work.stored() if work is not None else None
        if stored is None:
            raise
        raise stored from None
    work = getattr(request.state, "work", None)
    if work is not None:
        await work.keep(response)
    await settle_claim(request, response)
    return response


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
