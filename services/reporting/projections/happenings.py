"""Every event, without its person: the ticker reads it, and it says how far the figures reach."""

from __future__ import annotations

from typing import Any

from services.reporting.models import Happening
from services.reporting.projections.fold import told_once
from shared.db.base import table_of
from shared.events.base import Envelope, Event
from shared.events.catalog import RecognitionMade, SettlementMade, SettlementReversed


def place_of(data: Event) -> tuple[str | None, str | None]:
    """The township and the facility (of a team: its own) that an event speaks of."""
    facility = getattr(data, "facility_code", None) or getattr(data, "team", None)
    return getattr(data, "township", None), facility


def _columns(event: Envelope[Any]) -> dict[str, Any]:
    data = event.data
    township, facility_code = place_of(data)
    bill = isinstance(data, SettlementMade | SettlementReversed)
    return {
        "event_id": event.id,
        "at": event.time,
        "type": event.type,
        "township": township,
        "facility_code": facility_code,
        "grade": data.grade if isinstance(data, RecognitionMade) else None,
        "total_fen": int(data.total) if bill else None,
        "patient_fen": int(data.patient_pays) if bill else None,
    }


happened = told_once(table_of(Happening), _columns)
"""Notes that events were taken in."""
