"""The live stream's parts, put together for one serving process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from services.reporting.indicators.county import catalogue_of
from services.reporting.live.broadcaster import Broadcaster, Message, TooManyListeners
from services.reporting.live.figures import live_figures
from services.reporting.live.listener import listen
from services.reporting.live.stream import FigureStream
from services.reporting.settings import settings_of
from shared.http.problem import ServiceUnavailable
from shared.runtime.context import ServiceContext
from shared.runtime.tasks import alongside

_STATE = "reporting.broadcaster"


class StreamsFull(ServiceUnavailable):
    code = "streams_full"
    title = "Too many live streams are open"
    title_zh = "实时连接数已满"


@asynccontextmanager
async def live(context: ServiceContext) -> AsyncIterator[None]:
    """Listen and broadcast while the process serves; every stream ends with it."""
    settings = settings_of(context)
    catalogue_of(context)  # a pack that is at fault keeps the service from starting

    async def compute(cause: dict[str, Any] | None, changes: int) -> Message:
        figures = await live_figures(context, cause=cause, changes=changes)
        return Message(figures.revision, figures.model_dump_json())

    broadcaster = Broadcaster(
        compute, interval_s=settings.live_interval_s, max_listeners=settings.live_clients
    )
    context.state[_STATE] = broadcaster
    async with alongside(broadcaster.run(), listen(context.db, broadcaster.changed)):
        try:
            yield
        finally:
            broadcaster.close()
            del context.state[_STATE]


def open_stream(context: ServiceContext) -> FigureStream:
    """A new stream of the figures.

    Raises:
        StreamsFull: the process holds as many as it may, or is closing.
    """
    broadcaster = context.state.get(_STATE)
    if not isinstance(broadcaster, Broadcaster):
        raise StreamsFull("this process is not serving live figures")
    try:
        listener = broadcaster.join()
    except TooManyListeners:
        raise StreamsFull(
            "read the figures with GET /reporting/v1/indicators and try the stream again later",
            headers={"Retry-After": "30"},
        ) from None
    return FigureStream(broadcaster, listener, heartbeat_s=settings_of(context).live_heartbeat_s)
