"""HTTP shapes of institution standards."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from services.reporting.standards.domain import Group, Status, UnitKind
from services.reporting.standards.facts import (
    DepartmentFact,
    FacilityFact,
    Kind,
    PlaceFact,
    StaffFact,
)

_MANY = 5_000


class FactsRequest(BaseModel):
    """Facts with the days on which they hold; all are kept, or none."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "places": [
                    {
                        "township": "永和镇", "village": "坪上村", "residents": 799,
                        "adjacent": ["花溪村"], "valid_from": "2020-01-01",
                    }
                ],
                "facilities": [
                    {
                        "facility_code": "H51111300301", "name_zh": "坪上村卫生室",
                        "kind": "village_clinic", "township": "永和镇", "village": "坪上村",
                        "serves": ["花溪村"], "up_to_standard": True, "valid_from": "2020-01-01",
                    }
                ],
                "departments": [
                    {
                        "facility_code": "H51111300101", "department": "内科",
                        "valid_from": "2020-01-01",
                    }
                ],
                "staff": [
                    {
                        "facility_code": "H51111300301", "staff_no": "YH-017",
                        "qualification": "village_doctor", "valid_from": "2019-05-01",
                    }
                ],
            }
        },
    )  # fmt: skip

    places: Annotated[list[PlaceFact], Field(max_length=_MANY)] = []
    facilities: Annotated[list[FacilityFact], Field(max_length=_MANY)] = []
    departments: Annotated[list[DepartmentFact], Field(max_length=_MANY)] = []
    staff: Annotated[list[StaffFact], Field(max_length=_MANY)] = []


class FactsAnswer(BaseModel):
    """How many facts were new, and how many stood already."""

    model_config = ConfigDict(json_schema_extra={"example": {"accepted": 4, "unchanged": 0}})

    accepted: int
    unchanged: int


class RowFault(BaseModel):
    row: int
    """The sheet's own number; the header is row 1."""
    column: str
    code: str
    message: str
    message_zh: str


class ImportAnswer(BaseModel):
    """A file's rows and their verdicts."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "kind": "staff",
                "dry_run": False,
                "rows": 120,
                "accepted": 118,
                "unchanged": 1,
                "rejected": 1,
                "errors": [
                    {
                        "row": 17,
                        "column": "facility_code",
                        "code": "facility_unknown",
                        "message": "record the institution first",
                        "message_zh": "没有该机构，请先登记机构",
                    }
                ],
            }
        }
    )

    kind: Kind
    dry_run: bool
    rows: int
    accepted: int
    unchanged: int
    rejected: int
    errors: list[RowFault]
    """The first 500."""


class FactAnswer(BaseModel):
    """A fact as it stands."""

    key: str
    fact: dict[str, Any]
    recorded_at: datetime
    recorded_by: str


class FactList(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "items": [
                    {
                        "key": "永和镇/坪上村",
                        "fact": {
                            "township": "永和镇", "village": "坪上村", "residents": 799,
                            "valid_from": "2020-01-01", "valid_to": None,
                        },
                        "recorded_at": "2020-02-01T09:00:00+08:00",
                        "recorded_by": "township",
                    }
                ],
                "next_cursor": None,
            }
        }
    )  # fmt: skip

    items: list[FactAnswer]
    next_cursor: str | None


class FindingAnswer(BaseModel):
    """What a rule says of a unit."""

    rule: str
    group: Group
    group_zh: str
    title_zh: str
    title_en: str
    status: Status
    """`unknown`: a fact is missing, which counts as not met; `exempt`, `not_required`: not asked."""
    message: str
    message_zh: str
    cure: str
    cure_zh: str
    citation: str


class UnitAnswer(BaseModel):
    kind: UnitKind
    code: str
    name_zh: str
    township: str | None
    village: str | None
    status: Status
    findings: list[FindingAnswer]


class RuleSummary(BaseModel):
    """How many meet a rule, of how many that it asks."""

    rule: str
    group: Group
    group_zh: str
    title_zh: str
    title_en: str
    met: int
    asked: int
    value: str | None
    """The share with four decimals; null when nobody is asked."""


_FINDING: dict[str, Any] = {
    "rule": "LP-57",
    "group": "staffed",
    "group_zh": "三合格",
    "title_zh": "村卫生室至少 1 名注册乡村医生或执业(助理)医师",
    "title_en": "a village doctor or doctor in each clinic",
    "status": "missed",
    "message": "0 qualified",
    "message_zh": "合格村医 0 名",
    "cure": "find a registered village doctor or a doctor",
    "cure_zh": "至少配备 1 名注册乡村医生或执业(助理)医师",
    "citation": "梁平区 2019 · LP-57",
}


class GroupSummary(BaseModel):
    """How many units meet every rule of a group, of how many that it asks something of."""

    group: Group
    group_zh: str
    group_en: str
    met: int
    asked: int
    value: str | None


class UnitList(BaseModel):
    """Units as of a day, and how the whole county stands."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "as_of": "2020-12-31",
                "groups": [
                    {
                        "group": "staffed", "group_zh": "三合格", "group_en": "Staffed",
                        "met": 46, "asked": 48, "value": "0.9583",
                    }
                ],
                "summary": [
                    {
                        "rule": "LP-57", "group": "staffed", "group_zh": "三合格",
                        "title_zh": _FINDING["title_zh"], "title_en": _FINDING["title_en"],
                        "met": 40, "asked": 41, "value": "0.9756",
                    }
                ],
                "items": [
                    {
                        "kind": "village_clinic", "code": "H51111300301", "name_zh": "坪上村卫生室",
                        "township": "永和镇", "village": "坪上村", "status": "missed",
                        "findings": [_FINDING],
                    }
                ],
                "next_cursor": None,
            }
        }
    )  # fmt: skip

    as_of: date
    groups: list[GroupSummary]
    """三建好, 三合格, 三达标, and no blank spot."""
    summary: list[RuleSummary]
    items: list[UnitAnswer]
    next_cursor: str | None


class MapAnswer(BaseModel):
    """Which villages the map shows."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"villages": 41, "unplaced": ["某林场"]}}
    )

    villages: int
    unplaced: list[str]
    """Areas that bear no village's name."""
