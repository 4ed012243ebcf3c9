"""Who the patient is, masked: asked of identity when a screen or a statement must show it.

Claims keeps pseudonyms only. When identity cannot answer, work goes on without the name.
"""

from __future__ import annotations

import asyncio

import httpx
import structlog

from shared.runtime.context import ServiceContext
from shared.runtime.peer_auth import PeerAuthFailed
from shared.runtime.peers import PeerUnknown

log = structlog.get_logger(__name__)

WAIT_S = 3.0
"""A clerk does not wait longer for a name that is only to be looked at."""


async def masked_name(context: ServiceContext, person_id: str | None) -> str | None:
    """The person's name as identity masks it; None where it cannot be shown now."""
    if person_id is None:
        return None
    try:
        async with asyncio.timeout(WAIT_S):
            answer = await context.peers.client("identity").get(f"/identity/v1/persons/{person_id}")
        if answer.status_code != httpx.codes.OK:
            log.info("patient_not_shown", status=answer.status_code)
            return None
        return str(answer.json()["masked_name"])
    except (
        PeerUnknown, PeerAuthFailed, httpx.HTTPError, TimeoutError, ValueError, KeyError
    ) as error:  # fmt: skip
        log.warning("patient_not_shown", fault=type(error).__name__)
        return None
