"""HTTP shapes of the DRG pilot."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.claims.drg.domain import Pilot, Priced, case_mix
from services.claims.funds.schemas import Amount, Document
from services.claims.settlement.bill import LEVELS
from shared.ids import new_id
from shared.money import Fen, Money

Code = Annotated[str, StringConstraints(min_length=1, max_length=32)]
Group = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9]{3,7}$")]
Weight = Annotated[Decimal, Field(gt=0, le=100, decimal_places=4)]
Coefficient = Annotated[Decimal, Field(gt=0, le=10, decimal_places=4)]
Times = Annotated[Decimal, Field(gt=1, le=100, decimal_places=4)]
Share = Annotated[Decimal, Field(ge=0, le=1, decimal_places=4)]
Level = Annotated[str, Field(max_length=16, json_schema_extra={"enum": sorted(LEVELS)})]
_HIGH = {"tertiary": Decimal(3), "secondary": Decimal(2), "primary": Decimal(2)}
_PILOT: dict[str, Any] = {
    "facilities": ["H51111300101"],
    "weights": {"ES15": "0.85"},
    "rate": "9800.00",
    "coefficients": {"H51111300101": "1.0"},
    "high_ratios": {"tertiary": "3", "secondary": "2"},
    "high_share": "0.05",
    "low_ratio": "0.30",
    "valid_from": "2016-01-01",
    "document": "医保〔2016〕12号",
}


class PilotRequest(BaseModel):
    """The pilot's hospitals and prices, from a day on."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": _PILOT})

    facilities: Annotated[list[Code], Field(min_length=1, max_length=100)]
    weights: Annotated[dict[Group, Weight], Field(min_length=1, max_length=2_000)]
    """The groups' relative weights."""
    rate: Amount
    coefficients: Annotated[dict[Code, Coefficient], Field(max_length=100)] = {}
    high_ratios: Annotated[dict[Level, Times], Field(max_length=len(LEVELS))] = _HIGH
    high_share: Share = Decimal("0.05")
    low_ratio: Share = Decimal("0.30")
    valid_from: date
    document: Document

    def pilot(self, region: str) -> Pilot:
        return Pilot(
            new_id(),
            region,
            self.valid_from,
            self.document,
            tuple(sorted(set(self.facilities))),
            self.weights,
            int(self.rate),
            self.coefficients,
            self.high_ratios,
            self.high_share,
            self.low_ratio,
        )


_PILOT_ANSWER = _PILOT | {"pilot_id": "01890a5d-ac96-774b-bcce-b302099a8057"}


class PilotAnswer(BaseModel):
    model_config = ConfigDict(json_schema_extra={"example": _PILOT_ANSWER})

    pilot_id: str
    facilities: list[str]
    weights: dict[str, Decimal]
    rate: Money
    coefficients: dict[str, Decimal]
    high_ratios: dict[str, Decimal]
    high_share: Decimal
    low_ratio: Decimal
    valid_from: date
    document: str

    @classmethod
    def of(cls, pilot: Pilot) -> Self:
        return cls(
            pilot_id=str(pilot.id),
            facilities=list(pilot.facilities),
            weights=dict(pilot.weights),
            rate=Fen(pilot.rate_fen),
            coefficients=dict(pilot.coefficients),
            high_ratios=dict(pilot.high_ratios),
            high_share=pilot.high_share,
            low_ratio=pilot.low_ratio,
            valid_from=pilot.valid_from,
            document=pilot.document,
        )


class PilotList(BaseModel):
    """Pilots, the newest first."""

    model_config = ConfigDict(json_schema_extra={"example": {"items": [_PILOT_ANSWER]}})

    items: list[PilotAnswer]


class CaseRequest(BaseModel):
    """The group that the hospital found for a settled stay."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "settlement_id": "01890a5d-ac96-774b-bcce-b302099a8062",
                "group_code": "ES15",
            }
        },
    )

    settlement_id: Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F-]{36}$")]
    group_code: Group


_CASE: dict[str, Any] = {
    "settlement_id": "01890a5d-ac96-774b-bcce-b302099a8062",
    "facility_code": "H51111300101",
    "group_code": "ES15",
    "weight": "0.85",
    "standard": "8330.00",
    "cost": "9000.00",
    "before_insurance": "800.00",
    "ratio": "0.75",
    "outlier": "standard",
    "paid_by": "group",
    "fund_by_group": "5647.50",
    "fund_by_item": "6150.00",
    "fund_pays": "5647.50",
    "difference": "-502.50",
}


class CaseAnswer(BaseModel):
    """A case's price by its group, beside what its items came to."""

    model_config = ConfigDict(json_schema_extra={"example": _CASE})

    settlement_id: str
    facility_code: str
    group_code: str
    weight: Decimal
    standard: Money
    cost: Money
    before_insurance: Money
    """What the patient pays before insurance: self-paid, self-first and the deductible."""
    ratio: Decimal
    outlier: str
    """`standard`, `high` or `low`."""
    paid_by: str
    fund_by_group: Money
    fund_by_item: Money
    fund_pays: Money
    difference: Money
    """What the hospital keeps, or, negative, bears; the patient pays by actual cost."""

    @classmethod
    def of(cls, priced: Priced) -> Self:
        case = priced.case
        return cls(
            settlement_id=str(case.settlement_id),
            facility_code=case.facility_code,
            group_code=case.group,
            weight=case.weight,
            standard=Fen(case.standard_fen),
            cost=Fen(case.cost_fen),
            before_insurance=Fen(case.before_insurance_fen),
            ratio=case.ratio,
            outlier=case.kind,
            paid_by=priced.paid_by,
            fund_by_group=Fen(case.by_group_fen),
            fund_by_item=Fen(case.by_item_fen),
            fund_pays=Fen(priced.fund_fen),
            difference=Fen(priced.difference_fen),
        )


class CaseList(BaseModel):
    """The newest pilot's cases, and what they come to."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "items": [_CASE],
                "cases": 1,
                "case_mix_index": "0.85",
                "high_outliers": 0,
                "low_outliers": 0,
                "fund_by_item": "6150.00",
                "fund_pays": "5647.50",
                "difference": "-502.50",
            }
        }
    )

    items: list[CaseAnswer]
    cases: int
    case_mix_index: Decimal | None
    high_outliers: int
    low_outliers: int
    fund_by_item: Money
    fund_pays: Money
    difference: Money

    @classmethod
    def of(cls, priced: list[Priced], shown: int) -> Self:
        cases = [each.case for each in priced]
        return cls(
            items=[CaseAnswer.of(each) for each in priced[:shown]],
            cases=len(cases),
            case_mix_index=case_mix(cases),
            high_outliers=sum(case.kind == "high" for case in cases),
            low_outliers=sum(case.kind == "low" for case in cases),
            fund_by_item=Fen(sum(case.by_item_fen for case in cases)),
            fund_pays=Fen(sum(each.fund_fen for each in priced)),
            difference=Fen(sum(each.difference_fen for each in priced)),
        )
