"""HTTP shapes of the disease register."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.contracts.diseases.domain import CaseState

Code = Annotated[str, StringConstraints(min_length=1, max_length=64, strip_whitespace=True)]
Words = Annotated[str, StringConstraints(min_length=1, max_length=2000, strip_whitespace=True)]

_CASE: dict[str, Any] = {
    "case_id": "01890a5d-ac96-774b-bcce-b302099a8061",
    "person_id": "01890a5d-ac96-774b-bcce-b302099a8058",
    "township": "金河镇",
    "village": "曙光村",
    "disease": "hypertension",
    "disease_zh": "高血压",
    "batches": ["chronic_4"],
    "grade": None,
    "care_class": "ordinary",
    "status": "managed",
    "found_on": "2016-01-10",
    "managed_on": "2016-01-20",
    "closed_on": None,
    "must_be_contracted": True,
    "next_steps": ["close", "withdraw"],
}
_PLAN: dict[str, Any] = {
    "version": 1,
    "goal": "收缩压低于140",
    "measures": ["规律服药", "限盐"],
    "made_on": "2016-01-20",
}


class CaseRequest(BaseModel):
    """A disease of a registered person was found."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "person_id": "01890a5d-ac96-774b-bcce-b302099a8058",
                "disease": "hypertension",
                "found_on": "2016-01-10",
            }
        },
    )

    person_id: Code
    disease: Code
    found_on: date
    grade: Annotated[int, Field(ge=1, le=9)] | None = None
    """Where the disease's data asks for one (LP-38)."""
    care_class: Literal["ordinary", "high_risk"] | None = None


class PlanRequest(BaseModel):
    """The plan for this person and disease (一人一策, XB-30)."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {"goal": "收缩压低于140", "measures": ["规律服药"], "on": "2016-01-20"}
        },
    )

    goal: Words
    measures: Annotated[list[Words], Field(min_length=1, max_length=20)]
    on: date | None = None
    """Default: today."""


class CloseRequest(BaseModel):
    """The person is cured; a case is closed for nothing else (XB-41)."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "outcome": "cured",
                "evidence": "县医院痰检阴性报告",
                "closed_on": "2016-08-01",
            }
        },
    )

    outcome: Literal["cured"]
    evidence: Words
    """What the cure rests on; kept encrypted."""
    closed_on: date | None = None
    """Default: today."""


class WithdrawRequest(BaseModel):
    """The case was entered in error."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"on": "2016-01-11"}})

    on: date | None = None
    """Default: today."""


class CaseAnswer(BaseModel):
    """One person's disease."""

    model_config = ConfigDict(json_schema_extra={"example": _CASE})

    case_id: str
    person_id: str
    township: str | None
    village: str | None
    disease: str
    disease_zh: str
    batches: list[str]
    grade: int | None
    care_class: str | None
    status: CaseState
    found_on: date
    managed_on: date | None
    closed_on: date | None
    must_be_contracted: bool
    """One of the four chronic diseases (XB-20)."""
    next_steps: list[str]


class PlanAnswer(BaseModel):
    version: int
    goal: str
    measures: list[str]
    made_on: date


class CaseStepAnswer(BaseModel):
    step: str
    status: str
    on: date
    recorded_by: str
    recorded_at: datetime


class CaseDetail(CaseAnswer):
    """With plans, the newest first, evidence and history; the reading is logged."""

    model_config = ConfigDict(
        json_schema_extra={"example": {**_CASE, "plans": [_PLAN], "evidence": None, "steps": []}}
    )

    plans: list[PlanAnswer]
    evidence: str | None
    steps: list[CaseStepAnswer]


class CaseList(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"example": {"items": [_CASE], "next_cursor": None}}
    )

    items: list[CaseAnswer]
    next_cursor: str | None


class DiseaseAnswer(BaseModel):
    disease: str
    name_zh: str
    name_en: str
    icd10: list[str]


class BatchAnswer(BaseModel):
    """A list of diseases that a document treats alike."""

    batch: str
    name_zh: str
    name_en: str
    size: int
    citation: str
    assumed: bool
    """The document does not name the diseases; the county has to confirm the list."""
    diseases: list[DiseaseAnswer]


class BatchList(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "items": [
                    {
                        "batch": "chronic_4",
                        "name_zh": "四类慢病签约服务",
                        "name_en": "The four chronic diseases under contract",
                        "size": 4,
                        "citation": "新宾县 2018 · XB-20",
                        "assumed": False,
                        "diseases": [
                            {
                                "disease": "hypertension",
                                "name_zh": "高血压",
                                "name_en": "Hypertension",
                                "icd10": ["I10"],
                            }
                        ],
                    }
                ],
                "next_cursor": None,
            }
        }
    )

    items: list[BatchAnswer]
    next_cursor: str | None = None
