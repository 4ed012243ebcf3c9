"""HTTP shapes of the packs."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from shared.http.problem import FieldFault
from shared.policy.errors import Fault

MAX_FILES = 16
MAX_FILE_CHARACTERS = 500_000

_VERSION = "9ba291aaf5875acb616af7ad7ddefa3e7b43bbbe58caa3648142fc1283d1cb13"
_DOCUMENT = "金口河区卫计局2016年半年卫生计生专项扶贫工作总结"
_PACK: dict[str, Any] = {
    "pack": "jinkouhe-2016",
    "pack_version": _VERSION,
    "title": "Jinkouhe District 2016, resident insurance and health poverty relief",
    "title_zh": "金口河区2016年城乡居民医保与健康扶贫结算政策包",
    "valid_from": "2016-01-01",
    "valid_to": None,
    "in_force": True,
    "assumptions": ["basic.deductible.tertiary"],
}
_FAULT: dict[str, Any] = {
    "field": "parameters.yaml:basic.ratio.township.values.2016-01-01",
    "code": "ratio_outside_0_1",
    "message": 'a ratio is a decimal from 0 to 1 with at most six decimals, such as "0.83"',
    "message_zh": '比例应在 0 到 1 之间，最多六位小数，例如 "0.83"',
    "file": "parameters.yaml",
    "line": 81,
    "key": "basic.ratio.township.values.2016-01-01",
}


class PackSummary(BaseModel):
    """A pack at hand; ``in_force`` marks the one by which this region's bills are settled."""

    model_config = ConfigDict(json_schema_extra={"example": _PACK})

    pack: str
    pack_version: str
    title: str
    title_zh: str
    valid_from: date
    valid_to: date | None
    in_force: bool
    assumptions: list[str]


class PackFault(BaseModel):
    """What is wrong with a pack, where, and the cure; ``line`` 0: not known."""

    field: str
    code: str
    message: str
    message_zh: str
    file: str = ""
    line: int = 0
    key: str = ""

    @classmethod
    def of(cls, fault: FieldFault) -> PackFault:
        return cls(**fault.as_dict())

    @classmethod
    def found(cls, fault: Fault) -> PackFault:
        return cls(
            field=f"{fault.file}:{fault.where}",
            code=fault.code,
            message=fault.message,
            message_zh=fault.message_zh,
            file=fault.file,
            line=fault.line,
            key=fault.where,
        )


class PackList(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"example": {"items": [_PACK], "faults": [], "next_cursor": None}}
    )

    items: list[PackSummary]
    faults: list[PackFault]
    next_cursor: str | None = None


class DatedValueAnswer(BaseModel):
    """A value and the days on which it holds."""

    valid_from: date
    valid_to: date | None
    value: Any


class ConfirmationAnswer(BaseModel):
    """Who confirmed an assumed value, on which day, by which document."""

    by: str
    on: date
    document: str
    article: str


class ParameterAnswer(BaseModel):
    """A parameter with its source and its history; ``unconfirmed``: still an assumption."""

    name: str
    description: str
    description_zh: str
    unit: str
    document: str
    article: str
    assumed: bool
    unconfirmed: bool
    note: str
    confirmed: ConfirmationAnswer | None
    values: list[DatedValueAnswer]


class AdjustmentAnswer(BaseModel):
    """A tilt of a tier, in words, in the order in which tilts are applied."""

    target: str
    operation: str
    parameters: list[str]
    text: str
    text_zh: str
    conditions: str
    conditions_zh: str
    document: str
    article: str


class TierAnswer(BaseModel):
    """A payer's place in the order; ``mode`` is how it pays.

    Of the tiers of one ``group`` only the first whose conditions hold pays; one that ``follows``
    others applies only when one of them did. ``line_kinds``: it looks at these lines alone.
    """

    id: str
    order: int | None
    payer: str
    payer_name: str
    payer_name_zh: str
    mode: str
    kind: str
    group: str
    follows: list[str]
    line_kinds: list[str]
    conditions: str
    conditions_zh: str
    otherwise: str
    otherwise_zh: str
    parameters: list[str]
    adjustments: list[AdjustmentAnswer]
    document: str
    article: str


