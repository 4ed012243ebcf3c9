"""The event store as a pull feed: agencies that do not read Kafka ask for what is new.

``position`` is gapless and never reused within a service, so a reader that keeps the last
``next_after`` misses nothing and may start again from 0 at any time.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict
from sqlalchemy import select

from shared.db.mechanics import OUTBOX, mechanics_metadata
from shared.db.session import Writes
from shared.http.problem import Forbidden
from shared.http.routing import YizhanRoute
from shared.runtime.context import Context
from shared.security import audit
from shared.security.principal import Principal, requires

MAX_EVENTS = 500
DEFAULT_EVENTS = 100

outbox_table = mechanics_metadata.tables[OUTBOX]

_EXAMPLE: JsonDict = {
    "position": 17,
    "id": "01937c3e-5b1c-7a54-9c06-5b1d8f2f0a11",
    "type": "cn.yizhan.claims.settlement.made.v1",
    "source": "/yizhan/511113/claims",
    "time": "2016-03-08T10:15:00+08:00",
    "subject": "01937c3e-5b1c-7a54-9c06-5b1d8f2f0a10",
    "key": "01937c3e-0000-7000-8000-000000000001",
    "sequence": 4,
    "data": {"settlement_id": "01937c3e-5b1c-7a54-9c06-5b1d8f2f0a10"},
}


class FeedIsForTheCounty(Forbidden):
    code = "feed_is_for_the_county"
    title = "The event feed is for organisations of the whole region"
    title_zh = "事件接口仅向全区域机构开放"


class FeedEvent(BaseModel):
    """One event with its CloudEvents attributes; people appear by id alone."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    position: int = Field(description="Its place in this service's event store; gapless.")
    id: str = Field(description="The event's id; the same when an event is delivered twice.")
    type: str
    source: str = Field(description="/yizhan/<region>/<service>")
    time: datetime = Field(description="When it happened.")
    subject: str = Field(description="Id of what changed.")
    key: str = Field(description="Events of one key are in order on every transport.")
    sequence: int = Field(description="Version of the subject after the change.")
    data: dict[str, Any]


class EventPage(BaseModel):
    """Events in order of position."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"items": [_EXAMPLE], "next_after": 17}]}
    )

    items: list[FeedEvent]
    next_after: int = Field(description="Send as `after` next time; unchanged when nothing is new.")


def feed_router() -> APIRouter:
    """``GET /events``; a host mounts it under ``/<service>/v1``."""
    router = APIRouter(route_class=YizhanRoute, tags=["events"])

    @router.get(
        "/events",
        summary="Events after a position · 拉取事件",
        responses={401: {"description": "No valid token"}, 403: {"description": "Not granted"}},
    )
    async def events(
        caller: Annotated[Principal, requires("events:read")],
        session: Writes,
        context: Context,
        after: Annotated[
            int, Query(ge=0, lt=2**63, description="Position of the last event you have.")
        ] = 0,
        limit: Annotated[int, Query(ge=1, le=MAX_EVENTS)] = DEFAULT_EVENTS,
    ) -> EventPage:
        """The events after `after`, oldest first; poll with the `next_after` you were given.

        The pull is written to the audit log, like every export.
        """
        if not caller.of_county:
            raise FeedIsForTheCounty("ask the county's operator for the figures of your own area")
        rows = (
            await session.execute(
                select(outbox_table)
                .where(outbox_table.c.position > after)
                .order_by(outbox_table.c.position)
                .limit(limit)
            )
        ).all()
        source = f"/yizhan/{context.region.region_code}/{context.name}"
        items = [
            FeedEvent(
                position=row.position,
                id=str(row.id),
                type=row.type,
                source=source,
                time=row.occurred_at,
                subject=row.aggregateid,
                key=str(row.headers.get("partitionkey", row.aggregateid)),
                sequence=row.aggregate_version,
                data=row.payload,
            )
            for row in rows
        ]
        next_after = items[-1].position if items else after
        if items:
            await audit.record(
                session,
                actor=caller.client_id,
                organisation=caller.organisation,
                action="events.pulled",
                subject=context.name,
                at=context.clock.now(),
                detail={"after": after, "next_after": next_after, "events": len(items)},
            )
        return EventPage(items=items, next_after=next_after)

    return router
