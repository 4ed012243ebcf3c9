"""Identity's events of health cards."""

from __future__ import annotations

from sqlalchemy.dialects.postgresql import Insert, insert

from services.reporting.models import Card
from shared.clock import business_date
from shared.db.base import table_of
from shared.db.session import WriteSession
from shared.events.base import Envelope
from shared.events.catalog import CardIssued, CardRevoked
from shared.runtime.context import ServiceContext


def _keep(*told: str) -> Insert:
    statement = insert(table_of(Card))
    return statement.on_conflict_do_update(
        index_elements=["card_id"], set_={name: statement.excluded[name] for name in told}
    )


# Made once: putting a statement together costs more than sending it.
_KEEP_ISSUED = _keep("issued_on", "expires_on")
_KEEP_REVOKED = _keep("revoked_on")


async def card_issued(
    event: Envelope[CardIssued], session: WriteSession, context: ServiceContext
) -> None:
    """A person has a card from this day on."""
    told = event.data
    row = {
        "card_id": told.card_id,
        "region": context.region.region_code,
        "person_id": told.person_id,
        "issued_on": business_date(told.recorded_at),
        "expires_on": told.expires_on,
    }
    await session.execute(_KEEP_ISSUED, row)


async def card_revoked(
    event: Envelope[CardRevoked], session: WriteSession, context: ServiceContext
) -> None:
    """From this day on the card is none; it may be heard of before the card itself."""
    told = event.data
    row = {
        "card_id": told.card_id,
        "region": context.region.region_code,
        "person_id": told.person_id,
        "revoked_on": business_date(told.recorded_at),
    }
    await session.execute(_KEEP_REVOKED, row)
