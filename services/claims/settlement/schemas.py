"""HTTP shapes of quotes, previews, settlements and reversals."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.claims.charges.schemas import BILL_EXAMPLE, LineRequest
from services.claims.settlement.bill import (
    CATEGORIES,
    DISEASE_PROGRAMMES,
    LEVELS,
    VISIT_TYPES,
)
from services.claims.settlement.explanation import PAYER_NAMES
from services.claims.standings.schemas import YearToDate
from shared.money import Money
from shared.security.free_text import PLAIN

Word = Annotated[str, StringConstraints(max_length=64)]

BREAKDOWN_EXAMPLE: dict[str, Any] = {
    "pack": "jinkouhe-2016",
    "pack_version": "6a1c…",
    "total": "5000.00",
    "waived": "0.00",
    "out_of_catalogue": "500.00",
    "over_limit": "0.00",
    "self_first": "270.00",
    "in_scope": "4230.00",
    "deductible": "200.00",
    "payers": [
        {"payer": "basic_insurance", "amount": "3344.90"},
        {"payer": "critical_illness", "amount": "0.00"},
        {"payer": "medical_aid", "amount": "663.83"},
    ],
    "patient_pays": "991.27",
    "explanation": [
        {
            "step": "basic_insurance",
            "rule": "JK-03",
            "citation": "2016年半年卫生计生专项扶贫工作总结 · JK-03",
            "base": "4030.00",
            "ratio": "0.83",
            "amount": "3344.90",
            "text_zh": "基本医疗保险: 4030.00元按83%支付3344.90元。",
        }
    ],
    "gap": {
        "out_of_catalogue": "500.00",
        "over_limit": "0.00",
        "self_first_class_b": "180.00",
        "self_first_implant": "90.00",
        "self_first_other": "0.00",
        "in_scope_remainder": "221.27",
    },
    "assumptions": [],
}
_ID = "01890a5d-ac96-774b-bcce-b302099a8062"
SETTLEMENT_EXAMPLE: dict[str, Any] = {
    **BREAKDOWN_EXAMPLE,
    "settlement_id": _ID,
    "status": "settled",
    "encounter_id": "01890a5d-ac96-774b-bcce-b302099a8057",
    "facility_code": "H51111300101",
    "person_id": "01890a5d-ac96-774b-bcce-b302099a8058",
    "category": "registered_poor",
    "admitted_on": "2016-03-01",
    "discharged_on": "2016-03-08",
    "made_at": "2016-03-08T10:05:00+08:00",
}
REVERSAL_EXAMPLE: dict[str, Any] = {
    **{
        key: f"-{value}" if key in {"total", "patient_pays", "in_scope"} else value
        for key, value in SETTLEMENT_EXAMPLE.items()
    },
    "settlement_id": "01890a5d-ac96-774b-bcce-b302099a8063",
    "status": "reversal",
    "reverses": _ID,
    "reason": "charges were sent twice",
    "explanation": [],
    "out_of_catalogue": "-500.00",
    "self_first": "-270.00",
    "deductible": "-200.00",
    "payers": [
        {"payer": "basic_insurance", "amount": "-3344.90"},
        {"payer": "critical_illness", "amount": "0.00"},
        {"payer": "medical_aid", "amount": "-663.83"},
    ],
    "gap": {
        "out_of_catalogue": "-500.00",
        "over_limit": "0.00",
        "self_first_class_b": "-180.00",
        "self_first_implant": "-90.00",
        "self_first_other": "0.00",
        "in_scope_remainder": "-221.27",
    },
}


def _one_of(words: Any) -> Any:
    return Field(max_length=64, json_schema_extra={"enum": sorted(words)})


Programme = Annotated[str, _one_of(DISEASE_PROGRAMMES)]


class QuoteVisit(BaseModel):
    """Where, how and when the bill arose."""

    type: Annotated[str, _one_of(VISIT_TYPES)]
    facility_level: Annotated[str, _one_of(LEVELS)]
    in_region: bool = True
    designated: bool = True
    referral: bool = False
    admitted_on: date | None = None
    discharged_on: date | None = None
    diagnoses: Annotated[list[Word], Field(max_length=50)] = []
    disease_programme: Programme | Annotated[list[Programme], Field(max_length=8)] | None = None
    """One, or a list when the visit is in several; the pack's order says which of them pays."""


