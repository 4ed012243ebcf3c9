"""HTTP shapes of check-ups."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from shared.money import Money

_EXAMPLE: dict[str, Any] = {
    "check_up_id": "01890a5d-ac96-774b-bcce-b302099a8063",
    "person_id": "01890a5d-ac96-774b-bcce-b302099a8058",
    "year": 2018,
    "performed_on": "2018-05-04",
    "team": "H51111300202",
    "paid": True,
    "amount": "150.00",
    "unpaid_reason": None,
    "items": ["physical", "blood_count"],
    "missing_items": ["urine"],
    "price_assumed": False,
}


class CheckUpRequest(BaseModel):
    """A health check that was done."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "person_id": "01890a5d-ac96-774b-bcce-b302099a8058",
                "performed_on": "2018-05-04",
                "items": ["physical", "blood_count"],
                "measurements": {"sbp": 132, "dbp": 86},
            }
        },
    )

    person_id: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    performed_on: date
    items: Annotated[
        list[Annotated[str, StringConstraints(max_length=32)]], Field(max_length=40)
    ] = []
    """What was done, by the codes of ``GET /check-up-content``."""
    measurements: Annotated[dict[str, Any], Field(max_length=40)] | None = None
    """Of ``sbp``, ``dbp`` (mmHg), ``fasting_glucose`` (mmol/L), ``bmi``; who is at risk by them is
    taken into the programme of those at risk."""
    confirmed: Annotated[list[str], Field(max_length=40)] = []
    """Measurements whose unlikely value was looked at again and is right."""


class CheckUpAnswer(BaseModel):
    """The check-up as kept, and whether it is paid."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    check_up_id: str
    person_id: str
    year: int
    performed_on: date
    team: str
    paid: bool
    amount: Money
    """``0.00`` when it is not paid."""
    unpaid_reason: str | None
    """``paid_this_year``: another one of the year is; ``no_category``: none was in force that day."""
    items: list[str]
    missing_items: list[str]
    """Of the content list, what was not done."""
    price_assumed: bool
    """The region's pack names no price; XB-23's is taken."""
    entered_late: bool = False
    """Later than the region's document allows (XB-29); kept and paid all the same."""


class ContentItem(BaseModel):
    """One item of the check-up's content."""

    code: str
    name_zh: str
    name: str


class ContentList(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "items": [{"code": "ecg", "name_zh": "心电图", "name": "ECG"}],
                "next_cursor": None,
            }
        }
    )

    items: list[ContentItem]
    next_cursor: str | None = None
