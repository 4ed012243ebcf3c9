"""HTTP shapes of what can be looked up about rosters: lists, progress, mappings, differences."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from services.identity.recognition.schemas import CategoryAnswer, EntitlementsAnswer, VisitType
from services.identity.roster.schemas import RosterDiff, RosterMode, RosterSource, RosterStatus

_SUMMARY: dict[str, JsonValue] = {
    "import_id": "019a0000-0000-7000-8000-000000000001",
    "status": "validated",
    "source": "poverty_office",
    "mode": "full",
    "effective_on": "2016-01-01",
    "rows": 3793,
    "accepted": 3792,
    "rejected": 1,
    "diff": {"added": 12, "changed": 4, "removed": 7, "unchanged": 3776},
    "uploaded_by": "user:roster-clerk",
    "uploaded_at": "2016-01-02T09:00:00+08:00",
    "confirmed_by": None,
    "applied_at": None,
}


class RosterImportSummary(BaseModel):
    """An import in the list, without its errors."""

    model_config = ConfigDict(json_schema_extra={"example": _SUMMARY})

    import_id: str
    status: RosterStatus
    source: RosterSource
    mode: RosterMode
    effective_on: date
    rows: int
    accepted: int
    rejected: int
    diff: RosterDiff
    uploaded_by: str
    uploaded_at: datetime
    confirmed_by: str | None = None
    applied_at: datetime | None = None


class RosterImportPage(BaseModel):
    """Imports, the latest first."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"items": [_SUMMARY], "next_cursor": None}}
    )

    items: list[RosterImportSummary]
    next_cursor: str | None = None


_PROGRESS: dict[str, JsonValue] = {
    "import_id": "019a0000-0000-7000-8000-000000000001",
    "source": "poverty_office",
    "stage": "applying",
    "done": 24000,
    "total": 100000,
    "started_at": "2016-01-02T09:00:00+08:00",
    "updated_at": "2016-01-02T09:00:04+08:00",
}


class ProgressAnswer(BaseModel):
    """How far an upload or an application has come."""

    model_config = ConfigDict(json_schema_extra={"example": _PROGRESS})

    import_id: str
    source: RosterSource
    stage: Literal[
        "reading", "judging", "comparing", "applying", "removing", "reopening", "done", "failed"
    ]
    done: int = Field(description="Rows or persons of this stage.")
    total: int
    started_at: datetime
    updated_at: datetime


class ProgressList(BaseModel):
    """Imports under way or ended within a day, the latest first."""

    model_config = ConfigDict(json_schema_extra={"example": {"items": [_PROGRESS]}})

    items: list[ProgressAnswer]


class MissingMember(BaseModel):
    """A member of a household whom a full file leaves out, masked."""

    person_id: str
    masked_name: str
    birth_year: int | None = None
    township: str | None = None
    village: str | None = None


_HOUSEHOLD: dict[str, JsonValue] = {
    "household_id": "019a0000-0000-7000-8000-000000000004",
    "listed": 3,
    "missing": 1,
    "members_missing": [
        {
            "person_id": "019a0000-0000-7000-8000-000000000003",
            "masked_name": "测*甲",
            "birth_year": 1962,
            "township": "金河镇",
            "village": "测试村",
        }
    ],
}


class IncompleteHousehold(BaseModel):
    """A household of which the file lists some members and leaves out others."""

    model_config = ConfigDict(json_schema_extra={"example": _HOUSEHOLD})

    household_id: str
    listed: int
    missing: int
    members_missing: list[MissingMember]


class IncompleteHouseholdPage(BaseModel):
    """Households of which members are missing."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"items": [_HOUSEHOLD], "next_cursor": None}}
    )

    items: list[IncompleteHousehold]
    next_cursor: str | None = None


_RECOGNITION: dict[str, JsonValue] = {
    "recognition_id": "019a0000-0000-7000-8000-000000000002",
    "person_id": "019a0000-0000-7000-8000-000000000003",
    "facility_code": "H51111300101",
    "visit_no": "ZY2016-0001",
    "visit_type": "inpatient",
    "occurred_at": "2016-05-30T09:30:00+08:00",
    "categories_then": [
        {
            "code": "registered_poor",
            "name_zh": "建档立卡",
            "valid_from": "2015-01-01",
        }
    ],
    "categories_now": [],
    "entitlements_then": {
        "treat_first_pay_later": True,
        "one_stop_settlement": True,
        "fee_waivers": True,
    },
    "entitlements_now": {
        "treat_first_pay_later": False,
        "one_stop_settlement": False,
        "fee_waivers": False,
    },
    "recorded_at": "2016-07-10T10:00:00+08:00",
}


class AffectedRecognition(BaseModel):
    """A recognition that the import told anew; what was answered then stays on record."""

    model_config = ConfigDict(json_schema_extra={"example": _RECOGNITION})

    recognition_id: str
    person_id: str | None
    facility_code: str
    visit_no: str
    visit_type: VisitType
    occurred_at: datetime
    categories_then: list[CategoryAnswer] = Field(description="As last told before this import.")
    categories_now: list[CategoryAnswer]
    entitlements_then: EntitlementsAnswer
    entitlements_now: EntitlementsAnswer
    recorded_at: datetime


class AffectedRecognitionPage(BaseModel):
    """Recognitions that an import told anew."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"items": [_RECOGNITION], "next_cursor": None}}
    )

    items: list[AffectedRecognition]
    next_cursor: str | None = None


Header = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]


class MappingRequest(BaseModel):
    """What the headers of a source's files mean."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"headers": {"帮扶对象": "name", "类别": None}}}
    )

    headers: dict[Header, str | None] = Field(
        max_length=100,
        description="Header → column; null: keep the column without reading anything into it."
        " Headers that are not named here mean what they usually mean.",
    )


class KnownColumn(BaseModel):
    """A column that a header may be mapped to."""

    column: str
    name_zh: str
    usual_headers: list[str]


_MAPPING: dict[str, JsonValue] = {
    "source": "poverty_office",
    "headers": {"帮扶对象": "name", "类别": None},
    "updated_by": "user:roster-clerk",
    "updated_at": "2016-01-02T09:00:00+08:00",
    "columns": [{"column": "name", "name_zh": "姓名", "usual_headers": ["姓名", "成员姓名"]}],
}


class MappingAnswer(BaseModel):
    """What is remembered of a source's headers, and the columns that there are."""

    model_config = ConfigDict(json_schema_extra={"example": _MAPPING})

    source: RosterSource
    headers: dict[str, str | None]
    updated_by: str | None = None
    updated_at: datetime | None = None
    columns: list[KnownColumn]


class DifferenceAnswer(BaseModel):
    """A field that two sources fill differently; values masked."""

    field: Literal["name", "id_number", "birth_date", "sex", "phone", "township", "village"]
    source: RosterSource
    masked_value: str
    other_source: RosterSource
    other_masked_value: str
    recorded_at: datetime
    ended_at: datetime | None = Field(
        default=None, description="Since when they agree, or one says something else or nothing."
    )


class DifferencesAnswer(BaseModel):
    """What sources say differently about a person, the latest first."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "person_id": "019a0000-0000-7000-8000-000000000003",
                "items": [
                    {
                        "field": "village",
                        "source": "poverty_office",
                        "masked_value": "测试村",
                        "other_source": "civil_affairs",
                        "other_masked_value": "新村",
                        "recorded_at": "2016-02-01T09:00:00+08:00",
                        "ended_at": None,
                    }
                ],
            }
        }
    )

    person_id: str
    items: list[DifferenceAnswer]
