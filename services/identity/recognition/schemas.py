"""HTTP shapes of recognitions."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.identity.matching.decision import Grade

VisitType = Literal["outpatient", "inpatient", "chronic_outpatient", "emergency"]


class Visit(BaseModel):
    """The visit at whose window the question is asked."""

    visit_no: str = Field(min_length=1, max_length=64, description="The hospital's own number.")
    type: VisitType
    occurred_at: AwareDatetime = Field(
        description="With offset; its day in Asia/Shanghai decides which categories hold."
    )


class Credentials(BaseModel):
    """What the patient shows or says: an ID number, a card, or name and birth date.

    A newborn without a number is asked about by ``mother_id_number`` and, if he has none of his
    own, the stand-in name (某某之子).
    """

    id_number: str | None = Field(default=None, max_length=64)
    card_no: str | None = Field(
        default=None, max_length=2_048, description="The card's number, or the text of its QR code."
    )
    name: str | None = Field(default=None, max_length=60)
    birth_date: date | None = None
    sex: Literal["M", "F"] | None = None
    phone: str | None = Field(default=None, max_length=32)
    address: str | None = Field(default=None, max_length=200)
    mother_id_number: str | None = Field(default=None, max_length=64)

    def __repr__(self) -> str:
        return "Credentials(…)"


class RecognitionRequest(BaseModel):
    """Who is this patient?"""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "facility_code": "H51111300101",
                "visit": {
                    "visit_no": "ZY2016-0001",
                    "type": "inpatient",
                    "occurred_at": "2016-03-01T09:30:00+08:00",
                },
                "credentials": {"id_number": "519901196203040119", "name": "测试甲"},
            }
        }
    )

    facility_code: str = Field(min_length=1, max_length=32)
    visit: Visit
    credentials: Credentials


class CategoryAnswer(BaseModel):
    """A person category in force on the visit's date."""

    code: str
    name_zh: str
    valid_from: date


class EntitlementsAnswer(BaseModel):
    """What the patient is entitled to at this visit."""

    treat_first_pay_later: bool
    one_stop_settlement: bool
    fee_waivers: bool


class EvidenceAnswer(BaseModel):
    """Why: how one field compared, and its weight in bits."""

    field: str
    level: str
    weight: float


class ReasonAnswer(BaseModel):
    """Why the grade is what it is, as a code and in words."""

    code: str
    text_zh: str
    text: str


class RecognitionAnswer(BaseModel):
    """Who he is, how sure that is, and what follows from it."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "recognition_id": "019a0000-0000-7000-8000-000000000002",
                "grade": "certain",
                "person_id": "019a0000-0000-7000-8000-000000000003",
                "masked_name": "测*甲",
                "score": 51.0,
                "categories": [
                    {
                        "code": "registered_poor",
                        "name_zh": "建档立卡",
                        "valid_from": "2015-01-01",
                    }
                ],
                "entitlements": {
                    "treat_first_pay_later": True,
                    "one_stop_settlement": True,
                    "fee_waivers": True,
                },
                "evidence": [
                    {"field": "id_number", "level": "exact", "weight": 40.0},
                    {"field": "name", "level": "exact", "weight": 11.0},
                ],
                "reasons": [
                    {
                        "code": "number_agrees",
                        "text_zh": "证件号码一致",
                        "text": "the ID number agrees",
                    }
                ],
                "provisional": False,
                "provisional_until": None,
                "review_id": None,
            }
        }
    )

    recognition_id: str
    grade: Grade
    person_id: str | None = Field(
        default=None, description="Only when the grade is certain or probable."
    )
    masked_name: str | None = None
    score: float
    categories: list[CategoryAnswer]
    entitlements: EntitlementsAnswer
    evidence: list[EvidenceAnswer]
    reasons: list[ReasonAnswer] = Field(default_factory=list)
    provisional: bool = Field(
        default=False, description="A newborn without a number: ask again when it arrives."
    )
    provisional_until: date | None = Field(
        default=None, description="The last day on which a provisional answer counts."
    )
    review_id: str | None = Field(
        default=None, description="A person will look at it; the answer may be revised by event."
    )


class RescoredItem(EvidenceAnswer):
    """One finding of a kept decision, weighed again."""

    weight_again: float | None = Field(
        description="Null where the kept table of weights does not know the finding."
    )


class RescoringAnswer(BaseModel):
    """Whether the score of a kept decision comes out again."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "recognition_id": "019a0000-0000-7000-8000-000000000002",
                "grade": "certain",
                "weights_version": "fs-0123456789abcdef",
                "equal": True,
                "score": 45.3125,
                "score_again": 45.3125,
                "register_changed_since": False,
                "evidence": [
                    {
                        "field": "id_number",
                        "level": "exact",
                        "weight": 33.125,
                        "weight_again": 33.125,
                    },
                    {"field": "name", "level": "exact", "weight": 12.1875, "weight_again": 12.1875},
                ],
            }
        }
    )

    recognition_id: str
    grade: Grade
    weights_version: str
    equal: bool = Field(description="Every weight and the score, to the bit.")
    score: float
    score_again: float | None
    register_changed_since: bool = Field(
        description="The person's entry is younger than the decision: a name corrected since is as"
        " frequent as it is now, and its weight may differ for that reason alone."
    )
    evidence: list[RescoredItem]
