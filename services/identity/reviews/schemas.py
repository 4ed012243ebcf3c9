"""HTTP shapes of reviews. Both records are masked: a reviewer compares, he does not learn."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from services.identity.reviews.domain import Outcome, Status

_REVIEW = "019a0000-0000-7000-8000-00000000000a"
_PERSON = "019a0000-0000-7000-8000-000000000003"
_EXAMPLE: dict[str, JsonValue] = {
    "review_id": _REVIEW,
    "status": "open",
    "double": False,
    "grade": "possible",
    "weights_version": "fs-0123456789abcdef",
    "opened_at": "2016-07-10T10:00:00+08:00",
    "decided_at": None,
    "reasons": [
        {
            "code": "name_differs",
            "message": "the number agrees but the name is another",
            "message_zh": "证件号码一致，但姓名不同",
        }
    ],
    "asked": {
        "recognition_id": "019a0000-0000-7000-8000-000000000002",
        "facility_code": "H51111300101",
        "facility_name_zh": "金口河区人民医院",
        "visit_type": "inpatient",
        "occurred_at": "2016-07-10T09:30:00+08:00",
        "visits": 1,
        "masked_name": "测*佳",
        "masked_id_number": None,
        "masked_phone": None,
        "birth_year": 1962,
        "sex": "M",
        "township": "金河镇",
        "village": None,
    },
    "candidates": [
        {
            "person_id": _PERSON,
            "masked_name": "测*甲",
            "masked_id_number": "5199**********0119",
            "masked_phone": "100****0001",
            "birth_year": 1962,
            "sex": "M",
            "township": "金河镇",
            "village": "测试村",
            "categories": [{"code": "registered_poor", "name_zh": "建档立卡"}],
            "score": 21.5,
            "evidence": [
                {
                    "field": "name",
                    "level": "homophone",
                    "weight": 7.5,
                    "message": "Name: sounds the same, written otherwise",
                    "message_zh": "姓名：同音异字",
                }
            ],
        }
    ],
    "words_said": 0,
    "you_decided": False,
    "outcome": None,
    "person_id": None,
    "words": [],
}


class ReasonAnswer(BaseModel):
    """Why a person is asked."""

    code: str
    message: str
    message_zh: str


class AskedRecord(BaseModel):
    """What the window gave, masked."""

    recognition_id: str
    facility_code: str
    facility_name_zh: str | None = None
    visit_type: str
    occurred_at: datetime
    visits: int = Field(description="Recognitions that wait for this answer.")
    masked_name: str | None = None
    masked_id_number: str | None = None
    masked_phone: str | None = None
    birth_year: int | None = None
    sex: Literal["M", "F"] | None = None
    township: str | None = Field(default=None, description="Named in the address.")
    village: str | None = Field(default=None, description="Named in the address.")


class EvidenceWords(BaseModel):
    """One finding, with its weight in bits and in words."""

    field: str
    level: str
    weight: float
    message: str
    message_zh: str


class CategoryWords(BaseModel):
    """A category that holds on the visit's day."""

    code: str
    name_zh: str


class CandidateRecord(BaseModel):
    """A registered person who may be the patient, masked."""

    person_id: str
    masked_name: str
    masked_id_number: str | None = None
    masked_phone: str | None = None
    birth_year: int | None = None
    sex: Literal["M", "F"] | None = None
    township: str | None = None
    village: str | None = None
    categories: list[CategoryWords]
    score: float
    evidence: list[EvidenceWords]


class WordSaid(BaseModel):
    """What one person said; shown once the review is decided."""

    decider: str
    decision: Outcome
    person_id: str | None = None
    decided_at: datetime
    note: str | None = None


class WithdrawalAsked(BaseModel):
    """That a person found an outcome wrong."""

    asked_by: str
    asked_at: datetime
    reason: str


class ReviewAnswer(BaseModel):
    """A question with both records side by side."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    review_id: str
    status: Status = Field(
        description="`open`; `second`: another person is to decide it too; `disputed`: a third is;"
        " `decided`."
    )
    double: bool = Field(description="Drawn to be decided by two persons independently.")
    grade: str
    weights_version: str
    opened_at: datetime
    decided_at: datetime | None = None
    reasons: list[ReasonAnswer]
    asked: AskedRecord
    candidates: list[CandidateRecord]
    words_said: int
    you_decided: bool
    outcome: Outcome | None = None
    person_id: str | None = None
    words: list[WordSaid] = Field(
        default=[], description="Empty until it is decided: no word sways another."
    )
    withdrawn_at: datetime | None = Field(
        default=None, description="When the outcome was taken back."
    )
    reopened_as: str | None = Field(
        default=None, description="The review that asks the question again."
    )
    withdrawals: list[WithdrawalAsked] = Field(
        default=[], description="Who asked that the outcome be taken back, and why."
    )


class ReviewPage(BaseModel):
    """A page of the queue."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"items": [_EXAMPLE], "next_cursor": None}}
    )

    items: list[ReviewAnswer]
    next_cursor: str | None = None


class DecisionRequest(BaseModel):
    """A person's word on a review."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"decision": "same_person", "person_id": _PERSON, "note": "电话核实为同一人"}
        }
    )

    decision: Outcome
    person_id: UUID | None = Field(
        default=None,
        description="Which candidate is the patient; may be left out where there is only one.",
    )
    note: str = Field(default="", max_length=500, description="In words; kept encrypted.")

    def __repr__(self) -> str:
        return "DecisionRequest(…)"


class DecisionAnswer(BaseModel):
    """What became of the review."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "review_id": _REVIEW,
                "status": "decided",
                "outcome": "same_person",
                "person_id": _PERSON,
                "aliases_added": 1,
                "recognitions_revised": 1,
            }
        }
    )

    review_id: str
    status: Status
    outcome: Outcome | None = Field(default=None, description="Once it is decided.")
    person_id: str | None = None
    aliases_added: int = 0
    recognitions_revised: int = 0


class WithdrawalRequest(BaseModel):
    """Why an outcome was wrong."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"reason": "家属到场说明系同名邻居，非本人"}}
    )

    reason: str = Field(max_length=500, description="In words; kept encrypted.")

    def __repr__(self) -> str:
        return "WithdrawalRequest(…)"


class WithdrawalAnswer(BaseModel):
    """What became of the outcome."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "review_id": _REVIEW,
                "status": "withdrawn",
                "reopened_as": "019a0000-0000-7000-8000-00000000000c",
                "aliases_removed": 1,
                "recognitions_revised": 1,
            }
        }
    )

    review_id: str
    status: Literal["withdrawn", "second"] = Field(
        description="`second`: two persons had decided it; another one is to ask for it too."
    )
    reopened_as: str | None = Field(
        default=None, description="The review that asks the question again."
    )
    aliases_removed: int = 0
    recognitions_revised: int = 0
