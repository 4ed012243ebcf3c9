"""Reading the other services' event stores by HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx

from shared.http.problem import ServiceUnavailable
from shared.runtime.context import ServiceContext
from shared.runtime.peers import PeerUnknown


class FeedUnreadable(ServiceUnavailable):
    code = "feed_unreadable"
    title = "A service's event feed could not be read; nothing was changed"
    title_zh = "无法读取某服务的事件，数据未作任何更改"


async def pages(
    context: ServiceContext, producer: str, after: int, limit: int
) -> AsyncIterator[tuple[list[dict[str, Any]], int]]:
    """The pages of a feed after a position, until nothing is new; each with where to go on.

    Raises:
        FeedUnreadable: the service has no known address, refuses, or cannot be reached.
    """
    while True:
        page = await _page(context, producer, after, limit)
        items: list[dict[str, Any]] = page["items"]
        if not items:
            return
        following = int(page["next_after"])
        if following <= after:
            raise FeedUnreadable(f"the feed of {producer} does not move on from {after}")
        after = following
        yield items, after


async def _page(context: ServiceContext, producer: str, after: int, limit: int) -> dict[str, Any]:
    try:
        answer = await context.peers.client(producer).get(
            f"/{producer}/v1/events", params={"after": after, "limit": limit}
        )
    except PeerUnknown as error:
        raise FeedUnreadable(str(error)) from error
    except httpx.HTTPError as error:
        raise FeedUnreadable(f"{producer} cannot be reached: {type(error).__name__}") from error
    if answer.status_code != httpx.codes.OK:
        raise FeedUnreadable(f"{producer} answered {answer.status_code} to GET /events")
    page: dict[str, Any] = answer.json()
    return page
