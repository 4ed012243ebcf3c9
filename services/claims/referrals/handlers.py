"""Contracts' events about referrals."""

from __future__ import annotations

from services.claims.referrals import repository
from shared.db.session import WriteSession
from shared.events.base import Envelope
from shared.events.catalog import (
    ReferralAccepted,
    ReferralClosed,
    ReferralMade,
    ReferralRefused,
    ReferralReturned,
)
from shared.runtime.context import ServiceContext


async def on_referral_made(
    event: Envelope[ReferralMade], session: WriteSession, context: ServiceContext
) -> None:
    """A referral was issued: visits at its target within its validity came by it."""
    await _keep(event, session, context, counts=True)


async def on_referral_accepted(
    event: Envelope[ReferralAccepted], session: WriteSession, context: ServiceContext
) -> None:
    """The target takes the patient."""
    await _keep(event, session, context, counts=True)


async def on_referral_refused(
    event: Envelope[ReferralRefused], session: WriteSession, context: ServiceContext
) -> None:
    """The target does not take him: nobody comes by this referral."""
    await _keep(event, session, context, counts=False)


async def on_referral_returned(
    event: Envelope[ReferralReturned], session: WriteSession, context: ServiceContext
) -> None:
    """He was treated and handed back; his visit came by it all the same."""
    await _keep(event, session, context, counts=True)


async def on_referral_closed(
    event: Envelope[ReferralClosed], session: WriteSession, context: ServiceContext
) -> None:
    """It is over; one that was withdrawn counts for nothing."""
    await _keep(event, session, context, counts=event.data.outcome != "withdrawn")


async def _keep(
    event: Envelope[ReferralMade]
    | Envelope[ReferralAccepted]
    | Envelope[ReferralRefused]
    | Envelope[ReferralReturned]
    | Envelope[ReferralClosed],
    session: WriteSession,
    context: ServiceContext,
    *,
    counts: bool,
) -> None:
    told = event.data
    if told.direction != "up":
        return
    await repository.keep(
        session,
        {
            "referral_id": told.referral_id,
            "region": context.region.region_code,
            "person_id": told.person_id,
            "from_facility": told.from_facility,
            "to_facility": told.to_facility,
            "issued_on": told.issued_on,
            "valid_to": told.valid_to,
            "counts": counts,
            "sequence": event.sequence,
        },
    )
