"""What a team's institution is owed by the special fund without a bill."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID, uuid5

from services.claims.ledger.domain import Account, Entry, Posting, payer_account

FUND: Final = "special_fund"
"""XB-54: contracts of chronic patients and check-ups are paid from the special fund,
and chronic patients' drugs."""

_NAMESPACE: Final = UUID("6b0f6d58-2b1d-5c3e-9a57-3d9b8f4b7c11")


@dataclass(frozen=True)
class ServiceFee:
    """One use of a fee statement, or a dispensing; ``facility_code`` is the team's institution."""

    id: UUID
    region: str
    statement_id: str
    facility_code: str
    use: str
    period: str
    """The month of the work."""
    count: int
    amount_fen: int
    """Below zero: a dispensing was withdrawn."""
    booked_on: date
    """The day on which it was asked for."""


def fee_id(statement_id: str, use: str) -> UUID:
    """The same for the same statement and use, whenever it is told."""
    return uuid5(_NAMESPACE, f"{statement_id} {use}")


def fee_entry(fee: ServiceFee) -> Entry:
    """The fund owes it, the team's institution has earned it."""
    return Entry(
        kind="drug_payment" if fee.use == "chronic_drugs" else "service_fee",
        booked_on=fee.booked_on,
        postings=(
            Posting(payer_account(FUND, fee.facility_code), fee.amount_fen),
            Posting(Account("facility", facility_code=fee.facility_code), -fee.amount_fen),
        ),
        source_id=fee.id,
    )
