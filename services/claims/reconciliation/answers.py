"""HTTP shapes of reconciliation that are given back."""

from __future__ import annotations

from datetime import date as day_type
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from services.claims.reconciliation.domain import Basis, Kind
from shared.money import Money


class PartAnswer(BaseModel):
    """A payer, `patient` or `total` on both sides (CNY)."""

    part: str
    here: Money
    there: Money | None
    """Null: the hospital did not tell it."""
    difference: Money | None
    """What the hospital has more."""


_DIFFERENCE: dict[str, Any] = {
    "difference_id": "01890a5d-ac96-774b-bcce-b302099a8091",
    "facility_code": "H51111300101",
    "date": "2016-03-08",
    "kind": "amount_differs",
    "kind_zh": "金额不符",
    "visit_no": "ZY2016030001",
    "settlement_id": "01890a5d-ac96-774b-bcce-b302099a8062",
    "record": 0,
    "our_date": None,
    "difference": "61.00",
    "parts": [
        {"part": "total", "here": "5000.00", "there": "5061.00", "difference": "61.00"},
        {"part": "patient", "here": "991.27", "there": "1052.27", "difference": "61.00"},
    ],
    "message": "the amounts differ: total +61.00, patient +61.00",
    "message_zh": "金额不符：合计多 61.00 元，个人支付多 61.00 元",
    "status": "open",
    "opened_at": "2016-03-09T09:00:00+08:00",
    "age_days": 0,
    "closed_at": None,
    "closed_by": None,
    "reason": None,
}


class DifferenceAnswer(BaseModel):
    """One thing on which the two books do not agree, and what became of it."""

    model_config = ConfigDict(json_schema_extra={"example": _DIFFERENCE})

    difference_id: str
    facility_code: str
    date: day_type
    kind: Kind
    kind_zh: str
    visit_no: str | None
    settlement_id: str | None
    record: int | None
    """The record's place in what was sent, from 0; null where the hospital has none."""
    our_date: day_type | None
    """Of `other_day`: the day on which it stands in our book."""
    difference: Money
    """What the hospital's total has more than ours."""
    parts: list[PartAnswer]
    message: str
    message_zh: str
    status: Literal["open", "resolved", "cleared"]
    opened_at: datetime
    age_days: int
    closed_at: datetime | None
    closed_by: str | None
    reason: str | None


class WantedAnswer(BaseModel):
    payer: str
    from_hour: int
    to_hour: int


class SuspectAnswer(WantedAnswer):
    """Hours and a payer in which the sums differ."""

    here: Money
    there: Money
    difference: Money
    candidates: list[str]
    """Settlements of these hours whose amount is just the difference."""


class NextAnswer(BaseModel):
    """What to send next to find the difference."""

    subtotals: list[WantedAnswer]
    records: list[WantedAnswer]
    """The records of these hours (as `window`) say it."""
    suspects: list[SuspectAnswer]


_RECONCILIATION: dict[str, Any] = {
    "reconciliation_id": "01890a5d-ac96-774b-bcce-b302099a8090",
    "facility_code": "H51111300101",
    "date": "2016-03-08",
    "date_basis": "booked_on",
    "scope": "records",
    "status": "differs",
    "records": 1,
    "settlements": 1,
    "matched": 1,
    "difference": "61.00",
    "explained": "61.00",
    "totals": [{"part": "total", "here": "5000.00", "there": "5061.00", "difference": "61.00"}],
    "next": None,
    "made_at": "2016-03-09T09:00:00+08:00",
    "made_by": "hospital",
}


class SummaryAnswer(BaseModel):
    """A reconciliation without its differences."""

    reconciliation_id: str
    facility_code: str
    date: day_type
    date_basis: Basis
    scope: Literal["totals", "window", "records"]
    status: Literal["balanced", "differs"]
    """`differs` when it found something that nobody has explained."""
    records: int
    settlements: int
    """Ours of the day, reversals counted."""
    matched: int
    difference: Money
    """What the hospital's total of the day has more than ours."""
    explained: Money
    """What the differences found come to."""
    totals: list[PartAnswer]
    next: NextAnswer | None
    """Only of totals without records."""
    made_at: datetime
    made_by: str


class ReconciliationAnswer(SummaryAnswer):
    """The differences found, to the record."""

    model_config = ConfigDict(
        json_schema_extra={"example": _RECONCILIATION | {"differences": [_DIFFERENCE]}}
    )

    differences: list[DifferenceAnswer]


class ReconciliationPage(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"example": {"items": [_RECONCILIATION], "next_cursor": None}}
    )

    items: list[SummaryAnswer]
    next_cursor: str | None


class DifferencePage(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"example": {"items": [_DIFFERENCE], "next_cursor": None}}
    )

    items: list[DifferenceAnswer]
    next_cursor: str | None
