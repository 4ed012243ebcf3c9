"""HTTP shapes of the register."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.reporting.month_closes.schemas import Month
from services.reporting.register.domain import Kind, Mode, Status, StepName
from shared.security.free_text import Plain

_Title = Annotated[Plain, StringConstraints(strip_whitespace=True, min_length=2, max_length=120)]
_Department = Annotated[
    Plain, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)
]
_Long = Annotated[Plain, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]
_Note = Annotated[Plain, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
_Reason = Annotated[Plain, StringConstraints(strip_whitespace=True, min_length=2, max_length=500)]
_MANY = 40


class OpenRequest(BaseModel):
    """A problem and who answers for it. No name or number of a person in any text."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "title": "坪上村卫生室无合格村医",
                "owner": "永和镇中心卫生院",
                "deadline": "2016-08-31",
                "area": "永和镇",
                "problem": "村医退休后未补员",
                "measures": "由卫生院派驻，年内招聘",
                "cause": "两次招聘无人报名",
            }
        },
    )

    title: _Title
    owner: _Department
    """The department or institution that leads."""
    deadline: date
    """The last day in time."""
    area: Annotated[str, StringConstraints(min_length=1, max_length=130)] | None = None
    """As of indicators; left out: the county, or the caller's own place."""
    problem: _Long | None = None
    measures: _Long | None = None
    cause: _Note | None = None
    """Needed where the deadline has passed already (KZ-23)."""
    citation: Annotated[Plain, StringConstraints(max_length=300)] | None = None
    mode: Mode = "single"
    file_required: bool = False
    """Words alone do not close it: a file has to be among the evidence."""
    further: Annotated[list[_Department], Field(max_length=_MANY)] = []
    """Departments named after the owner: they lead too (`each_leads`) or are co-responsible
    (`first_leads`)."""
    participants: Annotated[list[_Department], Field(max_length=_MANY)] = []


class UpdateRequest(BaseModel):
    """What has changed; a late item needs its cause (KZ-23), a new deadline a note."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"note": "已发布招聘公告", "cause": "两次招聘均无人报名"}},
    )

    note: _Note | None = None
    cause: _Note | None = None
    measures: _Long | None = None
    deadline: date | None = None
    participants: Annotated[list[_Department], Field(max_length=_MANY)] | None = None


class EvidenceRequest(BaseModel):
    """What shows that the work is done, and where the paper lies."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {"description": "聘用合同已签，到岗照片存档", "document": "永卫〔2016〕12号"}
        },
    )

    description: _Note
    document: Annotated[Plain, StringConstraints(strip_whitespace=True, max_length=200)] | None = (
        None
    )
    """Number or place of the paper."""
    cause: _Note | None = None


class SubmitRequest(BaseModel):
    """A word on the work that is done."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"note": "整改完成"}})

    note: _Note | None = None
    cause: _Note | None = None


class CheckRequest(BaseModel):
    """A word on the check."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"note": "现场核查属实"}}
    )

    note: _Note | None = None


class ReasonRequest(BaseModel):
    """Why."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"note": "佐证不足"}})

    note: _Reason


class RedLightsRequest(BaseModel):
    """Whose figures are looked at."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"month": "2016-05"}})

    month: Month


class LoadTasksRequest(BaseModel):
    """Which list; the deadline where the document sets none, or another one."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"task_list": "tasks-kaizhou-2020"}}
    )

    task_list: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    deadline: date | None = None


_FILE_EXAMPLE: dict[str, Any] = {
    "file_id": "01890a5d-ac96-774b-bcce-b302099a80c1",
    "name": "到岗照片.jpg",
    "media_type": "image/jpeg",
    "size_bytes": 183042,
    "sha256": "0" * 64,
    "added_at": "2016-07-20T09:30:00+08:00",
    "added_by": "township",
}


class ResponsibleAnswer(BaseModel):
    """Who leads, who is co-responsible, who takes part."""

    mode: Mode
    leads: list[str]
    co_responsible: list[str]
    participants: list[str]
    more: bool
    """The document's list ends with 等."""


class StepAnswer(BaseModel):
    step: StepName
    done_at: datetime
    done_by: str
    note: str | None
    detail: dict[str, Any]


class FileMark(BaseModel):
    """A file that is kept, without its name."""

    file_id: str
    media_type: str
    size_bytes: int
    sha256: str


class FileAnswer(FileMark):
    """A file that is kept as evidence."""

    model_config = ConfigDict(json_schema_extra={"example": _FILE_EXAMPLE})

    name: str
    added_at: datetime
    added_by: str


