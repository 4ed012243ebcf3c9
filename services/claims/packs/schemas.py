"""HTTP shapes of the packs."""

from __future__ import annotations

from datetime import date
from typing import Any

from pydantic import BaseModel, ConfigDict

from shared.http.problem import FieldFault

_PACK: dict[str, Any] = {
    "pack": "jinkouhe-2016",
    "pack_version": "6a1c…",
    "title": "Jinkouhe District 2016, resident insurance and health poverty relief",
    "title_zh": "金口河区2016年城乡居民医保与健康扶贫结算政策包",
    "valid_from": "2016-01-01",
    "valid_to": None,
    "in_force": True,
    "assumptions": ["basic.deductible.tertiary"],
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
    """Why a pack at hand cannot be used."""

    field: str
    code: str
    message: str
    message_zh: str

    @classmethod
    def of(cls, fault: FieldFault) -> PackFault:
        return cls(**fault.as_dict())


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


class ParameterAnswer(BaseModel):
    """A parameter with its source and its history."""

    name: str
    description: str
    description_zh: str
    unit: str
    document: str
    article: str
    assumed: bool
    note: str
    values: list[DatedValueAnswer]


class TierAnswer(BaseModel):
    """A payer's place in the order; ``mode`` is how it pays."""

    id: str
    payer: str
    mode: str
    document: str
    article: str


class PackAnswer(PackSummary):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                **_PACK,
                "tiers": [
                    {
                        "id": "inpatient_basic",
                        "payer": "basic_insurance",
                        "mode": "immediate",
                        "document": "2016年半年卫生计生专项扶贫工作总结",
                        "article": "JK-03",
                    }
                ],
                "parameters": [
                    {
                        "name": "basic.ratio.secondary",
                        "description": "Inpatient ratio, secondary hospitals",
                        "description_zh": "二级医院住院政策范围内费用报销比例",
                        "unit": "ratio",
                        "document": "2016年半年卫生计生专项扶贫工作总结",
                        "article": "JK-03",
                        "assumed": False,
                        "note": "",
                        "values": [{"valid_from": "2016-01-01", "valid_to": None, "value": "0.83"}],
                    }
                ],
            }
        }
    )

    tiers: list[TierAnswer]
    parameters: list[ParameterAnswer]
