"""HTTP shapes of the health-poverty record."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

from services.contracts.health_record.domain import Group, State
from shared.events.catalog.identity import PovertyCause
from shared.money import Money

_RECORD: dict[str, Any] = {
    "person_id": "01980a3e-5f1c-7a52-9d3e-3c1c6a0f0001",
    "township": "金河镇",
    "village": "曙光村",
    "registered": True,
    "as_of": "2016-03-10",
    "missing": [],
    "verification": {
        "state": "recorded",
        "visits": [],
        "cause": "illness",
        "cause_zh": "因病",
        "cause_en": "Illness",
        "categories": [
            {
                "category": "registered_poor",
                "name_zh": "建档立卡",
                "name_en": "Registered poor",
                "valid_from": "2015-01-01",
                "valid_to": None,
            }
        ],
    },
    "diseases": {
        "state": "recorded",
        "items": [
            {
                "case_id": "01980a3e-5f1c-7a52-9d3e-3c1c6a0f0002",
                "disease": "hypertension",
                "name_zh": "高血压",
                "name_en": "Hypertension",
                "grade": None,
                "status": "managed",
                "found_on": "2016-01-05",
                "managed_on": "2016-01-10",
                "closed_on": None,
            }
        ],
    },
    "treatment": {
        "state": "recorded",
        "classes": [
            {
                "batch": "chronic_4",
                "name_zh": "4种慢性病签约管理",
                "name_en": "Four chronic diseases under contract",
                "citation": "新宾县 2018 · XB-20",
                "assumed": False,
                "found": 0,
                "managed": 1,
                "closed": 0,
            }
        ],
    },
    "services": {
        "state": "recorded",
        "contract": {
            "team": "H51111300202",
            "valid_from": "2016-01-05",
            "valid_to": "2017-01-04",
        },
        "items": [{"service": "follow_up", "count": 1, "last_on": "2016-03-10"}],
    },
    "costs": {
        "state": "recorded",
        "years": [
            {
                "year": 2016,
                "visits": 1,
                "total": "5000.00",
                "in_scope": "4500.00",
                "payers": [
                    {
                        "payer": "basic_insurance",
                        "name_zh": "基本医保",
                        "name_en": "Basic insurance",
                        "amount": "4000.00",
                    }
                ],
                "paid": "4000.00",
                "patient_pays": "1000.00",
                "dispensings": 0,
                "drugs_total": "0.00",
                "drugs_insured": "0.00",
                "drugs_fund": "0.00",
                "drugs_paid": "0.00",
                "drugs_patient": "0.00",
            }
        ],
    },
}


Result = Literal["by_illness", "back_by_illness", "other_cause", "not_poor"]
RESULT_WORDS: dict[str, tuple[str, str]] = {
    "by_illness": ("因病致贫属实", "Poor by illness"),
    "back_by_illness": ("因病返贫属实", "Back into poverty by illness"),
    "other_cause": ("非因病，属其他原因", "Poor by another cause"),
    "not_poor": ("已不属因病致贫返贫", "No longer poor by illness"),
}
"""What a visit to a household found: Chinese and English."""
_VERIFIED: dict[str, Any] = {
    "verification_id": "01980a3e-5f1c-7a52-9d3e-3c1c6a0f0003",
    "verified_on": "2016-03-01",
    "result": "by_illness",
    "result_zh": "因病致贫属实",
    "result_en": "Poor by illness",
    "cause": "illness",
    "cause_zh": "因病",
    "cause_en": "Illness",
}


class VerificationRequest(BaseModel):
    """What a visit to the household found."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {"verified_on": "2016-03-01", "result": "by_illness", "cause": "illness"}
        },
    )

    verified_on: date
    result: Result
    cause: PovertyCause | None = None
    """The main cause of poverty; needed where it is another than illness."""
    note: Annotated[str, StringConstraints(max_length=2000)] | None = None
    """Free text, stored encrypted and never passed on."""


