"""HTTP shapes of roster imports."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

RosterSource = Literal["poverty_office", "civil_affairs", "disabled_federation", "insurer"]
RosterMode = Literal["full", "delta"]


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
                "errors": [
                    {
                        "row": 17,
                        "column": "id_number",
                        "code": "check_digit",
                        "message": "the last character does not fit the others, so at least one"
                        " is mistyped; compare the number with the card",
                        "message_zh": "校验位不符,至少有一位填写错误,请对照证件核对",
                    }
                ],
                "errors_total": 1,
                "uploaded_at": "2016-01-02T09:00:00+08:00",
                "applied_at": None,
            }
        }
    )

    import_id: str
    status: Literal["validated", "applied"]
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
    errors: list[RowFaultAnswer] = Field(
        description="In the order of the file, at most 1,000; all of them in `errors.xlsx`."
    )
    errors_total: int
    uploaded_at: datetime
    applied_at: datetime | None = None
