"""What contracts says of referrals: who is sent where, and what the other end answered."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from shared.events.base import Event


class _ReferralEvent(Event):
    producer: ClassVar[str] = "contracts"
    noun: ClassVar[str] = "referral"
    key_field: ClassVar[str] = "person_id"

    referral_id: str
    person_id: str
    direction: str
    """``up`` to a higher institution, ``down`` to primary care."""
    from_facility: str
    to_facility: str
    team: str
    reason: str
    issued_on: date
    valid_to: date
    """The last day of its validity."""
    township: str | None = None
    village: str | None = None


class ReferralMade(_ReferralEvent):
    """A patient is referred; the target has not answered yet."""

    verb: ClassVar[str] = "made"

    priority: str


class ReferralAccepted(_ReferralEvent):
    """The target takes the patient."""

    verb: ClassVar[str] = "accepted"


class ReferralRefused(_ReferralEvent):
    """The target does not take the patient."""

    verb: ClassVar[str] = "refused"


class ReferralReturned(_ReferralEvent):
    """The target hands the patient back to who referred him."""

    verb: ClassVar[str] = "returned"


class ReferralClosed(_ReferralEvent):
    """The referral is over."""

    verb: ClassVar[str] = "closed"

    outcome: str
    """``completed``, or ``withdrawn`` before anybody answered."""


class ReferralExpired(_ReferralEvent):
    """Nobody answered within its validity; both ends have to know."""

    verb: ClassVar[str] = "expired"