class VerificationAnswer(BaseModel):
    """A home verification as kept."""

    model_config = ConfigDict(json_schema_extra={"example": _VERIFIED})

    verification_id: str
    verified_on: date
    result: Result
    result_zh: str
    result_en: str
    cause: PovertyCause | None
    cause_zh: str | None
    cause_en: str | None


class CategoryHeld(BaseModel):
    """A category and the days on which it holds, both included."""

    category: str
    name_zh: str
    name_en: str
    valid_from: date
    valid_to: date | None


class Verification(BaseModel):
    """What made the person poor, and as what he is registered."""

    state: State
    visits: list[VerificationAnswer]
    """Home verifications, the newest first."""
    cause: str | None
    """As the roster sorts it; ``illness`` is poverty by illness. None: nobody has told."""
    cause_zh: str | None
    cause_en: str | None
    categories: list[CategoryHeld]


class DiseaseHeld(BaseModel):
    case_id: str
    disease: str
    name_zh: str
    name_en: str
    grade: int | None
    status: str
    found_on: date
    managed_on: date | None
    closed_on: date | None


class Diseases(BaseModel):
    """``withheld``: the cases stand on another township's register."""

    state: State
    items: list[DiseaseHeld]


class TreatmentClass(BaseModel):
    """How many of the person's diseases of a list are found, treated by a plan, cured."""

    batch: str | None
    """None: on none of the lists."""
    name_zh: str
    name_en: str
    citation: str | None
    assumed: bool
    """The document does not name the list's diseases."""
    found: int
    managed: int
    closed: int


class Treatment(BaseModel):
    """``not_recorded``: a disease without a plan; ``not_applicable``: no disease is on record."""

    state: State
    classes: list[TreatmentClass]


class ContractHeld(BaseModel):
    team: str
    valid_from: date
    valid_to: date


class ServiceCount(BaseModel):
    service: str
    count: int
    last_on: date | None


class Services(BaseModel):
    state: State
    contract: ContractHeld | None
    """The one that holds today."""
    items: list[ServiceCount]


class PayerSum(BaseModel):
    payer: str
    name_zh: str
    name_en: str
    amount: Money


class CostYear(BaseModel):
    """A calendar year of settled visits by their last day, and of drugs that the team handed out."""

    year: int
    visits: int
    total: Money
    in_scope: Money
    payers: list[PayerSum]
    paid: Money
    """By all payers; with ``patient_pays`` the total."""
    patient_pays: Money
    dispensings: int
    drugs_total: Money
    drugs_insured: Money
    drugs_fund: Money
    drugs_paid: Money
    """By insurance and fund; with ``drugs_patient`` their total."""
    drugs_patient: Money


class Costs(BaseModel):
    state: State
    years: list[CostYear]


class HealthRecord(BaseModel):
    """The five groups of a person (XB-44), as they stand now."""

    model_config = ConfigDict(json_schema_extra={"example": _RECORD})

    person_id: str
    township: str | None
    village: str | None
    registered: bool
    as_of: date
    missing: list[Group]
    """Groups in the state ``not_recorded``."""
    verification: Verification
    diseases: Diseases
    treatment: Treatment
    services: Services
    costs: Costs


class GapFigures(BaseModel):
    """Registered persons, and how many of them lack each group."""

    persons: int
    verification: int
    diseases: int
    """Nothing on the register; that a person is healthy is not recorded by itself."""
    treatment: int
    """With a disease that no plan treats."""
    services: int
    costs: int


class VillageGaps(GapFigures):
    township: str | None
    village: str | None


_FIGURES = {
    "persons": 2, "verification": 1, "diseases": 1, "treatment": 0, "services": 0, "costs": 1,
}  # fmt: skip


class GapList(GapFigures):
    """Each village that the caller may see; the totals are theirs."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "as_of": "2016-03-10",
                **_FIGURES,
                "villages": [{"township": "金河镇", "village": "曙光村", **_FIGURES}],
            }
        }
    )

    as_of: date
    villages: list[VillageGaps]