class FileList(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"example": {"items": [_FILE_EXAMPLE], "next_cursor": None}}
    )

    items: list[FileAnswer]
    next_cursor: str | None = None
    """Always null: an item keeps few files."""


class EvidenceAnswer(BaseModel):
    description: str
    document: str | None
    recorded_at: datetime
    recorded_by: str
    file: FileMark | None = None
    """Of a file that is kept: get it with `…/evidence-files/{file_id}`."""


_EXAMPLE: dict[str, Any] = {
    "item_id": "01890a5d-ac96-774b-bcce-b302099a80b0",
    "number": "511113-T2016-000007",
    "kind": "red_light",
    "title": "金口河区个人支付占比未达标(2016-05)",
    "problem": "2016-05 个人支付占比 21.32%，目标 ≤10.00%。",
    "area": "county",
    "area_zh": "金口河区",
    "owner": "医保局",
    "responsible": {
        "mode": "single", "leads": ["医保局"], "co_responsible": [], "participants": [],
        "more": False,
    },
    "opened_on": "2016-06-05",
    "deadline": "2016-07-05",
    "first_deadline": "2016-07-05",
    "status": "open",
    "overdue": False,
    "days_late": 0,
    "cause": None,
    "cause_required": False,
    "measures": None,
    "evidence": [],
    "source": {"indicator": "personal_share", "month": "2016-05", "value": "0.2132"},
    "citation": "金口河区健康扶贫 2016 · JK-15",
    "closed_on": None,
    "steps": [
        {
            "step": "open", "done_at": "2016-06-05T09:00:00+08:00", "done_by": "director",
            "note": None, "detail": {},
        }
    ],
}  # fmt: skip


class ItemAnswer(BaseModel):
    """An item of the register, with everything that was done about it."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    item_id: str
    number: str
    kind: Kind
    title: str
    problem: str | None
    area: str
    area_zh: str
    owner: str
    responsible: ResponsibleAnswer
    opened_on: date
    deadline: date
    first_deadline: date
    """Before it was ever moved."""
    status: Status
    overdue: bool
    """Not closed, and its deadline has passed."""
    days_late: int
    """After the deadline today, or on the day on which it was closed."""
    cause: str | None
    cause_required: bool
    """It is late and nobody has said why (KZ-23)."""
    measures: str | None
    file_required: bool = False
    """Words alone do not close it."""
    evidence: list[EvidenceAnswer]
    source: dict[str, Any]
    citation: str | None
    closed_on: date | None
    steps: list[StepAnswer]


class ItemList(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"example": {"items": [_EXAMPLE], "next_cursor": None}}
    )

    items: list[ItemAnswer]
    next_cursor: str | None


class OpenedAnswer(BaseModel):
    """Items that were opened, and how many there were already."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"opened": [_EXAMPLE], "noted": [], "known": 0}}
    )

    opened: list[ItemAnswer]
    noted: list[ItemAnswer] = []
    """Open items to which another month of red was added."""
    known: int = 0


class PaperAnswer(BaseModel):
    """A paper without which a task is not done, and the rule that asks for it."""

    what: str
    citation: str


class TaskAnswer(BaseModel):
    no: int
    title: str
    group: str
    responsible: ResponsibleAnswer
    note: str | None
    paper: PaperAnswer | None
    """Given: the task's item closes on a file, not on words alone (`file_required`)."""


class TaskListAnswer(BaseModel):
    """A document's tasks."""

    task_list: str
    title: str
    issued_on: date
    deadline: date | None
    citation: str
    tasks: list[TaskAnswer]


class TaskLists(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "items": [
                    {
                        "task_list": "tasks-kaizhou-2020",
                        "title": "开州区 2020 年下半年深化医改重点任务",
                        "issued_on": "2020-10-27",
                        "deadline": "2020-12-31",
                        "citation": "开州区 2020 · KZ-01",
                        "tasks": [
                            {
                                "no": 11,
                                "title": "落实医疗服务价格动态调整",
                                "group": "三、公立医院综合改革",
                                "responsible": {
                                    "mode": "each_leads",
                                    "leads": ["卫生健康委", "医保局"],
                                    "co_responsible": [],
                                    "participants": [],
                                    "more": False,
                                },
                                "note": None,
                                "paper": None,
                            }
                        ],
                    }
                ],
                "next_cursor": None,
            }
        }
    )

    items: list[TaskListAnswer]
    next_cursor: str | None = None
