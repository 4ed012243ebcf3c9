"""HTTP shapes of assessments."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from services.reporting.assessments.domain import SanctionKind
from shared.money import Money
from shared.security.free_text import Plain

_Code = Annotated[str, StringConstraints(min_length=1, max_length=64)]
_Note = Annotated[Plain, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class AmountNegative(ValueError):
    code = "amount_negative"
    message_zh = "金额不能为负"


def _not_negative(amount: int) -> int:
    if amount < 0:
        raise AmountNegative("the amount must not be negative")
    return amount


class BeginRequest(BaseModel):
    """What is assessed, and the money that hangs on it."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "scheme": "township",
                "period": "2016-H1",
                "bases": {"永和镇": {"fiscal_input": "1000000.00"}},
            }
        },
    )

    scheme: _Code
    period: Annotated[str, StringConstraints(max_length=10)]
    points: Annotated[dict[str, Annotated[int, Field(ge=1, le=100)]], Field(max_length=40)] = {}
    """Other points than the scheme's, by indicator or item; all of them make 100."""
    bases: Annotated[
        dict[str, dict[str, Annotated[Money, AfterValidator(_not_negative)]]], Field(max_length=500)
    ] = {}
    """By subject and link, the amount that hangs on the grade (SJ-43)."""


class SampleRequest(BaseModel):
    """What was checked on the spot, and how much of it was right."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {"subject": "永和镇", "item": "policy_known", "checked": 20, "passed": 18}
        },
    )

    subject: _Code
    item: _Code
    checked: Annotated[int, Field(ge=1, le=100_000)]
    passed: Annotated[int, Field(ge=0, le=100_000)]
    note: _Note | None = None


class SanctionRequest(BaseModel):
    """A measure against a subject (XB-46); the deadline is that of its item in the register."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "subject": "永和镇", "kind": "summons", "reason": "连续两期末位",
                "document": "金卫〔2016〕31号", "deadline": "2016-09-30",
            }
        },
    )  # fmt: skip

    subject: _Code
    kind: SanctionKind
    reason: _Note
    document: Annotated[Plain, StringConstraints(strip_whitespace=True, max_length=200)] | None = (
        None
    )
    deadline: date


class PointsAnswer(BaseModel):
    code: str
    part: Literal["online", "on_site"]
    most: int
    got: str | None
    """Null: not applicable to the subject, or not sampled."""
    basis: str
    """Numerator / denominator, or passed / checked."""


class FundingAnswer(BaseModel):
    link: str
    name_zh: str
    base: str
    ratio: str
    amount: str


class ResultAnswer(BaseModel):
    """A subject's result; without a total while one of the two parts is missing."""

    subject: str
    name_zh: str
    rank: int | None
    total: str | None
    online: str | None
    on_site: str | None
    grade: str | None
    points: list[PointsAnswer]
    funding: list[FundingAnswer]


class SampleAnswer(BaseModel):
    subject: str
    item: str
    checked: int
    passed: int
    note: str | None
    recorded_at: datetime
    recorded_by: str


class SanctionAnswer(BaseModel):
    subject: str
    kind: SanctionKind
    kind_zh: str
    reason: str
    document: str | None
    item_id: str
    decided_at: datetime
    decided_by: str


class AssessmentSummary(BaseModel):
    assessment_id: str
    number: str
    scheme: str
    title_zh: str
    period: str
    status: Literal["draft", "published"]
    opened_at: datetime
    opened_by: str
    published_at: datetime | None


_SUMMARY: dict[str, Any] = {
    "assessment_id": "01890a5d-ac96-774b-bcce-b302099a80c0",
    "number": "511113-township-2016-H1",
    "scheme": "township",
    "title_zh": "乡镇(街道)健康扶贫考核",
    "period": "2016-H1",
    "status": "published",
    "opened_at": "2016-07-05T09:00:00+08:00",
    "opened_by": "poverty-office",
    "published_at": "2016-07-20T09:00:00+08:00",
}


class AssessmentAnswer(AssessmentSummary):
    """An assessment; `provisional` until it is published, then no figure of it changes."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                **_SUMMARY,
                "provisional": False,
                "assumed": True,
                "citation": "新宾 2018 · XB-52",
                "results": [
                    {
                        "subject": "永和镇", "name_zh": "永和镇", "rank": 1, "total": "86.50",
                        "online": "52.50", "on_site": "34.00", "grade": "B",
                        "points": [
                            {
                                "code": "policy_known", "part": "on_site", "most": 15,
                                "got": "13.50", "basis": "18/20",
                            }
                        ],
                        "funding": [
                            {
                                "link": "fiscal_input", "name_zh": "财政投入",
                                "base": "1000000.00", "ratio": "1.00", "amount": "1000000.00",
                            }
                        ],
                    }
                ],
                "samples": [],
                "sanctions": [],
            }
        }
    )  # fmt: skip

    provisional: bool
    assumed: bool
    """Its points and ratios stand in no document; the county sets them."""
    citation: str
    results: list[ResultAnswer]
    samples: list[SampleAnswer]
    sanctions: list[SanctionAnswer]


class AssessmentList(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"example": {"items": [_SUMMARY], "next_cursor": None}}
    )

    items: list[AssessmentSummary]
    next_cursor: str | None


class SchemeAnswer(BaseModel):
    scheme: str
    title_zh: str
    title_en: str
    subjects: Literal["township", "facility"]
    citation: str
    assumed: bool
    online: dict[str, int]
    on_site: dict[str, int]
    grades: dict[str, int]
    """From which score on."""
    links: dict[str, dict[str, str]]
    """By link and grade, the ratio of the base amount (SJ-43)."""


class SchemeList(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "items": [
                    {
                        "scheme": "township",
                        "title_zh": "乡镇(街道)健康扶贫考核",
                        "title_en": "Townships' assessment",
                        "subjects": "township",
                        "citation": "新宾 2018 · XB-52",
                        "assumed": True,
                        "online": {"personal_share": 15},
                        "on_site": {"policy_known": 15},
                        "grades": {"A": 90, "B": 80, "C": 60, "D": 0},
                        "links": {"fiscal_input": {"A": "1.05"}},
                    }
                ],
                "next_cursor": None,
            }
        }
    )

    items: list[SchemeAnswer]
    next_cursor: str | None = None