class QuotePerson(BaseModel):
    """The person's categories in force on the visit's date, and his insurance plan."""

    categories: Annotated[list[Annotated[str, _one_of(CATEGORIES)]], Field(max_length=20)] = []
    insurance_plan: Word = "resident"


class QuoteEvidence(BaseModel):
    model_config = ConfigDict(extra="forbid")

    card_presented: bool = False
    stated_payments: Annotated[
        dict[Annotated[str, _one_of(PAYER_NAMES)], Money], Field(max_length=len(PAYER_NAMES))
    ] = {}
    """What payers that settle on their own account have told, such as `commercial_insurance`."""


class QuoteRequest(BaseModel):
    """A bill to calculate without keeping anything."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "pack": "jinkouhe-2016",
                "visit": {
                    "type": "inpatient",
                    "facility_level": "secondary",
                    "in_region": True,
                    "designated": True,
                    "referral": False,
                    "admitted_on": "2016-03-01",
                    "discharged_on": "2016-03-08",
                    "diagnoses": ["J18.900"],
                },
                "person": {"categories": ["registered_poor"], "insurance_plan": "resident"},
                "year_to_date": {"basic_paid": "0.00"},
                "lines": BILL_EXAMPLE,
            }
        }
    )

    pack: Word
    visit: QuoteVisit
    person: QuotePerson
    evidence: QuoteEvidence | None = None
    year_to_date: YearToDate | None = None
    lines: list[LineRequest]
    parameters: Annotated[dict[str, Any], Field(max_length=500)] | None = None
    """Replaces named parameters of the pack for this one calculation."""


class PayerAnswer(BaseModel):
    payer: str
    amount: Money


class StepAnswer(BaseModel):
    """One step of the calculation, with the rule that it follows."""

    step: str
    rule: str
    citation: str
    base: Money
    ratio: str | None = None
    cap: Money | None = None
    amount: Money
    text_zh: str
    text_en: str | None = None


class CutAnswer(BaseModel):
    """What a yearly cap kept a benefit from, because the year's other bills have taken it."""

    benefit: str
    """The accumulator, as in ``year_to_date``."""
    amount: Money
    cap: Money


class Breakdown(BaseModel):
    """Who pays what of a bill: Σ payers + patient_pays = total (CNY)."""

    model_config = ConfigDict(json_schema_extra={"example": BREAKDOWN_EXAMPLE})

    pack: str
    pack_version: str
    total: Money
    waived: Money
    out_of_catalogue: Money
    over_limit: Money
    self_first: Money
    in_scope: Money
    deductible: Money
    payers: list[PayerAnswer]
    patient_pays: Money
    explanation: list[StepAnswer]
    gap: dict[str, Money]
    """The reasons of ``patient_pays``; they sum to it (JK-83)."""
    assumptions: list[str]
    """Parameters that the documents leave open and that this result rests on."""
    cuts: list[CutAnswer] = []
    """Left out when no cap cut anything."""


class PreviewAnswer(Breakdown):
    """What a settlement would say now; nothing is kept."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                **BREAKDOWN_EXAMPLE,
                "encounter_id": "01890a5d-ac96-774b-bcce-b302099a8057",
                "status": "preview",
                "discharged_on": "2016-03-08",
            }
        }
    )

    encounter_id: str
    status: Literal["preview"]
    discharged_on: date
    """For a patient who is still in: as if discharged today."""


class SettlementAnswer(Breakdown):
    """A settlement as kept, or a reversal (every amount negative)."""

    model_config = ConfigDict(json_schema_extra={"example": SETTLEMENT_EXAMPLE})

    settlement_id: str
    status: Literal["settled", "reversed", "reversal"]
    encounter_id: str
    facility_code: str
    person_id: str | None
    category: str | None
    admitted_on: date
    discharged_on: date
    made_at: datetime
    supersedes: str | None = None
    reverses: str | None = None
    reversed_by: str | None = None
    reason: str | None = None


class ReverseRequest(BaseModel):
    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"reason": "charges were sent twice"}}
    )

    reason: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), PLAIN
    ]
    """Why; without names or numbers of persons: it is kept and published."""
