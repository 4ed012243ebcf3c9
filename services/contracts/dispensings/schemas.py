"""HTTP shapes of dispensings."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from shared.money import Fen, Money


class Drug(BaseModel):
    """A drug that was handed out."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    quantity: Annotated[str, StringConstraints(max_length=32)] | None = None
    amount: Money | None = None


class DispensingRequest(BaseModel):
    """Drugs of one of the four chronic diseases."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "person_id": "01890a5d-ac96-774b-bcce-b302099a8058",
                "disease": "hypertension",
                "dispensed_on": "2018-05-04",
                "total": "1500.00",
                "insurance_paid": "300.00",
                "days": 90,
                "drugs": [{"name": "氨氯地平", "quantity": "90片", "amount": "1500.00"}],
            }
        },
    )

    person_id: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    disease: Annotated[str, StringConstraints(max_length=32)]
    """hypertension, type2_diabetes, tuberculosis or severe_mental_disorder."""
    dispensed_on: date
    facility_code: Annotated[str, StringConstraints(max_length=32)] | None = None
    """Who handed them out; default the team."""
    total: Money
    insurance_paid: Money = Field(default_factory=lambda: Fen(0))
    """What basic insurance paid of it."""
    days: Annotated[int, Field(ge=1, le=366)] | None = None
    """For how long they last; from eight days on the team is reminded when they run out (KZ-12)."""
    drugs: Annotated[list[Drug], Field(max_length=50)] = []


WithdrawalReason = Literal["entered_in_error", "not_collected", "returned"]


class WithdrawalRequest(BaseModel):
    """Why drugs that were recorded were not handed out after all."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"reason": "not_collected"}}
    )

    reason: WithdrawalReason


class DispensingAnswer(BaseModel):
    """Who pays what; the amounts add up to the total."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "dispensing_id": "01890a5d-ac96-774b-bcce-b302099a8064",
                "person_id": "01890a5d-ac96-774b-bcce-b302099a8058",
                "disease": "hypertension",
                "dispensed_on": "2018-05-04",
                "facility_code": "H51111300202",
                "team": "H51111300202",
                "total": "1500.00",
                "insurance_paid": "300.00",
                "fund_pays": "1000.00",
                "fund_pays_told": "1000.00",
                "patient_pays": "200.00",
                "status": "told",
                "withdrawn_reason": None,
                "fund_left_this_year": "0.00",
                "unpaid_reason": None,
                "cap_assumed": False,
                "days": 90,
                "next_due_on": "2018-08-02",
            }
        }
    )

    dispensing_id: str
    person_id: str
    disease: str
    dispensed_on: date
    facility_code: str
    team: str
    total: Money
    insurance_paid: Money
    fund_pays: Money
    fund_pays_told: Money
    """What the window was told; more than ``fund_pays`` when a settled visit had used the cap."""
    patient_pays: Money
    status: str
    """``told``, then ``settled`` by claims; ``withdrawn``: nothing is paid."""
    withdrawn_reason: str | None
    fund_left_this_year: Money
    unpaid_reason: str | None
    """``no_category``: the person had none in force that day; the fund pays nothing."""
    cap_assumed: bool
    """The region's pack names no cap; XB-25's is taken."""
    days: int | None
    next_due_on: date | None
    """The day from which the person is without drugs of this disease, unless he comes (KZ-12);
    None: it is not known, or the supply is too short to be reminded of."""
    entered_late: bool = False
    """Later than the region's document allows (XB-29); kept and paid all the same."""
