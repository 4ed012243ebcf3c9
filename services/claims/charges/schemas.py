"""HTTP shapes of bill lines and of charge batches."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from services.claims.settlement.bill import CATALOGUE_CLASSES, LINE_KINDS
from shared.money import Money

LINE_EXAMPLE: dict[str, Any] = {
    "line_no": 1,
    "item_code": "XA01",
    "name": "头孢呋辛钠注射剂",
    "kind": "drug",
    "catalogue_class": "A",
    "amount": "3000.00",
    "quantity": "20",
    "unit_price": "150.00",
    "occurred_on": "2016-03-02",
}
BILL_EXAMPLE: list[Any] = [
    LINE_EXAMPLE,
    {
        "line_no": 2,
        "name": "乙类药品",
        "kind": "drug",
        "catalogue_class": "B",
        "amount": "1000.00",
    },
    {
        "line_no": 3,
        "name": "植入耗材",
        "kind": "implant",
        "catalogue_class": "A",
        "amount": "500.00",
        "self_first_ratio": "0.18",
    },
    {
        "line_no": 4,
        "name": "目录外材料",
        "kind": "material",
        "catalogue_class": "C",
        "amount": "500.00",
    },
]


def _not_binary_float(value: Any) -> Any:
    """A JSON number with decimals is read through its shortest text; a bool is no number."""
    if isinstance(value, bool):
        raise ValueError('write a number as a string, such as "0.18"')  # noqa: TRY004
    return value


Exact = Annotated[
    Decimal,
    BeforeValidator(_not_binary_float),
    Field(max_digits=18, decimal_places=6),
]
LineNo = (
    Annotated[int, Field(ge=0, lt=10**9, strict=True)]
    | Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z._-]{1,32}$")]
)
BatchNo = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z][0-9A-Za-z._-]{0,63}$")]


class LineRequest(BaseModel):
    """One line of a bill (api.md, "line"). Money in CNY, ratios as decimal strings."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": LINE_EXAMPLE})

    line_no: LineNo
    item_code: Annotated[str, StringConstraints(max_length=64)] | None = None
    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    kind: Annotated[str, Field(max_length=32, json_schema_extra={"enum": sorted(LINE_KINDS)})]
    catalogue_class: Annotated[
        str, Field(max_length=8, json_schema_extra={"enum": sorted(CATALOGUE_CLASSES)})
    ]
    amount: Money
    quantity: Exact | None = None
    unit_price: Exact | None = None
    price_limit: Money | None = None
    self_first_ratio: Exact | None = None
    occurred_on: date | None = None


class ChargesRequest(BaseModel):
    """A batch of lines; its number is the hospital's, and makes a repetition harmless."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"batch_no": "B1", "lines": BILL_EXAMPLE}},
    )

    batch_no: BatchNo
    lines: list[LineRequest]


class BatchAnswer(BaseModel):
    """A batch as kept."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "encounter_id": "01890a5d-ac96-774b-bcce-b302099a8057",
                "batch_no": "B1",
                "lines": 4,
                "amount": "5000.00",
                "received_at": "2016-03-07T18:00:00+08:00",
            }
        }
    )

    encounter_id: str
    batch_no: str
    lines: int
    amount: Money
    received_at: datetime
