"""HTTP shapes of the funds."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from services.claims.funds.domain import MovementKind
from shared.money import MAX_FEN, Fen, Money

Document = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=2, max_length=200),
    Field(description="The document that decides it, by its number."),
]
Year = Annotated[int, Field(ge=2000, le=2100, description="The budget year.")]


def positive(amount: Fen) -> Fen:
    if not 0 < amount <= MAX_FEN:
        raise ValueError("write an amount above 0.00 and not above 100000000000.00")
    return amount


Amount = Annotated[Money, AfterValidator(positive)]

_FUND: dict[str, Any] = {
    "fund": "special_fund",
    "name_zh": "专项救治基金",
    "name_en": "Special fund",
    "holder_zh": "县财政专户",
    "holder_en": "Treasury account of the county",
    "citation": "XB-53, XB-54",
    "closed": True,
    "sources": ["basic_insurance"],
    "uses": ["severe_illness", "contract_fee", "check_up", "chronic_drugs"],
    "as_of": "2018-06-30",
    "balance": "1000000.00",
    "owed": "120000.00",
    "free": "880000.00",
    "received_this_year": "1000000.00",
    "given_this_year": "0.00",
    "pace": "1500.00",
    "runs_out_on": "2020-02-06",
    "warning": False,
}
_MOVEMENT: dict[str, Any] = {
    "movement_id": "01a21a02-8d32-70ca-8d30-8050ba4ca5b2",
    "fund": "special_fund",
    "kind": "opening",
    "source": "basic_insurance",
    "source_zh": "基本医疗保险",
    "from_fund": None,
    "amount": "1000000.00",
    "year": 2018,
    "document": "新政办发〔2018〕50号",
    "booked_on": "2018-07-10",
    "made_at": "2018-07-10T09:00:00+08:00",
    "made_by": "operator",
}


class OpeningRequest(BaseModel):
    """What the fund held when its book began."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "amount": "500000.00",
                "year": 2018,
                "document": "新宾满族自治县2018年度决算",
                "booked_on": "2018-01-01",
            }
        },
    )

    amount: Amount
    year: Year
    document: Document
    booked_on: date


class AppropriationRequest(OpeningRequest):
    """Money from one of the fund's sources."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "source": "poverty_office",
                "amount": "200000.00",
                "year": 2018,
                "document": "新扶办发〔2018〕12号",
                "booked_on": "2018-02-01",
            }
        },
    )

    source: Annotated[str, StringConstraints(max_length=40)]


class TransferRequest(OpeningRequest):
    """Money from another fund."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "from_fund": "basic_insurance",
                "amount": "1000000.00",
                "year": 2018,
                "document": "新卫计发〔2018〕5号",
                "booked_on": "2018-01-15",
            }
        },
    )

    from_fund: Annotated[str, StringConstraints(max_length=40)]


class MovementAnswer(BaseModel):
    """Money that came into a fund."""

    model_config = ConfigDict(json_schema_extra={"example": _MOVEMENT})

    movement_id: str
    fund: str
    kind: MovementKind
    source: str
    source_zh: str
    from_fund: str | None
    amount: Money
    year: int
    document: str
    booked_on: date
    made_at: datetime
    made_by: str


class MovementPage(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"example": {"items": [_MOVEMENT], "next_cursor": None}}
    )

    items: list[MovementAnswer]
    next_cursor: str | None


class FundAnswer(BaseModel):
    """A fund on a day, and the rules that it is under."""

    model_config = ConfigDict(json_schema_extra={"example": _FUND})

    fund: str
    name_zh: str
    name_en: str
    holder_zh: str
    holder_en: str
    citation: str
    closed: bool
    """Never negative, with sources and uses of its own."""
    sources: list[str]
    uses: list[str]
    as_of: date
    balance: Money
    owed: Money
    free: Money
    received_this_year: Money
    """Since the year of the day began, an opening balance included."""
    given_this_year: Money
    """Paid, or transferred to another fund."""
    pace: Money
    """What bills cost it per day, over the ninety days before."""
    runs_out_on: date | None
    warning: bool


class FundList(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": {"items": [_FUND]}})

    items: list[FundAnswer]
