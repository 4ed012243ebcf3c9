"""HTTP: the stream of figures."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from services.reporting.access import Viewer
from services.reporting.live import service
from services.reporting.live.figures import LiveFigures
from shared.http.routing import YizhanRoute
from shared.runtime.context import Context

router = APIRouter(route_class=YizhanRoute, tags=["live"])

_EXAMPLE = (
    "id: 12\nevent: figures\n"
    'data: {"revision":12,"as_of":"2016-03-08T10:05:00+08:00","lag_ms":40,'
    '"cause":{"type":"settlement.made","township":"金河镇","facility_code":"H51111300101"},'
    '"changes":1,"indicators":{"personal_share":{"numerator":"991.27","denominator":"5000.00",'
    '"value":"0.1983","target":"0.10","status":"missed"}},"visits":1,"settled_visits":1}\n\n'
)


@router.get(
    "/live",
    summary="The county's figures, again after each change (server-sent events)",
    response_class=Response,
    responses={
        200: {
            "description": f"Events `figures`, each with: {', '.join(LiveFigures.model_fields)}",
            "content": {"text/event-stream": {"example": _EXAMPLE}},
        },
        503: {"description": "`streams_full`"},
    },
)
async def live(_viewer: Viewer, context: Context) -> Response:
    """First the figures now, also to a client that reconnects; then after each change.

    Each message is the whole state: whoever comes back, after however long a cut and with
    `Last-Event-ID` or without, misses nothing.

    At most five messages a second, a heartbeat every ten; needs no token while the county's page
    stands open.
    """
    return service.open_stream(context)
