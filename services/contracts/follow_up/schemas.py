"""HTTP shapes of the worklist and of follow-ups."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from services.contracts.follow_up.domain import TaskState, Way
from services.contracts.plans.domain import TaskPhase

TaskFilter = Literal["open", "overdue", "closed", "draft", "missed"]
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
    "state": "ready",
    "overdue": False,
    "priority": 15,
    "opens_on": "2016-03-08",
    "closes_on": None,
    "programme": None,
    "rule_version": 1,
    "citation": "LP-33 履约1人、做实1人",
    "household_id": "01890a5d-ac96-774b-bcce-b302099a8001",
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
    state: TaskPhase
    """As of the worklist's day: draft, ready, completed, failed, cancelled."""
    overdue: bool
    """Ready, and past its due day."""
    priority: int
    """10 is the most urgent."""
    opens_on: date
    closes_on: date | None
    """The last day on which it counts; null: it waits until it is done."""
    programme: str | None
    """The programme of care that asks for it; null: a discharge does."""
    rule_version: int
    citation: str
    household_id: str | None
    outcome: str | None
    encounter_id: str | None
    facility_code: str | None
    discharged_on: date | None


class HouseholdVisit(BaseModel):
    """What one household has waiting; one way there does all of it."""

    household_id: str | None
    """Null: each of these persons stands for himself."""
    priority: int
    tasks: list[str]
    """Ids of the page's tasks, the most urgent first."""


class VillageVisits(BaseModel):
    """A village's households, the most urgent first."""

    township: str | None
    village: str | None
    priority: int
    households: list[HouseholdVisit]


class Worklist(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "items": [_TASK_EXAMPLE],
                "villages": [
                    {
                        "township": "金河镇",
                        "village": "曙光村",
                        "priority": 15,
                        "households": [
                            {
                                "household_id": "01890a5d-ac96-774b-bcce-b302099a8001",
                                "priority": 15,
                                "tasks": ["01890a5d-ac96-774b-bcce-b302099a8060"],
                            }
                        ],
                    }
                ],
                "next_cursor": None,
            }
        }
    )

    items: list[TaskAnswer]
    villages: list[VillageVisits]
    """The page's tasks by village and household, for the way through them."""
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
                "note": "恢复良好，按时服药",
            }
        },
    )

    person_id: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    task_id: str | None = None
    performed_at: AwareDatetime
    way: Way
    outcome: _OutcomeCode = "continue"
    """A code such as ``stable``, ``improved``, ``worsened``, ``readmitted``, ``not_reached``.

    ``not_reached``, ``lost_contact`` and ``refused`` are kept as attempts and do no task."""
    disease: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")] | None = None
    """The programme of care: hypertension, type2_diabetes, tuberculosis, tuberculosis_suspect,
    severe_mental_disorder, newborn, home_care. Taken from the task where one is given."""
    measurements: Annotated[dict[str, Any], Field(max_length=40)] | None = None
    """By the disease's form, for example ``{"sbp": 138, "dbp": 84}``."""
    confirmed: Annotated[list[str], Field(max_length=40)] = []
    """Measurements whose unlikely value was looked at again and is right."""
    note: Annotated[str, StringConstraints(max_length=2000)] | None = None
    """Free text, stored encrypted and never passed on."""


class FollowUpCorrection(BaseModel):
    """What was really measured, or said, at a follow-up; when and how it took place stays."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"measurements": {"sbp": 136, "dbp": 84}}},
    )

    outcome: _OutcomeCode | None = None
    """Default: as it was. Not one of an attempt: it did take place."""
    measurements: Annotated[dict[str, Any], Field(max_length=40)] | None = None
    """All of the form, as at the recording; needed where something was measured."""
    confirmed: Annotated[list[str], Field(max_length=40)] = []
    """Measurements whose unlikely value was looked at again and is right."""
    note: Annotated[str, StringConstraints(max_length=2000)] | None = None
    """Added to the note that is there."""


class Reason(BaseModel):
    """Why a referral is advised."""

    code: str
    text_zh: str
    text: str


class CaseAfter(BaseModel):
    """A case of the register after the visit that had found it was corrected."""

    case_id: str
    disease: str
    disease_zh: str
    status: Literal["found", "managed", "withdrawn"]
    """``withdrawn``: with the correction, for nothing else was on record. Otherwise it stands; if it
    was never right, ``POST /disease-cases/{case_id}/withdraw``."""


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
    disease: str | None = None
    control_status: str | None = None
    """``controlled`` or ``uncontrolled``, by the national standard."""
    classification: str | None = None
    referral_advised: bool = False
    referral_reasons: list[Reason] = []
    next_due_on: date | None = None
    """When the next visit in the programme is due."""
    entered_late: bool = False
    """Later than the region's document allows (XB-29); kept and paid all the same."""
    disease_case: CaseAfter | None = None
    """Of a correction that says that the illness was not found after all: the person's case of it."""
    task: TaskAnswer | None
