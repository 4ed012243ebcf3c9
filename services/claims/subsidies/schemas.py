"""HTTP shapes of the subsidy quote."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from services.claims.settlement.bill import CATEGORIES
from services.claims.settlement.schemas import StepAnswer, Word
from services.claims.subsidies.domain import POVERTY_STATUSES
from shared.money import Money


class SubsidyPerson(BaseModel):
    """The categories on the day the contribution is collected, and the poverty status, if known."""

    categories: Annotated[
        list[Annotated[str, Field(max_length=64, json_schema_extra={"enum": sorted(CATEGORIES)})]],
        Field(max_length=20),
    ] = []
    poverty_status: (
        Annotated[str, Field(max_length=16, json_schema_extra={"enum": sorted(POVERTY_STATUSES)})]
        | None
    ) = None


class SubsidyRequest(BaseModel):
    """An enrolment whose subsidy is asked for; nothing is kept."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "pack": "liangping-2019",
                "person": {"categories": ["registered_poor"], "poverty_status": "not_lifted"},
                "insurance_tier": 1,
                "insurance_year": 2020,
            }
        }
    )

    pack: Word
    person: SubsidyPerson
    insurance_tier: Annotated[int, Field(ge=1, le=9)]
    insurance_year: Annotated[int, Field(ge=1949, le=2199)]
    parameters: Annotated[dict[str, Any], Field(max_length=500)] | None = None
    """Replaces named parameters of the pack for this one calculation."""


class SubsidyAnswer(BaseModel):
    """Contribution = subsidy + person_pays (CNY)."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "pack": "liangping-2019",
                "pack_version": "6a1c…",
                "contribution": "250.00",
                "subsidy": "250.00",
                "person_pays": "0.00",
                "rule": "LP-05",
                "citation": "梁平卫健发〔2019〕93号 · LP-05",
                "ratio": "1.00",
                "payer": None,
                "payer_zh": None,
                "explanation": [
                    {
                        "step": "subsidy",
                        "rule": "LP-05",
                        "citation": "梁平卫健发〔2019〕93号 · LP-05",
                        "base": "250.00",
                        "ratio": "1.00",
                        "cap": "250.00",
                        "amount": "250.00",
                        "text_zh": "按一档个人缴费标准250.00元的100%资助参保250.00元。",
                    }
                ],
                "assumptions": ["subsidy.tier1_contribution"],
            }
        }
    )

    pack: str
    pack_version: str
    contribution: Money
    subsidy: Money
    person_pays: Money
    rule: str
    citation: str
    ratio: str | None
    payer: str | None
    """Who pays the subsidy, where the document says so (XB-51)."""
    payer_zh: str | None
    explanation: list[StepAnswer]
    assumptions: list[str]
