"""HTTP shapes of monitoring."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.claims.monitoring.case import Status, StepName
from shared.security.free_text import PLAIN

Note = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), PLAIN]
"""In words; without names or numbers of persons."""


class MonitorRequest(BaseModel):
    """The last days of the bills to look at."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"from": "2016-01-01", "to": "2016-06-30"}},
    )

    first: Annotated[date, Field(alias="from")]
    last: Annotated[date, Field(alias="to")]


class NoteRequest(BaseModel):
    """Why."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"note": "已核实病历"}})

    note: Note


class RuleCount(BaseModel):
    rule: str
    name_zh: str
    citation: str
    found: int
    new: int


class MonitorAnswer(BaseModel):
    """What each rule found; `new` were not known before."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "bills": 49,
                "rules": [
                    {
                        "rule": "deposit_taken",
                        "name_zh": "违规收取住院押金",
                        "citation": "LP-23",
                        "found": 1,
                        "new": 1,
                    }
                ],
            }
        }
    )

    bills: int
    rules: list[RuleCount]


class RuleAnswer(BaseModel):
    """A rule of monitoring."""

    rule: str
    name_zh: str
    name_en: str
    text_zh: str
    text_en: str
    """What it asks for, with its parameters."""
    citation: str
    version: str
    parameters: dict[str, Any]
    assumed: list[str]
    """Parameters that no document gives."""


class RuleList(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "items": [
                    {
                        "rule": "out_of_catalogue_share",
                        "name_zh": "目录外费用占比超过10%",
                        "name_en": "Out-of-catalogue share above 10 %",
                        "text_zh": "一家机构一个月贫困人口(至少 5 人次)的目录外费用占比超过 10%。",
                        "text_en": (
                            "An institution's month, of at least 5 visits of the registered poor: "
                            "the share outside the catalogue is above 10%."
                        ),
                        "citation": "LP-22",
                        "version": "2016-1",
                        "parameters": {"limit": "0.10", "least_visits": 5},
                        "assumed": ["least_visits"],
                    }
                ]
            }
        }
    )

    items: list[RuleAnswer]


class FlagStepAnswer(BaseModel):
    step: StepName
    note: str
    done_at: datetime
    done_by: str


_FLAG: dict[str, Any] = {
    "flag_id": "01890a5d-ac96-774b-bcce-b302099a80a1",
    "rule": "deposit_taken",
    "name_zh": "违规收取住院押金",
    "name_en": "A deposit was taken",
    "citation": "LP-23",
    "rule_version": "2016-1",
    "facility_code": "H51111300101",
    "person_id": "01890a5d-ac96-774b-bcce-b302099a8001",
    "encounter_ids": ["01890a5d-ac96-774b-bcce-b302099a8057"],
    "found_on": "2016-03-08",
    "evidence": {"deposit_fen": 50000},
    "message": "500.00 CNY were taken as a deposit at admission; there must be none.",
    "message_zh": "入院时收取押金 500.00 元；应先诊疗后付费，不收押金。",
    "status": "open",
    "held": False,
    "raised_at": "2016-07-01T09:00:00+08:00",
    "steps": [],
}


class FlagAnswer(BaseModel):
    """A question about settled bills, its evidence and its case file. Never a penalty."""

    model_config = ConfigDict(json_schema_extra={"example": _FLAG})

    flag_id: str
    rule: str
    name_zh: str
    name_en: str
    citation: str
    rule_version: str
    facility_code: str
    person_id: str | None
    encounter_ids: list[str]
    found_on: date
    evidence: dict[str, Any]
    """Amounts in fen where the name says so."""
    message: str
    """The evidence in words."""
    message_zh: str
    status: Status
    held: bool
    """Its visits are held from clearing."""
    raised_at: datetime
    steps: list[FlagStepAnswer]


class FlagPage(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"example": {"items": [_FLAG], "next_cursor": None}}
    )

    items: list[FlagAnswer]
    next_cursor: str | None