class WaiverAnswer(BaseModel):
    """Kinds of line of which a share is waived."""

    kinds: list[str]
    parameters: list[str]
    conditions: str
    conditions_zh: str
    document: str
    article: str


class VersionAnswer(BaseModel):
    """A version by which bills were settled."""

    pack_version: str
    first_used_at: datetime


class PackAnswer(PackSummary):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                **_PACK,
                "documents": [_DOCUMENT],
                "insurance_plans": {"resident": ["390", "城乡居民医保", "resident"]},
                "waivers": [],
                "tiers": [
                    {
                        "id": "inpatient_basic",
                        "order": 10,
                        "payer": "basic_insurance",
                        "payer_name": "basic insurance",
                        "payer_name_zh": "基本医疗保险",
                        "mode": "immediate",
                        "kind": "deductible_and_ratio",
                        "group": "",
                        "follows": [],
                        "line_kinds": [],
                        "conditions": "the visit is: Inpatient",
                        "conditions_zh": "就诊类型为住院",
                        "otherwise": "",
                        "otherwise_zh": "",
                        "parameters": ["basic.annual_cap", "basic.ratio.secondary"],
                        "adjustments": [],
                        "document": _DOCUMENT,
                        "article": "JK-03",
                    }
                ],
                "parameters": [
                    {
                        "name": "basic.ratio.secondary",
                        "description": "Inpatient ratio, secondary hospitals",
                        "description_zh": "二级医院住院政策范围内费用报销比例",
                        "unit": "ratio",
                        "document": _DOCUMENT,
                        "article": "JK-03",
                        "assumed": False,
                        "unconfirmed": False,
                        "note": "",
                        "confirmed": None,
                        "values": [{"valid_from": "2016-01-01", "valid_to": None, "value": "0.83"}],
                    }
                ],
                "versions": [
                    {"pack_version": _VERSION, "first_used_at": "2016-03-10T09:00:00+08:00"}
                ],
            }
        }
    )

    documents: list[str]
    insurance_plans: dict[str, list[str]]
    waivers: list[WaiverAnswer]
    tiers: list[TierAnswer]
    parameters: list[ParameterAnswer]
    versions: list[VersionAnswer]


_FileName = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}\.yaml$", max_length=45)
]
_FileText = Annotated[str, StringConstraints(max_length=MAX_FILE_CHARACTERS)]


class ValidateRequest(BaseModel):
    """A pack's files as texts by name; without ``files``, the pack of that name at hand."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "pack": "my-county-2020",
                "files": {
                    "pack.yaml": "id: my-county-2020\ntitle: { zh: …, en: … }\n",
                    "parameters.yaml": "basic.annual_cap:\n  unit: CNY\n",
                    "facilities.yaml": "townships: []\nfacilities: []\n",
                    "cases.yaml": "cases: []\n",
                },
            }
        },
    )

    pack: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{1,63}$")]
    files: Annotated[dict[_FileName, _FileText], Field(max_length=MAX_FILES)] | None = None


class DifferenceAnswer(BaseModel):
    """An amount of a case that came out otherwise."""

    field: str
    expected: Any
    got: Any


class FailedCase(BaseModel):
    name: str
    period: date
    differences: list[DifferenceAnswer]


class CasesAnswer(BaseModel):
    """The pack's own cases; they are calculated once the pack has no error."""

    total: int
    passed: int
    failed: list[FailedCase]


class VerdictAnswer(BaseModel):
    """Every fault at once; ``warnings`` do not keep a pack from being used."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "pack": "my-county-2020",
                "pack_version": _VERSION,
                "valid": False,
                "errors": [_FAULT],
                "warnings": [],
                "cases": {"total": 0, "passed": 0, "failed": []},
            }
        }
    )

    pack: str
    pack_version: str
    valid: bool
    errors: list[PackFault]
    warnings: list[PackFault]
    cases: CasesAnswer
