"""HTTP shapes of reconciliation that hospitals and clerks send. Those they get: ``answers``."""

from __future__ import annotations

import re
from datetime import date as day_type
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from services.claims.ledger.domain import FUND_NAMES
from services.claims.reconciliation.domain import PATIENT, TOTAL, Basis
from services.claims.reconciliation.narrowing import HOURS
from shared.money import MAX_FEN, Fen, Money, fen_from_text
from shared.security.free_text import PLAIN

MOST_RECORDS: Final = 20_000
PAYERS: Final = frozenset(FUND_NAMES) - {"fiscal_subsidy"} | {"hospital"}
_FIGURE: Final = re.compile(r"-?(0|[1-9][0-9]{0,11})(\.[0-9]{1,4})?")
_TEN_THOUSANDS: Final = 10_000

Code = Annotated[str, StringConstraints(min_length=1, max_length=32, pattern=r"^[0-9A-Za-z_-]+$")]
VisitNo = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z][0-9A-Za-z._/-]{0,63}$")]
Reason = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), PLAIN
]


def _bounded(amount: Fen) -> Fen:
    if abs(amount) > MAX_FEN:
        raise ValueError("write an amount of at most 100000000000.00")
    return amount


def _figure(text: str) -> str:
    if not _FIGURE.fullmatch(text):
        raise ValueError('write a figure such as "1234.56", or with four decimals in 10,000 CNY')
    return text


def _as_map(value: Any) -> Any:
    """Payers as ``[{payer, amount}]``, as a breakdown has them, or as ``{payer: amount}``."""
    if not isinstance(value, list):
        return value
    found: dict[str, Any] = {}
    for one in value:
        if not isinstance(one, dict) or not isinstance(one.get("payer"), str):
            raise ValueError("write each payer as {payer, amount}")  # noqa: TRY004 - pydantic's
        if one["payer"] in found:
            raise ValueError("name each payer once")
        found[one["payer"]] = one.get("amount")
    return found


def _known(payers: dict[str, Any]) -> dict[str, Any]:
    if unknown := payers.keys() - PAYERS - {PATIENT}:
        del unknown
        raise ValueError(f"payers are: {', '.join(sorted(PAYERS))}, and {PATIENT}")
    return payers


def _part(name: str) -> str:
    if name not in PAYERS | {TOTAL, PATIENT}:
        raise ValueError(f"write one of: total, patient, {', '.join(sorted(PAYERS))}")
    return name


Amount = Annotated[Money, AfterValidator(_bounded)]
Figure = Annotated[str, AfterValidator(_figure)]
Payers = Annotated[dict[str, Amount], BeforeValidator(_as_map), AfterValidator(_known)]
PayerFigures = Annotated[dict[str, Figure], BeforeValidator(_as_map), AfterValidator(_known)]


class RecordRequest(BaseModel):
    """One settlement or reversal as the hospital has it.

    A breakdown may be sent as it came; fields that are not named here are ignored.
    """

    model_config = ConfigDict(extra="ignore")

    settlement_id: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None
    encounter_id: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None
    visit_no: VisitNo | None = None
    kind: Literal["settlement", "reversal"] | None = None
    """A reversal's amounts are negative; positive ones of a ``reversal`` are read as negative."""
    status: Annotated[str, StringConstraints(max_length=32)] | None = None
    """``reversed``: the hospital's book has it as undone."""
    total: Amount | None = None
    patient_pays: Amount | None = None
    payers: Payers | None = None

    @model_validator(mode="after")
    def _named(self) -> Self:
        if not (self.settlement_id or self.encounter_id or self.visit_no):
            raise ValueError("name the settlement_id, the encounter_id or the visit_no")
        return self

    @property
    def is_reversal(self) -> bool:
        negative = self.total is not None and self.total < 0
        return self.kind == "reversal" or self.status == "reversal" or negative

    def amounts(self) -> dict[str, int]:
        found = parts_of(self.total, self.patient_pays, self.payers)
        positive = sum(found.values()) > 0
        return (
            {part: -fen for part, fen in found.items()} if self.is_reversal and positive else found
        )


