"""HTTP shapes of the worklist and of follow-ups."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints

from services.contracts.follow_up.domain import TaskState, Way

TaskFilter = Literal["open", "overdue", "closed"]
_OutcomeCode = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,47}$")]

_TASK_EXAMPLE: dict[str, Any] = {
    "task_id": "01890a5d-ac96-774b-bcce-b302099a8060",
    "rule": "post_discharge_follow_up",
    "title_zh": "出院后随访",
    "title": "Follow up after discharge",
    "person_id": "01890a5d-ac96-774b-bcce-b302099a8058",
    "team": "H51111300202",
    "township": "金河镇",
    "village": "曙光村",
    "due_on": "2016-03-15",
    "status": "open",
    "outcome": None,
    "encounter_id": "01890a5d-ac96-774b-bcce-b302099a8059",
    "facility_code": "H51111300101",
    "discharged_on": "2016-03-08",
}


class TaskAnswer(BaseModel):
    """A task as the worklist shows it; the person by pseudonym and village only."""

    model_config = ConfigDict(json_schema_extra={"example": _TASK_EXAMPLE})

    task_id: str
    rule: str
    title_zh: str
    title: str
    person_id: str
    team: str
    township: str | None
    village: str | None
    due_on: date
    status: TaskState
    """``overdue`` when the worklist's day is after the due day."""
    outcome: str | None
    encounter_id: str
    facility_code: str
    discharged_on: date


class Worklist(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"example": {"items": [_TASK_EXAMPLE], "next_cursor": None}}
    )

    items: list[TaskAnswer]
    next_cursor: str | None


class FollowUpRequest(BaseModel):
    """A contact of a team with a person; with ``task_id`` it closes that task."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "person_id": "01890a5d-ac96-774b-bcce-b302099a8058",
                "task_id": "01890a5d-ac96-774b-bcce-b302099a8060",
                "performed_at": "2016-03-10T09:00:00+08:00",
                "way": "home",
                "outcome": "stable",
                "note": "恢复良好,按时服药",
            }
        },
    )

    person_id: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    task_id: str | None = None
    performed_at: AwareDatetime
    way: Way
    outcome: _OutcomeCode
    """A code such as ``stable``, ``improved``, ``worsened``, ``readmitted``, ``not_reached``."""
    note: Annotated[str, StringConstraints(max_length=2000)] | None = None
    """Free text, stored encrypted and never passed on."""


class FollowUpAnswer(BaseModel):
    """The follow-up as kept, and the task that it closed."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "follow_up_id": "01890a5d-ac96-774b-bcce-b302099a8061",
                "person_id": "01890a5d-ac96-774b-bcce-b302099a8058",
                "team": "H51111300202",
                "performed_at": "2016-03-10T09:00:00+08:00",
                "way": "home",
                "outcome": "stable",
                "task": {**_TASK_EXAMPLE, "status": "closed", "outcome": "stable"},
            }
        }
    )

    follow_up_id: str
    person_id: str
    team: str
    performed_at: AwareDatetime
    way: Way
    outcome: str
    task: TaskAnswer | None
