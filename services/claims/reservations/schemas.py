"""HTTP shapes of the reservations."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from services.claims.reservations.domain import CAPPED, Reservation
from services.claims.settlement.bill import Standing
from shared.clock import SHANGHAI
from shared.money import Fen, Money

RESERVED_EXAMPLE: dict[str, Any] = {
    "basic_paid": "3344.90",
    "medical_aid_paid": "663.83",
    "outpatient_base_used": "0.00",
    "chronic_drug_fund_paid": "0.00",
    "special_fund_paid": "0.00",
}
RESERVATION_EXAMPLE: dict[str, Any] = {
    "state": "held",
    "year": 2016,
    "amounts": RESERVED_EXAMPLE,
    "made_at": "2016-03-07T18:00:00+08:00",
    "expires_at": "2016-04-06T18:00:00+08:00",
}


class ReservationRequest(BaseModel):
    """What the whole visit will probably cost, as the hospital sees it now."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"estimated_cost": "8000.00"}}
    )

    estimated_cost: Money


class Reserved(BaseModel):
    """Room under the yearly caps that open visits keep (CNY), by accumulator."""

    model_config = ConfigDict(json_schema_extra={"example": RESERVED_EXAMPLE})

    basic_paid: Money
    medical_aid_paid: Money
    outpatient_base_used: Money
    chronic_drug_fund_paid: Money
    special_fund_paid: Money


class ReservationAnswer(BaseModel):
    """What a visit without deposit keeps of the person's year."""

    model_config = ConfigDict(json_schema_extra={"example": RESERVATION_EXAMPLE})

    state: Literal["held", "expired", "consumed", "released"]
    """``consumed`` by the settlement; ``released`` by a cancellation or another patient; an
    ``expired`` one counts no longer, and the next charges make it anew."""
    year: int
    amounts: Reserved
    made_at: datetime
    expires_at: datetime


def reserved(amounts: Standing) -> Reserved:
    return Reserved.model_validate({name: Fen(getattr(amounts, name)) for name in CAPPED})


def as_answer(reservation: Reservation, now: datetime) -> ReservationAnswer:
    return ReservationAnswer.model_validate(
        {
            "state": reservation.shown_state(now),
            "year": reservation.year,
            "amounts": reserved(reservation.amounts),
            "made_at": reservation.made_at.astimezone(SHANGHAI),
            "expires_at": reservation.expires_at.astimezone(SHANGHAI),
        }
    )
