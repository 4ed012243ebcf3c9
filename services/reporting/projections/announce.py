"""Telling serving processes that the figures changed, at the moment of the commit.

PostgreSQL delivers a notification when the transaction that sent it commits, and not at all when
it rolls back: nobody is told of figures that are not there.
"""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import text

from services.reporting.models import REVISION
from services.reporting.projections.happenings import place_of
from shared.db.session import WriteSession
from shared.events.base import Envelope

CHANNEL = "reporting_live"

# One round trip: the change is numbered and told of.
_NOTIFY = text(
    "SELECT pg_notify(:channel, json_build_object("
    f"'revision', nextval('{REVISION.name}'), 'cause', CAST(:cause AS json))::text)"
)


async def announce(session: WriteSession, event: Envelope[Any]) -> None:
    """Number the change and notify the listeners of it."""
    township, facility_code = place_of(event.data)
    await _notify(
        session,
        {"type": short_type(event.type), "township": township, "facility_code": facility_code},
    )


async def announce_rebuild(session: WriteSession) -> None:
    """Everything may have changed."""
    await _notify(session, {"type": "projections.rebuilt", "township": None, "facility_code": None})


def short_type(event_type: str) -> str:
    """``cn.yizhan.claims.settlement.made.v1`` → ``settlement.made``."""
    return ".".join(event_type.split(".")[3:5])


async def _notify(session: WriteSession, cause: dict[str, str | None]) -> None:
    await session.execute(
        _NOTIFY, {"channel": CHANNEL, "cause": json.dumps(cause, ensure_ascii=False)}
    )
