"""HTTP shapes of questions about recorded visits."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from services.contracts.plausibility.case import Status, StepName

_FLAG: dict[str, Any] = {
    "flag_id": "01890a5d-ac96-774b-bcce-b302099a8080",
    "rule": "homes_in_an_hour",
    "name_zh": "一小时内入户过多",
    "name_en": "More homes in an hour than can be visited",
    "citation": "XB-29",
    "rule_version": "1",
    "team": "H51111300202",
    "township": "金河镇",
    "person_id": None,
    "found_on": "2016-03-10",
    "follow_up_ids": ["01890a5d-ac96-774b-bcce-b302099a8061"],
    "evidence": {"homes": 30, "most": 8, "village": "曙光村"},
    "status": "open",
    "raised_at": "2016-03-11T01:00:00+08:00",
    "steps": [],
}


class CheckRuleAnswer(BaseModel):
    """A rule, with what it goes by."""

    rule: str
    name_zh: str
    name_en: str
    citation: str
    version: str
    parameters: dict[str, Any]
    assumed: list[str]
    """Parameters that no document gives; the county may replace them."""


class CheckRuleList(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "items": [
                    {
                        "rule": "at_night",
                        "name_zh": "深夜入户随访",
                        "name_en": "Homes visited at night",
                        "citation": "XB-29",
                        "version": "1",
                        "parameters": {"from_hour": 22, "to_hour": 5, "least_visits": 3},
                        "assumed": ["from_hour", "to_hour", "least_visits"],
                    }
                ],
                "next_cursor": None,
            }
        }
    )

    items: list[CheckRuleAnswer]
    next_cursor: str | None = None


class ScanRequest(BaseModel):
    """The days of the visits to look at."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"from": "2016-01-01", "to": "2016-03-31"}}
    )

    first: Annotated[date, Field(alias="from")]
    last: Annotated[date, Field(alias="to")]


class CheckRuleCount(BaseModel):
    rule: str
    name_zh: str
    found: int
    new: int


class ScanAnswer(BaseModel):
    """What each rule found; ``new`` were not known before."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "visits": 1240,
                "rules": [
                    {
                        "rule": "homes_in_an_hour",
                        "name_zh": "一小时内入户过多",
                        "found": 1,
                        "new": 1,
                    }
                ],
            }
        }
    )

    visits: int
    rules: list[CheckRuleCount]


class FlagStepAnswer(BaseModel):
    step: StepName
    note: str
    done_by: str
    done_at: AwareDatetime


class VisitFlagAnswer(BaseModel):
    """A question about recorded visits; the persons by pseudonym only."""

    model_config = ConfigDict(json_schema_extra={"example": _FLAG})

    flag_id: str
    rule: str
    name_zh: str
    name_en: str
    citation: str
    rule_version: str
    team: str
    township: str | None
    person_id: str | None
    found_on: date
    follow_up_ids: list[str]
    evidence: dict[str, Any]
    status: Status
    raised_at: AwareDatetime
    steps: list[FlagStepAnswer]


class VisitFlagList(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"example": {"items": [_FLAG], "next_cursor": None}}
    )

    items: list[VisitFlagAnswer]
    next_cursor: str | None


class FlagNoteRequest(BaseModel):
    """Why, in words; kept encrypted."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"note": "当日全队集中入户，已核对签到表"}}
    )

    note: Annotated[str, StringConstraints(min_length=1, max_length=1000, strip_whitespace=True)]