class TotalsRequest(BaseModel):
    """The hospital's sums of the day; a part that is absent is not compared."""

    model_config = ConfigDict(extra="ignore")

    unit: Literal["CNY", "CNY_10000"] = "CNY"
    """``CNY_10000`` (万元): with up to four decimals, and a tolerance of 1 CNY (JK-36)."""
    total: Figure | None = None
    patient_pays: Figure | None = None
    payers: PayerFigures | None = None

    def amounts(self) -> dict[str, int]:
        """In fen.

        Raises:
            ValueError: more decimals than the unit has.
        """
        payers = self.payers
        return parts_of(
            self._fen(self.total),
            self._fen(self.patient_pays),
            None
            if payers is None
            else {name: self._fen(text) or 0 for name, text in payers.items()},
        )

    def _fen(self, text: str | None) -> int | None:
        if text is None:
            return None
        if self.unit == "CNY":
            return fen_from_text(text)
        return int(Decimal(text) * 100 * _TEN_THOUSANDS)

    @model_validator(mode="after")
    def _decimals(self) -> Self:
        self.amounts()
        return self


class WindowRequest(BaseModel):
    """Full hours of the day in which the bills were settled."""

    model_config = ConfigDict(extra="forbid")

    from_hour: Annotated[int, Field(ge=0, lt=HOURS)]
    to_hour: Annotated[int, Field(gt=0, le=HOURS)]

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.from_hour >= self.to_hour:
            raise ValueError("to_hour is after from_hour")
        return self


class SubtotalRequest(WindowRequest):
    """The hospital's sum of a payer (or `total`, `patient`) over some hours."""

    payer: Annotated[str, AfterValidator(_part)] = TOTAL
    amount: Amount


class ReconcileRequest(BaseModel):
    """A hospital's day: sums, or records, or both."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "facility_code": "H51111300101",
                "date": "2016-03-08",
                "totals": {
                    "total": "5061.00",
                    "payers": {"basic_insurance": "3344.90", "medical_aid": "663.83"},
                    "patient_pays": "1052.27",
                },
                "records": [
                    {
                        "visit_no": "ZY2016030001",
                        "total": "5061.00",
                        "patient_pays": "1052.27",
                        "payers": {"basic_insurance": "3344.90", "medical_aid": "663.83"},
                    }
                ],
            }
        },
    )

    facility_code: Code
    date: day_type
    date_basis: Basis | None = None
    """Whether the hospital's day goes by the visit's last day (as our ledger does) or by the day of
    settling; the one that fits more of the records when left out."""
    totals: TotalsRequest | None = None
    records: Annotated[list[RecordRequest], Field(max_length=MOST_RECORDS)] | None = None
    window: WindowRequest | None = None
    """When the records are of these hours only."""
    subtotals: Annotated[list[SubtotalRequest], Field(max_length=500)] = []
    """Sums that an earlier answer asked for."""

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.records is None and self.totals is None:
            raise ValueError("send totals, records or both")
        if self.subtotals and self.totals is None:
            raise ValueError("send the totals of the day beside the subtotals")
        return self


def parts_of(
    total: int | None, patient: int | None, payers: dict[str, Any] | None
) -> dict[str, int]:
    """Amounts by part, only what was told."""
    found: dict[str, int] = {}
    if total is not None:
        found[TOTAL] = int(total)
    if patient is not None:
        found[PATIENT] = int(patient)
    for payer, fen in (payers or {}).items():
        found[payer] = int(fen)
    return found


def as_uuid(text: str | None) -> UUID | None:
    """An id of ours; a hospital's own number is none."""
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


class ResolveRequest(BaseModel):
    """Why the difference needs no more looking after; without names or numbers of persons."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"reason": "医院重复上传，已撤销"}}
    )

    reason: Reason
