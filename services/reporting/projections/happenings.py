"""Every event, without its person: the ticker reads it, and it says how far the figures reach."""

from __future__ import annotations

from typing import Any

from sqlalchemy.dialects.postgresql import insert

from services.reporting.models import Happening
from shared.db.base import table_of
from shared.db.session import WriteSession
from shared.events.base import Envelope, Event
from shared.events.catalog import RecognitionMade, SettlementMade, SettlementReversed
from shared.runtime.context import ServiceContext

_INSERT = insert(table_of(Happening)).on_conflict_do_nothing()


def place_of(data: Event) -> tuple[str | None, str | None]:
    """The township and the facility (of a team: its own) that an event speaks of."""
    facility = getattr(data, "facility_code", None) or getattr(data, "team", None)
    return getattr(data, "township", None), facility


async def happened(event: Envelope[Any], session: WriteSession, context: ServiceContext) -> None:
    """Note that the event was taken in."""
    data = event.data
    township, facility_code = place_of(data)
    bill = isinstance(data, SettlementMade | SettlementReversed)
    row = {
        "event_id": event.id,
        "region": context.region.region_code,
        "at": event.time,
        "type": event.type,
        "township": township,
        "facility_code": facility_code,
        "grade": data.grade if isinstance(data, RecognitionMade) else None,
        "total_fen": int(data.total) if bill else None,
        "patient_fen": int(data.patient_pays) if bill else None,
    }
    await session.execute(_INSERT, row)
