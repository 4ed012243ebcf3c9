"""Who the persons of a list are, masked: asked of identity, many at once.

Contracts keeps pseudonyms only. When identity cannot answer, work goes on without the names.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from uuid import UUID

import httpx
import structlog

from shared.runtime.context import ServiceContext
from shared.runtime.peer_auth import PeerAuthFailed
from shared.runtime.peers import PeerUnknown

log = structlog.get_logger(__name__)

WAIT_S = 3.0
"""A doctor does not wait longer for names that are only to be looked at."""
AT_ONCE = 200


async def masked_names(context: ServiceContext, person_ids: Iterable[str]) -> Mapping[str, str]:
    """Masked names by ``person_id``; whoever cannot be named now is left out."""
    asked = sorted({each for each in person_ids if _is_identitys(each)})
    found: dict[str, str] = {}
    try:
        async with asyncio.timeout(WAIT_S):
            for start in range(0, len(asked), AT_ONCE):
                answer = await context.peers.client("identity").post(
                    "/identity/v1/persons/names",
                    json={"person_ids": asked[start : start + AT_ONCE]},
                )
                items = answer.raise_for_status().json()["items"]
                found |= {str(one["person_id"]): str(one["masked_name"]) for one in items}
    except (
        PeerUnknown, PeerAuthFailed, httpx.HTTPError, TimeoutError, ValueError, KeyError
    ) as error:  # fmt: skip
        log.warning("persons_not_named", fault=type(error).__name__)
    return found


def _is_identitys(person_id: str) -> bool:
    try:
        UUID(person_id)
    except ValueError:
        return False
    return True
