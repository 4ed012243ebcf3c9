"""Identity's events of health cards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.dialects.postgresql import insert

from services.reporting.models import Card
from services.reporting.projections.fold import Columns, Projection, write
from shared.clock import business_date
from shared.db.base import table_of
from shared.db.session import WriteSession
from shared.events.base import Envelope
from shared.runtime.context import ServiceContext


def _told(*names: str, columns: Columns) -> Projection:
    """These columns of a card; its other event may come before or after."""
    statement = insert(table_of(Card))
    keep = statement.on_conflict_do_update(
        index_elements=["card_id"], set_={name: statement.excluded[name] for name in names}
    )

    async def project(
        events: Sequence[Envelope[Any]], session: WriteSession, context: ServiceContext
    ) -> None:
        region = context.region.region_code
        rows = [
            {
                "card_id": each.data.card_id,
                "region": region,
                "person_id": each.data.person_id,
                **columns(each),
            }
            for each in events
        ]
        await write(session, keep, rows)

    return project


card_issued = _told(
    "issued_on",
    "expires_on",
    columns=lambda event: {
        "issued_on": business_date(event.data.recorded_at),
        "expires_on": event.data.expires_on,
    },
)
"""A person has a card from this day on."""

card_revoked = _told(
    "revoked_on", columns=lambda event: {"revoked_on": business_date(event.data.recorded_at)}
)
"""From this day on the card is none; it may be heard of before the card itself."""
