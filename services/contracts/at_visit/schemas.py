"""HTTP shapes of what is due at a visit."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints


class DueRequest(BaseModel):
    """Whose visit it is."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"person_id": "01890a5d-ac96-774b-bcce-b302099a8058"}},
    )

    person_id: Annotated[str, StringConstraints(min_length=1, max_length=64)]


class DueLine(BaseModel):
    """One thing that can be done while the patient is here."""

    code: str
    text_zh: str
    text: str
    due_on: date
    overdue: bool
    priority: int
    """10 is the most urgent."""


class DueAnswer(BaseModel):
    """At most five lines, the most urgent first; none is an answer too."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "person_id": "01890a5d-ac96-774b-bcce-b302099a8058",
                "as_of": "2016-06-08",
                "lines": [
                    {
                        "code": "hypertension_recheck",
                        "text_zh": "血压控制不满意，两周内随访(06-12 前)",
                        "text": "Blood pressure not controlled - visit within two weeks (by 06-12)",
                        "due_on": "2016-06-12",
                        "overdue": False,
                        "priority": 20,
                    }
                ],
                "complete": True,
            }
        }
    )

    person_id: str
    as_of: date
    lines: list[DueLine]
    complete: bool
    """False: what is due could not be looked up in time; the visit need not wait for it."""
