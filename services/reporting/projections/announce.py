"""Telling serving processes that the figures changed, at the moment of the commit.

PostgreSQL delivers a notification when the transaction that sent it commits, and not at all when
it rolls back: nobody is told of figures that are not there.
"""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import text

from services.reporting.models import CHANGING
from services.reporting.projections.happenings import place_of
from shared.db.session import WriteSession
from shared.events.base import Envelope

CHANNEL = "reporting_live"

# One round trip: the change is numbered and told of, under the lock that says that it is not
# committed yet.
_NOTIFY = text(
    "WITH changing AS MATERIALIZED"
    " (SELECT pg_advisory_xact_lock_shared(:space, :number))"
    " SELECT pg_notify(:channel, json_build_object("
    "'revision', nextval('reporting_revision'), 'cause', CAST(:cause AS json))::text) FROM changing"
).bindparams(space=CHANGING[0], number=CHANGING[1])


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


async def announce_entry(session: WriteSession, step: str, township: str | None) -> None:
    """An entered figure counts from now on, or no longer."""
    await _notify(
        session,
        {"type": f"indicator_entry.{step}", "township": township, "facility_code": None},
    )


def short_type(event_type: str) -> str:
    """``cn.yizhan.claims.settlement.made.v1`` → ``settlement.made``."""
    return ".".join(event_type.split(".")[3:5])


async def _notify(session: WriteSession, cause: dict[str, str | None]) -> None:
    await session.execute(
        _NOTIFY, {"channel": CHANNEL, "cause": json.dumps(cause, ensure_ascii=False)}
    )
