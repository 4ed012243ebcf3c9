"""What of a person's year a visit that will be paid later keeps for itself.

A capped fund has room for what its cap leaves after the year's settled bills *and* after what other
visits of the same person, still open, have reserved. So the sum of both never passes the cap, in
whatever order hospitals charge and settle. A bill that is settled while another visit holds room is
cut; when that room comes free it is offered (see the slice ``proposals``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from services.claims.settlement.bill import Standing

CAPPED: Final = (
    "basic_paid",
    "medical_aid_paid",
    "outpatient_base_used",
    "chronic_drug_fund_paid",
    "special_fund_paid",
)
"""The accumulators with a cap. Nothing is reserved of the critical-illness burden: it is no fund."""

State = Literal["held", "consumed", "released"]
NOTHING: Final = Standing()


@dataclass(frozen=True, slots=True)
class Reservation:
    """A visit's reservation; ``amounts`` in fen, zero for what no cap limits."""

    person_id: str
    year: int
    amounts: Standing
    state: State
    made_at: datetime
    expires_at: datetime

    def counts(self, now: datetime) -> bool:
        """Whether other visits must leave this room alone."""
        return self.state == "held" and now < self.expires_at

    def shown_state(self, now: datetime) -> str:
        """``expired`` is a held one whose time is over."""
        return "expired" if self.state == "held" and now >= self.expires_at else self.state


def capped(consumed: Standing) -> Standing:
    """The part of a visit's movements that a cap limits."""
    return Standing(**{benefit: getattr(consumed, benefit) for benefit in CAPPED})


def most(one: Standing, other: Standing) -> Standing:
    """Benefit by benefit the larger: an estimate stands until the charges have passed it."""
    return Standing(
        **{name: max(getattr(one, name), getattr(other, name)) for name in CAPPED},
    )
