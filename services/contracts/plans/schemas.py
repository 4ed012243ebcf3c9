"""HTTP shapes of programmes of care."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints

_ENROLMENT: dict[str, Any] = {
    "enrolment_id": "01890a5d-ac96-774b-bcce-b302099a8062",
    "person_id": "01890a5d-ac96-774b-bcce-b302099a8058",
    "programme": "hypertension",
    "title_zh": "高血压患者健康管理",
    "title": "Hypertension",
    "started_on": "2016-03-01",
    "planned_from": "2016-03-01",
    "found_as": None,
    "ended_on": None,
    "end_reason": None,
}
_Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")]


class EnrolmentRequest(BaseModel):
    """Whom to take into which programme, from when."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "person_id": "01890a5d-ac96-774b-bcce-b302099a8058",
                "programme": "hypertension",
                "started_on": "2016-03-01",
            }
        },
    )

    person_id: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    programme: _Code
    started_on: date
    """When the disease was found or notified; a newborn's day of birth."""


class EnrolmentEnd(BaseModel):
    """From when a person is no longer followed up, and why."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"ended_on": "2016-09-01", "reason": "cured"}}
    )

    ended_on: date
    """The first day on which he is no longer in it."""
    reason: _Code
    """A code such as ``cured``, ``died``, ``moved_away``, ``entered_in_error``."""


class EnrolmentAnswer(BaseModel):
    """A person's time in a programme."""

    model_config = ConfigDict(json_schema_extra={"example": _ENROLMENT})

    enrolment_id: str
    person_id: str
    programme: str
    title_zh: str
    title: str
    started_on: date
    planned_from: date
    found_as: str | None
    """What a measurement said that took him in: ``at_risk``, ``raised``; null: none did."""
    ended_on: date | None
    """The first day on which he is no longer in it."""
    end_reason: str | None


class EnrolmentList(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"example": {"items": [_ENROLMENT], "next_cursor": None}}
    )

    items: list[EnrolmentAnswer]
    next_cursor: str | None = None


class RuleAnswer(BaseModel):
    """A rule by which tasks are made."""

    rule: str
    version: int
    programme: str
    title_zh: str
    title: str
    after: list[str]
    due_months: int
    due_days: int
    grace_days: int
    priority: int
    citation: str
    valid_from: date
    valid_to: date | None


class RuleList(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "items": [
                    {
                        "rule": "hypertension_recheck",
                        "version": 1,
                        "programme": "hypertension",
                        "title_zh": "血压控制不满意，两周内随访",
                        "title": "Blood pressure not controlled - visit within two weeks",
                        "after": ["uncontrolled_first"],
                        "due_months": 0,
                        "due_days": 14,
                        "grace_days": 0,
                        "priority": 20,
                        "citation": "国家基本公共卫生服务规范(第三版) · 高血压患者健康管理服务规范 二(四)",
                        "valid_from": "2016-01-01",
                        "valid_to": None,
                    }
                ],
                "next_cursor": None,
            }
        }
    )

    items: list[RuleAnswer]
    next_cursor: str | None = None
