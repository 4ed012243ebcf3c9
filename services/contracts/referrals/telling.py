"""The events of referrals."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services.contracts.models import Referral
from services.contracts.people import repository as people
from services.contracts.referrals.domain import RANK, StepName
from shared.db.session import WriteSession
from shared.events.base import Event
from shared.events.catalog import (
    ReferralAccepted,
    ReferralClosed,
    ReferralExpired,
    ReferralMade,
    ReferralRefused,
    ReferralReturned,
)
from shared.messaging import outbox


async def tell(session: WriteSession, referral: Referral, step: StepName, *, at: datetime) -> None:
    """Tell what became true of a referral; the caller holds the person's lock."""
    await outbox.record(
        session,
        _event(referral, step),
        subject=str(referral.referral_id),
        sequence=await people.next_version(session, referral.person_id),
        occurred_at=at,
    )


def _event(referral: Referral, step: StepName) -> Event:
    common: dict[str, Any] = {
        "referral_id": str(referral.referral_id),
        "person_id": referral.person_id,
        "direction": referral.direction,
        "from_facility": referral.from_facility,
        "to_facility": referral.to_facility,
        "team": referral.team,
        "reason": referral.reason,
        "issued_on": referral.issued_on,
        "valid_to": referral.valid_to,
        "township": referral.township,
        "village": referral.village,
    }
    match step:
        case "make":
            priority = next(name for name, rank in RANK.items() if rank == referral.rank)
            return ReferralMade(**common, priority=priority)
        case "accept":
            return ReferralAccepted(**common)
        case "refuse":
            return ReferralRefused(**common)
        case "return":
            return ReferralReturned(**common)
        case "expire":
            return ReferralExpired(**common)
        case "close":
            return ReferralClosed(**common, outcome=referral.outcome or "completed")
