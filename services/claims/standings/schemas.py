"""HTTP shape of a person's year."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from services.claims.reservations.schemas import RESERVED_EXAMPLE, Reserved
from shared.money import Fen, Money


def _nothing() -> Fen:
    return Fen(0)


class YearToDate(BaseModel):
    """The year's accumulators (CNY); a missing one is 0.00."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"basic_paid": "3344.90"}}
    )

    critical_illness_burden: Money = Field(default_factory=_nothing)
    critical_illness_paid: Money = Field(default_factory=_nothing)
    basic_paid: Money = Field(default_factory=_nothing)
    medical_aid_paid: Money = Field(default_factory=_nothing)
    outpatient_base_used: Money = Field(default_factory=_nothing)
    chronic_drug_fund_paid: Money = Field(default_factory=_nothing)
    special_fund_paid: Money = Field(default_factory=_nothing)


class StandingAnswer(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "person_id": "01890a5d-ac96-774b-bcce-b302099a8058",
                "year": 2016,
                "pooling_area": "511100",
                "year_to_date": {
                    "critical_illness_burden": "885.10",
                    "critical_illness_paid": "0.00",
                    "basic_paid": "3344.90",
                    "medical_aid_paid": "663.83",
                    "outpatient_base_used": "0.00",
                    "chronic_drug_fund_paid": "0.00",
                    "special_fund_paid": "0.00",
                },
                "reserved": RESERVED_EXAMPLE,
            }
        }
    )

    person_id: str
    """Of a person who was merged into another, the kept one: the year is his."""
    year: int
    pooling_area: str
    year_to_date: YearToDate
    reserved: Reserved
    """Room under the caps that the person's open visits without deposit keep beside it; what
    other bills find is the cap less both."""
