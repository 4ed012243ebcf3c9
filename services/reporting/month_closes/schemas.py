"""HTTP shapes of month closes."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from services.reporting.month_closes.domain import Kind, Status, StepName
from shared.security.free_text import without_identifiers

Month = Annotated[str, StringConstraints(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$")]
_Note = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=200),
    AfterValidator(without_identifiers),
]
_Reason = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=2, max_length=200),
    AfterValidator(without_identifiers),
]


class CreateRequest(BaseModel):
    """Which month is to be closed."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"month": "2016-05"}})

    month: Month


class NoteRequest(BaseModel):
    """A word on the step."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"note": "已核对"}})

    note: _Note | None = None


class SubmitRequest(BaseModel):
    """Whose figures are submitted; a township's client leaves it out."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"township": "金河镇", "note": "已核对"}}
    )

    township: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None
    note: _Note | None = None


class ReturnRequest(BaseModel):
    """Whose figures are returned and why; without a township, everybody's that are submitted."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"township": "金河镇", "reason": "缺少三笔住院结算，请核对"}},
    )

    township: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None
    reason: _Reason


class ReopenRequest(BaseModel):
    """Why the month must be closed anew; no name of a person."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"reason": "医院补传了三月的费用"}}
    )

    reason: _Reason


class StepAnswer(BaseModel):
    """A step that was taken."""

    step: StepName
    township: str | None
    cut: int
    done_at: datetime
    done_by: str
    note: str | None


class TownshipAnswer(BaseModel):
    """Whether a township has submitted, and in time."""

    township: str
    submitted_at: datetime | None
    submitted_by: str | None
    in_time: bool | None = Field(
        description="By the due day (XB-45), whenever the month is locked; null: not submitted."
    )
    returned_because: str | None = Field(
        default=None, description="Why the county returned it, until it is submitted again."
    )


class ReopeningAnswer(BaseModel):
    """Who asked for a reopening; a second person does it."""

    asked_by: str
    asked_at: datetime
    reason: str


class CloseSummary(BaseModel):
    """A month's closing, without its figures."""

    close_id: str
    month: str
    number: str
    revision: int
    status: Status
    provisional: bool
    """False once it is signed."""
    cut: int
    cut_at: datetime
    due_on: date
    closed_at: datetime | None
    sha256: str | None
    """Of the signed file."""


_EXAMPLE: dict[str, Any] = {
    "close_id": "01890a5d-ac96-774b-bcce-b302099a8057",
    "month": "2016-05",
    "number": "511113-2016-05-1",
    "revision": 1,
    "status": "submitted",
    "provisional": True,
    "cut": 1,
    "cut_at": "2016-06-01T09:00:00+08:00",
    "due_on": "2016-06-05",
    "closed_at": None,
    "sha256": None,
    "townships": [
        {
            "township": "金河镇",
            "submitted_at": "2016-06-02T10:00:00+08:00",
            "submitted_by": "township",
            "in_time": True,
        }
    ],
    "steps": [
        {
            "step": "create",
            "township": None,
            "cut": 1,
            "done_at": "2016-06-01T09:00:00+08:00",
            "done_by": "poverty-office",
            "note": None,
        }
    ],
    "reopening": None,
    "figures": {
        "day": "2016-05-31",
        "indicators": [
            {
                "code": "personal_share",
                "numerator": "26840.00",
                "denominator": "125878.00",
                "value": "0.2132",
                "target": "0.10",
                "status": "missed",
            }
        ],
        "corrections": {"count": 0, "rows": [], "months": [], "sums": {}},
    },
}


class CloseAnswer(CloseSummary):
    """A month's closing."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    townships: list[TownshipAnswer]
    steps: list[StepAnswer]
    reopening: ReopeningAnswer | None
    figures: dict[str, Any]
    """Of the cut: `indicators` (as `GET /indicators`), `sums`, `townships`, `facilities`, and
    `corrections` of earlier months; a signed month's never change, whatever targets become."""


class CloseList(BaseModel):
    """A page of closings."""

    items: list[CloseSummary]
    next_cursor: str | None


class RowAnswer(BaseModel):
    """A row behind the figures; persons by pseudonym."""

    of_month: str
    dataset: str
    record_id: str
    kind: Kind
    kind_zh: str
    township: str | None
    facility_code: str | None
    day: date | None
    before: dict[str, Any] | None
    """Of a correction: the row as it was signed."""
    after: dict[str, Any] | None
    """None: it counts no more."""


class RowList(BaseModel):
    """A page of rows."""

    items: list[RowAnswer]
    next_cursor: str | None


class ChangeList(RowList):
    """What is no longer as it was approved."""

    approved_cut: int
    approved_at: datetime
    """When the rows that were approved were cut."""


class KeyList(BaseModel):
    """Public keys (JWK) that signed months, oldest first."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "keys": [
                    {
                        "kty": "OKP",
                        "crv": "Ed25519",
                        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
                        "kid": "close-kPrK_qmx",
                        "alg": "EdDSA",
                        "use": "sig",
                    }
                ]
            }
        }
    )

    keys: list[dict[str, Any]]
