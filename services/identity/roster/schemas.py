"""HTTP shapes of roster imports."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

RosterSource = Literal["poverty_office", "civil_affairs", "disabled_federation", "insurer"]
RosterMode = Literal["full", "delta"]
RosterStatus = Literal["validated", "confirmed", "applied"]
"""待核对, 已确认, 已导入."""


class RosterDiff(BaseModel):
    """What applying changes, in persons of this source."""

    added: int = Field(description="Persons whom the source did not list before.")
    changed: int
    removed: int = Field(description="Only in mode `full`: listed before, absent from the file.")
    unchanged: int


class RowFaultAnswer(BaseModel):
    """Why a row was rejected; never the value itself."""

    row: int = Field(description="As the file counts: the first line is row 1.")
    column: str
    code: str
    message: str
    message_zh: str


class RosterImportAnswer(BaseModel):
    """An import: what was read, what it would change or has changed."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "import_id": "019a0000-0000-7000-8000-000000000001",
                "status": "validated",
                "source": "poverty_office",
                "mode": "full",
                "effective_on": "2016-01-01",
                "rows": 3793,
                "accepted": 3792,
                "rejected": 1,
                "diff": {"added": 12, "changed": 4, "removed": 7, "unchanged": 3776},
                "kept_because_rejected": 1,
                "passed_over": 0,
                "households_incomplete": 2,
                "recognitions_affected": 0,
                "errors": [
                    {
                        "row": 17,
                        "column": "id_number",
                        "code": "check_digit",
                        "message": "the last character does not fit the others, so at least one"
                        " is mistyped; compare the number with the card",
                        "message_zh": "校验位不符，至少有一位填写错误，请对照证件核对",
                    }
                ],
                "errors_total": 1,
                "uploaded_by": "user:roster-clerk",
                "uploaded_at": "2016-01-02T09:00:00+08:00",
                "confirmed_by": None,
                "confirmed_at": None,
                "applied_by": None,
                "applied_at": None,
            }
        }
    )

    import_id: str
    status: RosterStatus
    source: RosterSource
    mode: RosterMode
    effective_on: date
    rows: int
    accepted: int
    rejected: int
    diff: RosterDiff
    kept_because_rejected: int = Field(
        description="Persons absent from a full file who stay, because a rejected row may be theirs."
    )
    passed_over: int = Field(
        description="Of the unchanged: rows that give nobody on the register a category, as an"
        " insurer's list of everybody enrolled has; nothing is kept of them."
    )
    households_incomplete: int = Field(
        description="Households of which a full file lists some members and leaves out others;"
        " listed in `households-incomplete`."
    )
    recognitions_affected: int = Field(
        description="Earlier recognitions that applying told anew; listed in"
        " `affected-recognitions`."
    )
    errors: list[RowFaultAnswer] = Field(
        description="In the order of the file, at most 1,000; all of them in `errors.xlsx`."
    )
    errors_total: int
    uploaded_by: str
    uploaded_at: datetime
    confirmed_by: str | None = None
    confirmed_at: datetime | None = None
    applied_by: str | None = None
    applied_at: datetime | None = None
