"""HTTP shapes of reports to the institution above."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints

from services.contracts.follow_up.schemas import TaskAnswer

Above = Literal["county_cdc", "designated_hospital", "township_hospital", "health_bureau"]


class UpwardReportRequest(BaseModel):
    """To whom it was reported that a person was not met, and when."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {"reported_to": "county_cdc", "reported_at": "2016-03-13T09:00:00+08:00"}
        },
    )

    reported_to: Above
    """The county's disease control, the designated hospital, the township's hospital, the bureau."""
    reported_at: AwareDatetime
    note: Annotated[str, StringConstraints(max_length=2000)] | None = None
    """Free text, stored encrypted and never passed on."""


class UpwardReportAnswer(BaseModel):
    """The report as kept, and its task."""

    reported_to: Above
    reported_at: AwareDatetime
    task: TaskAnswer
