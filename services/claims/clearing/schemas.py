"""HTTP shapes of clearing."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from services.claims.clearing.domain import PaymentKind, Status, StepName
from services.claims.funds.schemas import positive
from shared.money import Money
from shared.security.free_text import PLAIN

Code = Annotated[str, StringConstraints(min_length=1, max_length=40)]
Reference = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=64),
    Field(description="The bank's number of the transfer; the same one never pays twice."),
]


class CreateRequest(BaseModel):
    """Which month is to be cleared, for one facility or fund or for all."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"period": "2018-03", "deposit_ratio": "0.05"}},
    )

    period: Annotated[str, StringConstraints(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$")]
    fund: Code | None = None
    facility_code: Code | None = None
    deposit_ratio: (
        Annotated[
            Decimal,
            Field(
                ge=0,
                le=Decimal("0.3"),
                decimal_places=4,
                description="Held back as an assurance deposit; the service's setting when left out.",
            ),
        ]
        | None
    ) = None


class NoteRequest(BaseModel):
    """A word on the step."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"note": "已核对"}})

    note: Annotated[str, StringConstraints(max_length=200), PLAIN] | None = None


class CancelRequest(BaseModel):
    """Why the run is given up; what it collected is free again."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"reason": "期间有误"}})

    reason: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), PLAIN
    ]


class PaidPart(BaseModel):
    """What was paid of a part."""

    model_config = ConfigDict(extra="forbid")

    facility_code: Code
    fund: Code
    use: Code | None = None
    amount: Annotated[Money, AfterValidator(positive)]


class PaidRequest(BaseModel):
    """What the bank has paid; without `payments`, all that is open."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "paid_on": "2018-04-10",
                "reference": "20180410-0017",
                "payments": [
                    {"facility_code": "H21042200101", "fund": "medical_aid", "amount": "663.83"}
                ],
            }
        },
    )

    paid_on: date | None = None
    reference: Reference | None = None
    payments: Annotated[list[PaidPart], Field(min_length=1, max_length=1_000)] | None = None


class ReleaseRequest(BaseModel):
    """When and with which transfer the deposits were paid out."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"paid_on": "2019-01-15", "reference": "20190115-0002"}},
    )

    paid_on: date | None = None
    reference: Reference | None = None


class StepAnswer(BaseModel):
    step: StepName
    done_at: datetime
    done_by: str
    note: str | None


class PartAnswer(BaseModel):
    """What the run owes a facility from a fund; ``amount`` = held + paid + open."""

    facility_code: str
    fund: str
    fund_zh: str
    use: str
    use_zh: str
    amount: Money
    held: Money
    paid: Money
    released: Money
    open: Money


_PART = {
    "facility_code": "H51111300101",
    "fund": "medical_aid",
    "fund_zh": "医疗救助资金",
    "use": "benefits",
    "use_zh": "待遇支付",
    "amount": "663.83",
    "held": "0.00",
    "paid": "0.00",
    "released": "0.00",
    "open": "663.83",
}
_RUN: dict[str, Any] = {
    "run_id": "01890a5d-ac96-774b-bcce-b302099a8061",
    "period": "2016-03",
    "fund": None,
    "facility_code": None,
    "status": "draft",
    "must_be_reviewed": False,
    "deposit_ratio": "0.0000",
    "amount": "663.83",
    "held": "0.00",
    "paid": "0.00",
    "open": "663.83",
    "parts": [_PART],
    "steps": [
        {
            "step": "create",
            "done_at": "2016-04-01T09:00:00+08:00",
            "done_by": "hospital",
            "note": None,
        }
    ],
}


class RunAnswer(BaseModel):
    """A clearing run."""

    model_config = ConfigDict(json_schema_extra={"example": _RUN})

    run_id: str
    period: str
    fund: str | None
    facility_code: str | None
    status: Status
    must_be_reviewed: bool
    """XB-28: waivers stand in it."""
    deposit_ratio: Decimal
    amount: Money
    held: Money
    paid: Money
    open: Money
    parts: list[PartAnswer]
    steps: list[StepAnswer]


class RunPage(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": {"items": [_RUN], "next_cursor": None}})

    items: list[RunAnswer]
    next_cursor: str | None


_ITEM: dict[str, Any] = {
    "settlement_id": "01a21a02-8d32-70ca-8d30-8050ba4ca5b2",
    "visit_no": "ZY20180308017",
    "kind": "settlement",
    "discharged_on": "2018-03-08",
    "facility_code": "H21042200101",
    "fund": "medical_aid",
    "use": "benefits",
    "amount": "663.83",
}
_PAYMENT: dict[str, Any] = {
    "payment_id": "01a21a02-8d32-70ca-8d30-8050ba4ca5b3",
    "kind": "payment",
    "reference": "20180410-0017",
    "facility_code": "H21042200101",
    "fund": "medical_aid",
    "use": "benefits",
    "amount": "663.83",
    "paid_on": "2018-04-10",
    "made_by": "insurer",
}


class ItemAnswer(BaseModel):
    """A settlement's part of a fund in the run; negative of a reversal."""

    settlement_id: str
    visit_no: str
    kind: str
    discharged_on: date
    facility_code: str
    fund: str
    use: str
    amount: Money


class ItemPage(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"example": {"items": [_ITEM], "next_cursor": None}}
    )

    items: list[ItemAnswer]
    next_cursor: str | None


class PaymentAnswer(BaseModel):
    """A payment of the run, or a released deposit."""

    payment_id: str
    kind: PaymentKind
    reference: str
    facility_code: str
    fund: str
    use: str
    amount: Money
    paid_on: date
    made_by: str


class PaymentList(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": {"items": [_PAYMENT]}})

    items: list[PaymentAnswer]


_FEE: dict[str, Any] = {
    "statement_id": "01890a5d-ac96-774b-bcce-b302099a8090",
    "facility_code": "H51111300202",
    "period": "2018-03",
    "use": "contract_fee",
    "count": 125,
    "amount": "1000.00",
    "booked_on": "2018-04-02",
}


class FeeAnswer(BaseModel):
    """One use of a team's fee statement."""

    statement_id: str
    """As contracts gave it."""
    facility_code: str
    period: str
    """The month of the work."""
    use: str
    count: int
    amount: Money
    booked_on: date


class FeeList(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": {"items": [_FEE]}})

    items: list[FeeAnswer]
